package grant

import (
	"context"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Store is what the grants of persons read and write.
type Store interface {
	RedeemCode(ctx context.Context, key storage.GrantKey, refresh *storage.Refresh, now time.Time) (storage.Grant, error)
	RotateRefresh(ctx context.Context, grantID string, from int64, expires time.Time, now time.Time) (storage.Grant, error)
	RevokeGrants(ctx context.Context, scope storage.GrantScope, now time.Time) (int, error)
	People
}

// People is what the gate judges by, in one read.
type People interface {
	Standing(ctx context.Context, key storage.StandingKey, now time.Time) (storage.Standing, error)
}

// gate is the one check of every grant of a person: the account is there, not disabled nor about to be deleted, and one that may use the client, two factors were proved where
// the client is for no less, and the session still stands unless the grant is offline.
func gate(on storage.Standing, g storage.Grant, r *Request) (storage.Account, error) {
	a := on.Account
	if a.ID == 0 || a.Shut() || r.Admits != nil && !r.Admits(*r.Client, a) || r.Client.SecondFactor && !oauth.TwoFactors(g.AMR) {
		return storage.Account{}, errEnded()
	}
	if !g.Offline && g.SID != "" && !on.Live {
		return storage.Account{}, errEnded()
	}
	return a, nil
}

func errEnded() *oauth.Error { return oauth.E(oauth.InvalidGrant, "the grant has ended") }
