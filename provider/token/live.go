package token

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// ErrEnded is a good token whose grant, session or account is gone, or that was revoked.
var ErrEnded = errors.New("token ended")

// LiveStore is what [Live] reads.
type LiveStore interface {
	Grant(ctx context.Context, key storage.GrantKey, now time.Time) (storage.Grant, error)
	Session(ctx context.Context, sid string, now time.Time) (storage.Session, error)
	Denied(ctx context.Context, jti string, now time.Time) (bool, error)
	Account(ctx context.Context, key storage.AccountKey) (storage.Account, error)
}

// Live tells whether what a token stands on still stands.
type Live struct {
	Store LiveStore
	// Client finds a client that may be served. Errors: storage.ErrNotFound, or a fault.
	Client func(ctx context.Context, id string) (storage.Client, error)
	// Admits tells whether a person may use a client; see [Issuer.Admits]. nil: everybody may.
	Admits func(c storage.Client, a storage.Account) bool
	Now    func() time.Time
}

// Standing is what a token stands on.
type Standing struct {
	// Account is the person; the zero account where a client acts for itself.
	Account storage.Account
	// Grant is the family; its ID is "" where the token has none.
	Grant storage.Grant
	// Client is the one that the token was issued to. That of the account API has nothing but its ID.
	Client storage.Client
}

// Check returns what a verified token stands on. A token leads back to its account through its grant, because `sub` may be pairwise; one
// without a grant has a session, and the account's own `sub`. Errors: ErrEnded, or a fault of the store.
func (l Live) Check(ctx context.Context, c Access) (Standing, error) {
	now := l.Now()
	denied, err := l.Store.Denied(ctx, c.ID, now)
	if err != nil {
		return Standing{}, fmt.Errorf("read denials: %w", err)
	}
	if denied {
		return Standing{}, ErrEnded
	}
	s := Standing{Client: storage.Client{ID: AccountClientID}}
	if c.ClientID != AccountClientID {
		if s.Client, err = l.Client(ctx, c.ClientID); err != nil {
			return Standing{}, ended("read client", err)
		}
	}
	key := storage.AccountKey{Sub: c.Subject}
	switch g := c.GrantID(); {
	case g != "": // the grant ends with its session, unless it is offline
		if s.Grant, err = l.Store.Grant(ctx, storage.GrantKey{ID: g}, now); err != nil {
			return Standing{}, ended("read grant", err)
		}
		if key = (storage.AccountKey{ID: s.Grant.AccountID}); key.ID == 0 {
			return s, nil
		}
	case c.SID != "":
		if _, err = l.Store.Session(ctx, c.SID, now); err != nil {
			return Standing{}, ended("read session", err)
		}
	case c.Subject == c.ClientID: // RFC 9068 §2.2
		return s, nil
	}
	if s.Account, err = l.Store.Account(ctx, key); err != nil {
		return Standing{}, ended("read account", err)
	}
	if s.Account.Shut() || l.Admits != nil && !l.Admits(s.Client, s.Account) {
		return Standing{}, ErrEnded
	}
	if s.Client.SecondFactor && !oauth.TwoFactors(s.Grant.AMR) { // the client's rule came later than the grant
		return Standing{}, ErrEnded
	}
	return s, nil
}

func ended(verb string, err error) error {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
		return ErrEnded
	}
	return fmt.Errorf("%s: %w", verb, err)
}
