package storage

import (
	"context"
	"strings"
	"time"
)

// Passkey is a WebAuthn credential (Web Authentication Level 3 §4).
type Passkey struct {
	// ID is the base64url of the credential ID, of at most [MaxPasskeyID] characters: unique among all accounts (§7.1 step 26).
	ID        string
	AccountID int64
	// Name is the person's own.
	Name string
	// PublicKey is the COSE key.
	PublicKey []byte
	// AAGUID tells the kind of authenticator; 16 bytes.
	AAGUID     []byte
	Transports []string
	// SignCount is the highest signature counter seen; 0 where the authenticator keeps none.
	SignCount int64
	// BackupEligible credentials may be copied to other devices; BackedUp ones are (§6.1.3).
	BackupEligible, BackedUp bool
	// UserVerified: the authenticator verified its user when the credential was made.
	UserVerified bool
	CreatedAt    time.Time
	// LastUsedAt is zero until it signed somebody in.
	LastUsedAt time.Time
}

// Compare orders the passkeys of an account: by CreatedAt, then ID.
func (p Passkey) Compare(o Passkey) int {
	if c := p.CreatedAt.Compare(o.CreatedAt); c != 0 {
		return c
	}
	return strings.Compare(p.ID, o.ID)
}

// Change does what [Passkeys.TouchPasskey] does, and says whether it could: the counter must have gone up (Web Authentication Level 3 §7.2 step 22).
func (p *Passkey) Change(c PasskeyChange, now time.Time) bool {
	if c.Used && c.SignCount <= p.SignCount && (c.SignCount != 0 || p.SignCount != 0) {
		return false
	}
	if c.Name != "" {
		p.Name = c.Name
	}
	if c.Used {
		p.LastUsedAt, p.SignCount, p.BackedUp = now, c.SignCount, c.BackedUp
	}
	return true
}

// MaxPasskeyID bounds [Passkey].ID, in characters: credential IDs have at most 1023 bytes (§4).
const MaxPasskeyID = 1364

// PasskeysMax is how many passkeys one account can have.
const PasskeysMax = 20

// PasskeyChange says what [Passkeys.TouchPasskey] sets.
type PasskeyChange struct {
	// Name is set where it is not "".
	Name string
	// Used: the passkey signed. LastUsedAt becomes now, BackedUp and SignCount become those here; SignCount must be greater than the stored one, unless both are 0.
	Used      bool
	SignCount int64
	BackedUp  bool
}

// Passkeys keeps credentials of accounts.
type Passkeys interface {
	// CreatePasskey stores p, then applies with to p.AccountID. Errors: ErrExists (ID, whoever has it), ErrFull ([PasskeysMax]), ErrNotFound (account), and those of with.
	CreatePasskey(ctx context.Context, p Passkey, with Effects, now time.Time) error
	// Passkey returns the one with that ID. Errors: ErrNotFound.
	Passkey(ctx context.Context, id string) (Passkey, error)
	// ListPasskeys returns an account's, in order of CreatedAt, then ID.
	ListPasskeys(ctx context.Context, accountID int64) ([]Passkey, error)
	// TouchPasskey applies the change to the account's passkey and returns it. Errors: ErrNotFound, ErrConflict (the counter did not go up: nothing is written).
	TouchPasskey(ctx context.Context, accountID int64, id string, change PasskeyChange, now time.Time) (Passkey, error)
	// DeletePasskey removes the account's passkey. Errors: ErrNotFound, and those of with.
	DeletePasskey(ctx context.Context, accountID int64, id string, with Effects, now time.Time) error
}
