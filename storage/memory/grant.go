package memory

import (
	"context"
	"time"

	"latchkey/storage"
)

type grant struct {
	storage.Grant
	revoked bool
}

// CreateGrant implements [storage.Grants].
func (s *Store) CreateGrant(ctx context.Context, g storage.Grant, now time.Time) error {
	return s.write(ctx, "CreateGrant", func(t *tx) error { return s.createGrant(t, g, now) })
}

func (s *Store) createGrant(t *tx, g storage.Grant, now time.Time) error {
	if g.AccountID != 0 {
		if _, ok := s.accounts[g.AccountID]; !ok {
			return storage.ErrNotFound
		}
	}
	if g.SID != "" && (!s.liveSession(g.SID, now) || s.sessions[g.SID].AccountID != g.AccountID) {
		return storage.ErrNotFound
	}
	if s.grants[g.ID].ExpiresAt.After(now) || g.ID == "" {
		return storage.ErrExists
	}
	if g.Code != nil {
		holder := s.codes[g.Code.Hash]
		if s.grants[holder].ExpiresAt.After(now) || g.Code.Hash == "" {
			return storage.ErrExists
		}
		s.removeGrant(t, holder)
	}
	s.removeGrant(t, g.ID)
	put(t, s.grants, g.ID, grant{Grant: cloneGrant(g)})
	s.indexGrant(t, g)
	return nil
}

// indexGrant makes a stored grant one that is found.
func (s *Store) indexGrant(t *tx, g storage.Grant) {
	s.grantsBy.add(t, g.ClientID, g.ID)
	if g.AccountID != 0 {
		s.grantsOf.add(t, g.AccountID, g.ID)
	}
	if g.SID != "" {
		s.grantsIn.add(t, g.SID, g.ID)
	}
	if g.Code != nil {
		put(t, s.codes, g.Code.Hash, g.ID)
	}
	s.expires(g.SweptAt(), expiring{kind: aGrant, id: g.ID})
}

func (s *Store) removeGrant(t *tx, id string) {
	g, ok := s.grants[id]
	if !ok {
		return
	}
	drop(t, s.grants, id)
	s.grantsBy.remove(t, g.ClientID, id)
	s.grantsOf.remove(t, g.AccountID, id)
	s.grantsIn.remove(t, g.SID, id)
	if g.Code != nil {
		drop(t, s.codes, g.Code.Hash)
	}
}

// findGrant returns an unexpired grant; a revoked one with ErrSpent.
func (s *Store) findGrant(key storage.GrantKey, now time.Time) (storage.Grant, error) {
	id := key.ID
	if id == "" {
		id = s.codes[key.CodeHash]
	}
	g := s.grants[id]
	switch {
	case !g.ExpiresAt.After(now), key.CodeHash != "" && (g.Code == nil || g.Code.Hash != key.CodeHash):
		return storage.Grant{}, storage.ErrNotFound
	case g.revoked:
		return cloneGrant(g.Grant), storage.ErrSpent
	}
	return cloneGrant(g.Grant), nil
}

// Grant implements [storage.Grants].
func (s *Store) Grant(ctx context.Context, key storage.GrantKey, now time.Time) (g storage.Grant, err error) {
	err = s.read(ctx, "Grant", func() (err error) {
		g, err = s.findGrant(key, now)
		return err
	})
	return g, err
}

// RedeemCode implements [storage.Grants]. A code that was redeemed is ErrSpent for as long as its grant is kept, also
// after the code expired: a late replay is still a replay.
func (s *Store) RedeemCode(ctx context.Context, key storage.GrantKey, refresh *storage.Refresh, now time.Time) (g storage.Grant, err error) {
	if key.CodeHash == "" {
		key = storage.GrantKey{}
	}
	err = s.write(ctx, "RedeemCode", func(t *tx) (err error) {
		if g, err = s.findGrant(key, now); err != nil {
			return err
		}
		if !g.Code.RedeemedAt.IsZero() {
			return storage.ErrSpent
		}
		if !g.Code.ExpiresAt.After(now) {
			g = storage.Grant{}
			return storage.ErrNotFound
		}
		g.Code.RedeemedAt = now
		g.Refresh = cloneOf(refresh)
		put(t, s.grants, g.ID, grant{Grant: cloneGrant(g)})
		s.expires(g.SweptAt(), expiring{kind: aGrant, id: g.ID})
		return nil
	})
	return g, err
}

// RotateRefresh implements [storage.Grants].
func (s *Store) RotateRefresh(ctx context.Context, grantID string, from int64, expires, now time.Time) (g storage.Grant, err error) {
	err = s.write(ctx, "RotateRefresh", func(t *tx) (err error) {
		if g, err = s.findGrant(storage.GrantKey{ID: grantID}, now); err != nil {
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
		put(t, s.grants, grantID, grant{Grant: cloneGrant(g)})
		return nil
	})
	return g, err
}

// RevokeGrants implements [storage.Grants].
func (s *Store) RevokeGrants(ctx context.Context, scope storage.GrantScope, now time.Time) (n int, err error) {
	err = s.write(ctx, "RevokeGrants", func(t *tx) error {
		n = s.revokeScope(t, scope, now)
		return nil
	})
	return n, err
}

func (s *Store) revokeScope(t *tx, scope storage.GrantScope, now time.Time) (n int) {
	if scope.ID != "" {
		return s.revoke(t, scope.ID, now)
	}
	for id := range s.grantsOf[scope.AccountID] {
		if scope.ClientID == "" || s.grants[id].ClientID == scope.ClientID {
			n += s.revoke(t, id, now)
		}
	}
	return n
}

// revoke revokes one grant, unless it is dead already, and returns how many it revoked.
func (s *Store) revoke(t *tx, id string, now time.Time) int {
	g := s.grants[id]
	if g.revoked || !g.ExpiresAt.After(now) {
		return 0
	}
	g.revoked = true
	put(t, s.grants, id, g)
	return 1
}
