package storage

import (
	"context"
	"time"
)

// StandingKey names what a code or a token stands on. What is left zero is not looked at.
type StandingKey struct {
	// Grant is the family; Account and SID are then the grant's, whatever is said of them here.
	Grant GrantKey
	// Account is the person, where there is no grant.
	Account AccountKey
	// SID is the session, where there is no grant.
	SID string
	// JTI is the token, which may have been revoked by itself.
	JTI string
}

// Standing is what was found, as of one instant.
type Standing struct {
	Grant Grant
	// Account is zero where there is none.
	Account Account
	// Live: the session is neither over nor expired. False where none was asked for, or the grant has none.
	Live bool
	// Denied: the token was revoked.
	Denied bool
}

// Standings reads at once what a request for tokens, or with one, stands on.
type Standings interface {
	// Standing reads all that the key names, in one read of the store. Where a grant is asked for, its errors are those of [Grants.Grant], and
	// with them nothing but the grant is told. Where an account is asked for that does not exist, the rest is not told; that is no error.
	// What the answer refers to (slices, and what pointers point to) may be shared with others who ask the same: nobody may change it.
	Standing(ctx context.Context, key StandingKey, now time.Time) (Standing, error)
}
