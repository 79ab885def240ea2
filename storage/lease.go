package storage

import (
	"context"
	"time"
)

// Leases let work that all replicas could do (sweeping, rotation, delivery) be done by one of them at a time. Who has a lease renews it well before
// its end; when it dies, another takes over at that end. Clocks of replicas differ, so a lease is no lock: whatever is done under one must be right,
// if wasteful, when two do it. Where the store has one process, its leases end with it.
type Leases interface {
	// TakeLease makes holder the one who has name until the given time, and says whether it is: it is where nobody has it at now, or holder has it
	// already. An empty name or holder, and an until that is not after now, are never taken.
	TakeLease(ctx context.Context, name, holder string, until, now time.Time) (bool, error)
	// ReleaseLease ends it before its time, if holder has it. Releasing what holder has not is no error.
	ReleaseLease(ctx context.Context, name, holder string, now time.Time) error
}

// Handover is for whoever takes over the sending of what is queued from one who may have died: what that one had taken would else wait for the end of
// its lease. What it is sending after all can be sent twice.
type Handover interface {
	// ReleaseMail ends the leases of all mails, whoever has them, and says how many there were. See [Outbox.LeaseMail].
	ReleaseMail(ctx context.Context) (int, error)
	// ReleaseNotices is the same for notices. See [Notices.LeaseNotices].
	ReleaseNotices(ctx context.Context) (int, error)
}
