package storage

import (
	"context"
	"slices"
	"time"
)

// AccountEvent is something that happened to an account, for its owner's own record.
type AccountEvent struct {
	// ID orders the events of an account by time: fixed in length, greater byte for byte for what came later, never used twice. At most 64 bytes.
	ID        string
	AccountID int64
	At        time.Time
	// Name and Detail are those of the audit event.
	Name, Detail string
	// SID, ClientID, Address, UserAgent and RequestID are "" where unknown; Address has at most 64 bytes, UserAgent 256.
	SID, ClientID, Address, UserAgent, RequestID string
	// ExpiresAt is when it is swept, and not listed any more.
	ExpiresAt time.Time
}

// EventsListed is how many events [Events.ListEvents] returns at most.
const EventsListed = 200

// EventQuery says which events are asked for.
type EventQuery struct {
	AccountID int64
	// Before is the ID of an event: those that come before it, "" for the newest.
	Before string
	// Names narrows to events of these names; none means all.
	Names []string
	// Limit is 1 to [EventsListed].
	Limit int
}

// Asks says whether an event of the account is among those that are asked for.
func (q EventQuery) Asks(e AccountEvent, now time.Time) bool {
	return e.ExpiresAt.After(now) && (q.Before == "" || e.ID < q.Before) && (len(q.Names) == 0 || slices.Contains(q.Names, e.Name))
}

// Events keeps what accounts' owners can read about them.
type Events interface {
	// AppendEvents stores events, all or none. Those of accounts that do not exist (any more), and those without an ID, are left out; one whose ID its
	// account has stays as it is.
	AppendEvents(ctx context.Context, events []AccountEvent, now time.Time) error
	// ListEvents returns unexpired events, newest first.
	ListEvents(ctx context.Context, q EventQuery, now time.Time) ([]AccountEvent, error)
}
