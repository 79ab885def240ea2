package storage

import (
	"context"
	"time"
)

// RegistrationToken is an initial access token (RFC 7591 §3): who holds it may register clients.
type RegistrationToken struct {
	// ID is short, random and public; Hash is that of the token: each is unique. Name is the operator's word for it.
	ID, Hash, Name string
	// Uses counts the clients that were registered with it; MaxUses bounds them, 0 for no bound.
	Uses, MaxUses int
	// PKCEExempt: its clients are excused from PKCE.
	PKCEExempt bool
	CreatedAt  time.Time
	// ExpiresAt is zero for a token that does not expire.
	ExpiresAt time.Time
}

// Expired says whether the token is past its time.
func (t RegistrationToken) Expired(now time.Time) bool {
	return !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(now)
}

// Registrations is what registering needs beside [Clients].
type Registrations interface {
	// CreateRegistrationToken stores t. Errors: ErrExists (ID or Hash).
	CreateRegistrationToken(ctx context.Context, t RegistrationToken, now time.Time) error
	// RegistrationToken returns an unexpired token by its hash. Errors: ErrNotFound; ErrSpent where its uses are used up (the token is returned with it).
	RegistrationToken(ctx context.Context, hash string, now time.Time) (RegistrationToken, error)
	// ListRegistrationTokens returns the unexpired ones in order of ID, also those whose uses are used up.
	ListRegistrationTokens(ctx context.Context, now time.Time) ([]RegistrationToken, error)
	// DeleteRegistrationToken removes a token; the clients registered with it stay. Errors: ErrNotFound.
	DeleteRegistrationToken(ctx context.Context, id string, now time.Time) error
	// RegisterClient stores c as [Clients.CreateClient] does, with Registered set and RegisteredWith naming the token, and takes one use of the
	// token with that hash, "" for none, in one transaction. At most quota clients with Registered set exist, 0 for no bound; those that have
	// expired count until they are swept. Errors, the first that holds: ErrExists (client), ErrNotFound (token), ErrSpent (token), ErrFull (quota).
	RegisterClient(ctx context.Context, c Client, tokenHash string, quota int, now time.Time) (Client, error)
}
