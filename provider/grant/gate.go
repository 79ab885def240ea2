package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Store is what the grants of persons read and write.
type Store interface {
	Grant(ctx context.Context, key storage.GrantKey, now time.Time) (storage.Grant, error)
	RedeemCode(ctx context.Context, codeHash string, refresh *storage.Refresh, now time.Time) (storage.Grant, error)
	RotateRefresh(ctx context.Context, grantID string, from int64, expires time.Time, now time.Time) (storage.Grant, error)
	RevokeGrants(ctx context.Context, scope storage.GrantScope, now time.Time) (int, error)
	People
}

// People is what the gate reads.
type People interface {
	Account(ctx context.Context, key storage.AccountKey) (storage.Account, error)
	Session(ctx context.Context, sid string, now time.Time) (storage.Session, error)
}

// gate is the one check of every grant of a person: the account is there, not disabled nor about to be deleted, and one that may use the client, two factors were proved where
// the client is for no less, and the session still stands unless the grant is offline.
func gate(ctx context.Context, p People, g storage.Grant, r *Request) (storage.Account, error) {
	a, err := p.Account(ctx, storage.AccountKey{ID: g.AccountID})
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Account{}, errEnded()
	}
	if err != nil {
		return storage.Account{}, fmt.Errorf("read account: %w", err)
	}
	if a.Shut() || r.Admits != nil && !r.Admits(r.Client, a) || r.Client.SecondFactor && !oauth.TwoFactors(g.AMR) {
		return storage.Account{}, errEnded()
	}
	if g.Offline || g.SID == "" {
		return a, nil
	}
	if _, err := p.Session(ctx, g.SID, r.Now); errors.Is(err, storage.ErrNotFound) {
		return storage.Account{}, errEnded()
	} else if err != nil {
		return storage.Account{}, fmt.Errorf("read session: %w", err)
	}
	return a, nil
}

func errEnded() *oauth.Error { return oauth.E(oauth.InvalidGrant, "the grant has ended") }
