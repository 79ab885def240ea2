package storage

import (
	"context"
	"time"
)

// MaxImport is how many accounts [Imports.ImportAccounts] takes at most.
const MaxImport = 5000

// ImportedAccount is what became of one account.
type ImportedAccount struct {
	// Account is the one that is there now: the new one, or the one that has the sub, the username or the e-mail address, the first of these that is taken.
	Account Account
	// Made: it is new. Where nothing is written its ID is 0.
	Made bool
}

// Imports stores many accounts at once.
type Imports interface {
	// ImportAccounts stores those accounts whose Sub, UsernameKey and EmailKey are free, in their order and in one transaction, each with the next ID
	// and Version 1, and says of each what became of it. Of two that share a name the first is stored. With dry nothing is written, and those that
	// share a name with one another are not told. CreatedAt and UpdatedAt are the caller's; now where they are zero.
	// Errors: ErrExists (one is without Sub, or there are too many).
	ImportAccounts(ctx context.Context, accounts []Account, dry bool, now time.Time) ([]ImportedAccount, error)
}

// NewForImport is the accounts as stores make them of what is imported: without IDs and files. Errors: those of [Imports.ImportAccounts].
func NewForImport(accounts []Account, now time.Time) ([]Account, error) {
	if len(accounts) > MaxImport {
		return nil, ErrExists
	}
	made := make([]Account, len(accounts))
	for i, a := range accounts {
		if a.Sub == "" {
			return nil, ErrExists
		}
		a.ID, a.Version, a.Resume, a.Picture = 0, 1, nil, nil
		if a.CreatedAt.IsZero() {
			a.CreatedAt = now
		}
		if a.UpdatedAt.IsZero() {
			a.UpdatedAt = now
		}
		made[i] = a
	}
	return made, nil
}
