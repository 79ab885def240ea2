package storage

import (
	"context"
	"time"
)

// Limit is a fixed budget of attempts for one key within a window.
type Limit struct {
	// Key is made of a class and a hash or address: bounded in length (128 bytes), never a secret.
	Key string
	// Max attempts within Window, which begins with the first attempt.
	Max    int
	Window time.Duration
}

// Taken is the outcome of [Limits.TakeAttempts].
type Taken struct {
	OK bool
	// Over is the index of the first limit that had no attempt left, where OK is false; RetryAfter is when it will have one.
	Over       int
	RetryAfter time.Duration
}

// Limits counts attempts. With a store that replicas share, so are the counters. Counters need not survive a crash, and the
// number of them is bounded: a driver may forget the oldest.
type Limits interface {
	// TakeAttempts takes one attempt from each limit, or, if any has none left, from none.
	TakeAttempts(ctx context.Context, limits []Limit, now time.Time) (Taken, error)
	// ReturnAttempts gives one attempt back to each limit: it was no failure.
	ReturnAttempts(ctx context.Context, limits []Limit, now time.Time) error
	// ClearAttempts forgets the counters of these keys.
	ClearAttempts(ctx context.Context, keys []string, now time.Time) error
}
