package storage

import (
	"context"
	"time"
)

// Store is every role together: what a driver offers. Only the joinery names it; everything else asks for the roles it needs.
type Store interface {
	Accounts
	Imports
	Files
	Sessions
	Grants
	Standings
	Consents
	Denials
	Passkeys
	Events
	OneTimes
	Outbox
	Keyrings
	Clients
	ClientUse
	Registrations
	Devices
	PushedRequests
	Replays
	Notices
	Limits
	Leases
	Handover
	Transfers
	Upkeep
}

// Upkeep is what the server does with a store beside using it.
type Upkeep interface {
	// Ping says whether the store can be used now: for readiness. It must be cheap and never wait for writers.
	Ping(ctx context.Context) error
	// Sweep removes at most limit expired records and says how many it removed. It commits in bounded batches.
	Sweep(ctx context.Context, limit int, now time.Time) (int, error)
	// Stats counts records, for metrics. Keys are bounded: "accounts", "sessions", "grants", "outbox", "clients", "passkeys", "events", "bytes", ….
	Stats(ctx context.Context) (map[string]int64, error)
	// Close waits for writes under way and releases the store.
	Close() error
}
