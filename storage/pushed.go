package storage

import (
	"context"
	"time"
)

// PushedRequest is an authorization request that a client pushed (RFC 9126).
type PushedRequest struct {
	// ID is the hash of what stands in its request_uri.
	ID       string
	ClientID string
	// Form is the parameters, form-encoded. Signed: they came in a request object.
	Form                 string
	Signed               bool
	CreatedAt, ExpiresAt time.Time
}

// PushedRequests keeps them for their short life.
type PushedRequests interface {
	// PutPushedRequest stores p. Errors: ErrExists.
	PutPushedRequest(ctx context.Context, p PushedRequest, now time.Time) error
	// PushedRequest returns an unexpired one without using it. Errors: ErrNotFound.
	PushedRequest(ctx context.Context, id string, now time.Time) (PushedRequest, error)
	// TakePushedRequest removes it: it was answered. Of any number of callers one succeeds. Errors: ErrNotFound.
	TakePushedRequest(ctx context.Context, id string, now time.Time) error
}

// Replays remembers what may be seen once, such as the `jti` of a client's assertion.
type Replays interface {
	// SpendOnce notes key until the given time. Of any number of callers one succeeds. key has at most 200 bytes.
	// Errors: ErrSpent, also for an empty key, and where until is not after now: what could not be remembered is not to be trusted.
	SpendOnce(ctx context.Context, key string, until time.Time, now time.Time) error
}
