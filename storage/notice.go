package storage

import (
	"context"
	"time"
)

// LogoutNotice is what a client is yet to be told, or was told: that a session ended (OpenID Connect Back-Channel Logout). Whatever ends a live
// session ([Sessions.EndSessions], [Effects].End, [Accounts.DeleteAccount]) queues one for each of [Session].Notify, in the same transaction, in
// place of one with the same key. A session that merely expires queues none, whether it is swept or not. A notice is sent at least once.
type LogoutNotice struct {
	NoticeKey
	AccountID int64
	// Sub is [Account].Sub: the account itself may be gone.
	Sub     string
	EndedAt time.Time
	// NotBefore is when it may be tried (again). LeaseUntil: somebody is sending it.
	NotBefore, LeaseUntil time.Time
	Attempts              int
	// LastError is a short text for the operator; it holds no secret.
	LastError string
	// Exactly one is set once trying is over.
	DeliveredAt, GivenUpAt time.Time
}

// SweptAt is when the record goes, sent or not: from then on it behaves as absent.
func (n LogoutNotice) SweptAt() time.Time { return n.EndedAt.Add(NoticeKept) }

// DueAt is when a notice that is not over may be taken: from NotBefore on, and not while it is leased.
func (n LogoutNotice) DueAt() time.Time {
	if n.LeaseUntil.After(n.NotBefore) {
		return n.LeaseUntil
	}
	return n.NotBefore
}

// Over says whether trying is over.
func (n LogoutNotice) Over() bool { return !n.DeliveredAt.IsZero() || !n.GivenUpAt.IsZero() }

// Settle notes how one try ended: it is what [Notices.SettleNotice] does to the record.
func (n *LogoutNotice) Settle(outcome NoticeOutcome, now time.Time) {
	n.Attempts++
	n.LeaseUntil, n.LastError = time.Time{}, outcome.LastError
	switch {
	case outcome.Delivered:
		n.DeliveredAt = now
	case outcome.GivenUp:
		n.GivenUpAt = now
	default:
		n.NotBefore = outcome.NotBefore
	}
}

// NoticeKey names a notice.
type NoticeKey struct{ SID, ClientID string }

// NoticeKept is how long a notice is kept from when its session ended, so that its outcome can be seen. It is swept after that.
const NoticeKept = 7 * 24 * time.Hour

// NoticesListed is how many notices [Notices.ListNotices] returns at most.
const NoticesListed = 100

// NoticeOutcome is how one try ended: exactly one of Delivered, GivenUp and NotBefore is set.
type NoticeOutcome struct {
	Delivered, GivenUp bool
	// NotBefore is when to try again.
	NotBefore time.Time
	LastError string
}

// NoticeState is for metrics.
type NoticeState struct {
	// Waiting counts what is not over; Failing those of them with Attempts > 0; Oldest is the earliest EndedAt of them, zero if none waits.
	Waiting, Failing int
	Oldest           time.Time
}

// Notices is the queue of back-channel logout.
type Notices interface {
	// LeaseNotices takes at most limit notices that are due (NotBefore and LeaseUntil considered), those due longest first, and leases them until
	// the given time.
	LeaseNotices(ctx context.Context, limit int, until time.Time, now time.Time) ([]LogoutNotice, error)
	// SettleNotice ends the lease, counts an attempt and notes the outcome. Errors: ErrNotFound (none, or over already).
	SettleNotice(ctx context.Context, key NoticeKey, outcome NoticeOutcome, now time.Time) error
	// ListNotices returns an account's notices that are kept, newest EndedAt first, at most [NoticesListed].
	ListNotices(ctx context.Context, accountID int64, now time.Time) ([]LogoutNotice, error)
	// NoticeState counts.
	NoticeState(ctx context.Context, now time.Time) (NoticeState, error)
}
