package bolt

import (
	"context"
	"errors"
	"time"

	"latchkey/storage"
)

// CreateGrant implements [storage.Grants].
func (s *Store) CreateGrant(ctx context.Context, g storage.Grant, now time.Time) error {
	return s.update(ctx, "CreateGrant", func(t *txn) error { return t.createGrant(g, now) })
}

func (t *txn) createGrant(g storage.Grant, now time.Time) error {
	if g.AccountID != 0 && !t.hasAccount(g.AccountID) {
		return storage.ErrNotFound
	}
	if g.SID != "" {
		if session, live := t.liveSession(g.SID, now); !live || session.AccountID != g.AccountID {
			return storage.ErrNotFound
		}
	}
	if t.grantHeld(g.ID, now) || g.ID == "" {
		return storage.ErrExists
	}
	if g.Code != nil && g.Code.Hash == "" {
		return storage.ErrExists
	}
	if indexed(g.Code) {
		holder, _ := t.get(tCodes, []byte(g.Code.Hash))
		if t.grantHeld(string(holder), now) {
			return storage.ErrExists
		}
		t.removeGrant(string(holder))
	}
	t.removeGrant(g.ID)
	t.addGrant(grant{Grant: g})
	return nil
}

func (t *txn) addGrant(g grant) {
	save(t, tGrants, []byte(g.ID), walkGrant, g)
	t.mark(tGrantsBy, join(within(g.ClientID), g.ID))
	if g.AccountID != 0 {
		t.mark(tGrantsOf, join(idKey(g.AccountID), g.ID))
	}
	if g.SID != "" {
		t.mark(tGrantsIn, join(within(g.SID), g.ID))
	}
	if indexed(g.Code) {
		t.point(tCodes, []byte(g.Code.Hash), []byte(g.ID))
	}
	t.mark(tExpiry, expiryKey(g.SweptAt(), tGrants, []byte(g.ID)))
	t.delta[tGrants]++
}

// indexed says whether a code is found by its hash alone. One that names its grant is not: its hash would lie anywhere, on a page of its own.
func indexed(c *storage.Code) bool { return c != nil && !c.Named }

// grantHeld says whether the ID is taken by a grant, live or revoked, that has not expired.
func (t *txn) grantHeld(id string, now time.Time) bool {
	g, ok := load(t, tGrants, []byte(id), walkGrant)
	return ok && g.ExpiresAt.After(now)
}

func (t *txn) removeGrant(id string) {
	g, ok := load(t, tGrants, []byte(id), walkGrant)
	if !ok {
		return
	}
	t.drop(tGrants, []byte(id))
	t.drop(tGrantsBy, join(within(g.ClientID), id))
	if g.AccountID != 0 {
		t.drop(tGrantsOf, join(idKey(g.AccountID), id))
	}
	if g.SID != "" {
		t.drop(tGrantsIn, join(within(g.SID), id))
	}
	if indexed(g.Code) {
		t.drop(tCodes, []byte(g.Code.Hash))
	}
	t.drop(tExpiry, expiryKey(g.SweptAt(), tGrants, []byte(id)))
	t.delta[tGrants]--
}

// findGrant returns an unexpired grant; a revoked one with ErrSpent.
func (t *txn) findGrant(key storage.GrantKey, now time.Time) (storage.Grant, error) {
	id := []byte(key.ID)
	if key.ID == "" {
		id, _ = t.get(tCodes, []byte(key.CodeHash))
	}
	g, ok := load(t, tGrants, id, walkGrant)
	switch {
	case !ok || !g.ExpiresAt.After(now):
		return storage.Grant{}, storage.ErrNotFound
	case key.CodeHash != "" && (g.Code == nil || g.Code.Hash != key.CodeHash):
		if key.ID == "" {
			return storage.Grant{}, corrupt(tCodes, "an entry that leads elsewhere").err
		}
		return storage.Grant{}, storage.ErrNotFound
	case g.revoked:
		return g.Grant, storage.ErrSpent
	}
	return g.Grant, nil
}

