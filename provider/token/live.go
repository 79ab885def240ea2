package token

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	// Client tells whether a client exists and is not disabled. Errors: a fault.
	Client func(ctx context.Context, id string) (bool, error)
	Now    func() time.Time
}

// Check returns the account of a verified token; the zero account where a client acts for itself. Errors: ErrEnded, or a fault of the store.
func (l Live) Check(ctx context.Context, c Access) (storage.Account, error) {
	now := l.Now()
	denied, err := l.Store.Denied(ctx, c.ID, now)
	if err != nil {
		return storage.Account{}, fmt.Errorf("read denials: %w", err)
	}
	if denied {
		return storage.Account{}, ErrEnded
	}
	if c.ClientID != AccountClientID {
		stands, err := l.Client(ctx, c.ClientID)
		if err != nil {
			return storage.Account{}, fmt.Errorf("read client: %w", err)
		}
		if !stands {
			return storage.Account{}, ErrEnded
		}
	}
	switch g := c.GrantID(); {
	case g != "": // the grant ends with its session, unless it is offline
		_, err = l.Store.Grant(ctx, storage.GrantKey{ID: g}, now)
	case c.SID != "":
		_, err = l.Store.Session(ctx, c.SID, now)
	}
	if err != nil {
		return storage.Account{}, ended("read grant or session", err)
	}
	if c.Subject == c.ClientID { // RFC 9068 §2.2
		return storage.Account{}, nil
	}
	a, err := l.Store.Account(ctx, storage.AccountKey{Sub: c.Subject})
	if err != nil {
		return storage.Account{}, ended("read account", err)
	}
	if a.Disabled {
		return storage.Account{}, ErrEnded
	}
	return a, nil
}

func ended(verb string, err error) error {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
		return ErrEnded
	}
	return fmt.Errorf("%s: %w", verb, err)
}
