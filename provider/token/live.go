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
	Standing(ctx context.Context, key storage.StandingKey, now time.Time) (storage.Standing, error)
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
	key, ofPerson := standsOn(c)
	on, err := l.Store.Standing(ctx, key, l.Now())
	if err != nil {
		return Standing{}, ended("read what the token stands on", err)
	}
	if on.Denied {
		return Standing{}, ErrEnded
	}
	s := Standing{Client: storage.Client{ID: AccountClientID}, Grant: on.Grant}
	if c.ClientID != AccountClientID {
		if s.Client, err = l.Client(ctx, c.ClientID); err != nil {
			return Standing{}, ended("read client", err)
		}
	}
	if !ofPerson || s.Grant.ID != "" && s.Grant.AccountID == 0 {
		return s, nil
	}
	if key.SID != "" && !on.Live { // a grant ends with its session, unless it is offline
		return Standing{}, ErrEnded
	}
	s.Account = on.Account
	if s.Account.ID == 0 || s.Account.Shut() || l.Admits != nil && !l.Admits(s.Client, s.Account) {
		return Standing{}, ErrEnded
	}
	if s.Client.SecondFactor && !oauth.TwoFactors(s.Grant.AMR) { // the client's rule came later than the grant
		return Standing{}, ErrEnded
	}
	return s, nil
}

// standsOn names what a token stands on. ofPerson: there must be an account.
func standsOn(c Access) (key storage.StandingKey, ofPerson bool) {
	key.JTI = c.ID
	switch g := c.GrantID(); {
	case g != "":
		key.Grant.ID = g
	case c.SID == "" && c.Subject == c.ClientID: // RFC 9068 §2.2
		return key, false
	default:
		key.Account.Sub, key.SID = c.Subject, c.SID
	}
	return key, true
}

func ended(verb string, err error) error {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
		return ErrEnded
	}
	return fmt.Errorf("%s: %w", verb, err)
}