// Grant implements [storage.Grants].
func (s *Store) Grant(ctx context.Context, key storage.GrantKey, now time.Time) (g storage.Grant, err error) {
	err = s.view(ctx, "Grant", func(t *txn) (err error) {
		g, err = t.findGrant(key, now)
		return err
	})
	return g, err
}

// RedeemCode implements [storage.Grants]. A code that was redeemed is ErrSpent for as long as its grant is kept, also
// after the code expired: a late replay is still a replay.
func (s *Store) RedeemCode(ctx context.Context, key storage.GrantKey, refresh *storage.Refresh, now time.Time) (g storage.Grant, err error) {
	var bought *storage.Refresh
	if refresh != nil {
		r := *refresh // what is returned must not be the caller's
		bought = &r
	}
	if key.CodeHash == "" {
		key = storage.GrantKey{}
	}
	err = s.update(ctx, "RedeemCode", func(t *txn) (err error) {
		g, err = t.findGrant(key, now)
		if err != nil {
			return err
		}
		if !g.Code.RedeemedAt.IsZero() {
			return storage.ErrSpent
		}
		if !g.Code.ExpiresAt.After(now) {
			g = storage.Grant{}
			return storage.ErrNotFound
		}
		t.drop(tExpiry, expiryKey(g.SweptAt(), tGrants, []byte(g.ID)))
		g.Code.RedeemedAt = now
		g.Refresh = bought
		t.mark(tExpiry, expiryKey(g.SweptAt(), tGrants, []byte(g.ID)))
		save(t, tGrants, []byte(g.ID), walkGrant, grant{Grant: g})
		return nil
	})
	return with(g, err), err
}

// with returns the grant that goes with an error: none, except where the contract says so.
func with(g storage.Grant, err error) storage.Grant {
	if err == nil || errors.Is(err, storage.ErrSpent) || errors.Is(err, storage.ErrConflict) {
		return g
	}
	return storage.Grant{}
}

// RotateRefresh implements [storage.Grants].
func (s *Store) RotateRefresh(ctx context.Context, grantID string, from int64, expires, now time.Time) (g storage.Grant, err error) {
	err = s.update(ctx, "RotateRefresh", func(t *txn) (err error) {
		g = storage.Grant{}
		if grantID == "" {
			return storage.ErrNotFound
		}
		if g, err = t.findGrant(storage.GrantKey{ID: grantID}, now); err != nil {
			return err
		}
		if g.Refresh == nil || !g.Refresh.ExpiresAt.After(now) {
			g = storage.Grant{}
			return storage.ErrNotFound
		}
		if g.Refresh.Generation != from {
			return storage.ErrConflict
		}
		g.Refresh.Generation++
		g.Refresh.RotatedAt = now
		g.Refresh.ExpiresAt = expires
		save(t, tGrants, []byte(grantID), walkGrant, grant{Grant: g})
		return nil
	})
	return with(g, err), err
}

// RevokeGrants implements [storage.Grants].
func (s *Store) RevokeGrants(ctx context.Context, scope storage.GrantScope, now time.Time) (n int, err error) {
	err = s.update(ctx, "RevokeGrants", func(t *txn) error {
		n = t.revokeScope(scope, now)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (t *txn) revokeScope(scope storage.GrantScope, now time.Time) (n int) {
	if scope.ID != "" {
		return t.revoke(scope.ID, now)
	}
	if scope.AccountID == 0 {
		return 0
	}
	for _, id := range t.members(tGrantsOf, idKey(scope.AccountID)) {
		g, ok := load(t, tGrants, id, walkGrant)
		if ok && (scope.ClientID == "" || g.ClientID == scope.ClientID) {
			n += t.revoke(g.ID, now)
		}
	}
	return n
}

// revoke revokes one grant, unless it is dead already, and returns how many it revoked.
func (t *txn) revoke(id string, now time.Time) int {
	g, ok := load(t, tGrants, []byte(id), walkGrant)
	if !ok || g.revoked || !g.ExpiresAt.After(now) {
		return 0
	}
	g.revoked = true
	save(t, tGrants, []byte(id), walkGrant, g)
	return 1
}
