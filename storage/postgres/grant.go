package postgres

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

// CreateGrant implements [storage.Grants].
func (s *Store) CreateGrant(ctx context.Context, g storage.Grant, now time.Time) error {
	return s.run(ctx, "CreateGrant", writing, s.createGrant(g, now)...)
}

// createGrant inserts the grant. One that comes from a session holds account and session until it is there, in this order as everywhere: whoever ends
// the session comes before it, and then there is no grant, or after it, and then the grant is found.
func (s *Store) createGrant(g storage.Grant, now time.Time) []step {
	r := grant{Grant: g}
	codeHash := ""
	if g.Code != nil {
		codeHash = g.Code.Hash
	}
	clear := step{
		sql:  "DELETE FROM grants WHERE (id = $1 OR code_hash = $2) AND expires_at <= $3",
		args: []any{toText(g.ID), toText(codeHash), now}, clears: true,
	}
	if g.SID == "" {
		return []step{clear, s.t.grants.add(&r)}
	}
	args := s.t.grants.walk(&r).args()
	n := len(args)
	args = append(args, g.AccountID, toText(g.SID), now)
	account, sid, at := marks(n+1, 1), marks(n+2, 1), marks(n+3, 1)
	return []step{clear, guard(storage.ErrNotFound, `
		INSERT INTO grants (`+s.t.grants.list+") SELECT "+marks(1, n)+` FROM (
			SELECT 1 FROM sessions WHERE sid = `+sid+" AND account_id = "+account+" AND expires_at > "+at+`
				AND EXISTS (SELECT 1 FROM accounts WHERE id = `+account+` FOR KEY SHARE) FOR KEY SHARE
		) AS live RETURNING 1`, args...)}
}

// findGrant reads a grant that has not expired. One that was revoked comes with ErrSpent.
func (s *Store) findGrant(ctx context.Context, verb string, key storage.GrantKey, now time.Time) (storage.Grant, error) {
	where, name := grantIs(key)
	var found []grant
	err := s.run(ctx, verb, reading, s.t.grants.get(&found,
		"SELECT "+s.t.grants.list+" FROM grants WHERE "+where+" = $1 AND expires_at > $2", toText(name), now))
	if err != nil {
		return storage.Grant{}, err
	}
	g, err := only(verb, found)
	if err == nil && !names(key, g.Grant) {
		return storage.Grant{}, fmt.Errorf("%s: %w", verb, storage.ErrNotFound)
	}
	if err == nil && !g.revokedAt.IsZero() {
		err = fmt.Errorf("%s: %w", verb, storage.ErrSpent)
	}
	return g.Grant, err
}

// grantIs is the column that finds the grant of the key, and what it must hold. A code that names its grant is found by that: the index by hashes is for
// those that do not, and for the version before, which knows no others.
func grantIs(key storage.GrantKey) (column, value string) {
	if key.ID == "" {
		return "code_hash", key.CodeHash
	}
	return "id", key.ID
}

// names says whether the whole key is of the grant that was found by a part of it.
func names(key storage.GrantKey, g storage.Grant) bool {
	return key.CodeHash == "" || g.Code != nil && g.Code.Hash == key.CodeHash
}

// Grant implements [storage.Grants].
func (s *Store) Grant(ctx context.Context, key storage.GrantKey, now time.Time) (storage.Grant, error) {
	return s.findGrant(ctx, "Grant", key, now)
}

// maxDecided bounds how often a verb looks again why its statement changed nothing, where what it then sees says that it should have.
const maxDecided = 3

// RedeemCode implements [storage.Grants]. One statement decides; only who loses asks why.
func (s *Store) RedeemCode(ctx context.Context, key storage.GrantKey, refresh *storage.Refresh, now time.Time) (storage.Grant, error) {
	const verb = "RedeemCode"
	r := grant{Grant: storage.Grant{Refresh: refresh}}
	var parts columns
	refreshColumns(&parts, &r.Refresh)
	args := append(parts.args(), toText(key.CodeHash), now)
	by := ""
	if key.ID != "" {
		by, args = "id = $7 AND ", append(args, toText(key.ID))
	}
	redeem := "UPDATE grants SET code_redeemed_at = $6, refresh_generation = $1, refresh_fixed = $2, refresh_rotated_at = $3, refresh_expires_at = $4" +
		" WHERE " + by + "code_hash = $5 AND revoked_at IS NULL AND expires_at > $6 AND code_redeemed_at IS NULL AND code_expires_at > $6 RETURNING " + s.t.grants.list
	if key.CodeHash == "" {
		return storage.Grant{}, fmt.Errorf("%s: %w", verb, storage.ErrNotFound)
	}
	for range maxDecided {
		var redeemed []grant
		if err := s.run(ctx, verb, writing, s.t.grants.get(&redeemed, redeem, args...)); err != nil {
			return storage.Grant{}, err
		}
		if len(redeemed) == 1 {
			return redeemed[0].Grant, nil
		}
		g, err := s.findGrant(ctx, verb, key, now)
		switch {
		case err != nil:
			return g, err
		case !g.Code.RedeemedAt.IsZero():
			return g, fmt.Errorf("%s: %w", verb, storage.ErrSpent)
		case !g.Code.ExpiresAt.After(now):
			return storage.Grant{}, fmt.Errorf("%s: %w", verb, storage.ErrNotFound)
		}
	}
	return storage.Grant{}, fmt.Errorf("%s: %w", verb, storage.ErrUnavailable)
}

// RotateRefresh implements [storage.Grants]. One statement decides; only who loses asks why.
func (s *Store) RotateRefresh(ctx context.Context, grantID string, from int64, expires, now time.Time) (storage.Grant, error) {
	const verb = "RotateRefresh"
	for range maxDecided {
		var rotated []grant
		err := s.run(ctx, verb, writing, s.t.grants.get(&rotated, `UPDATE grants
			SET refresh_generation = refresh_generation + 1, refresh_rotated_at = $4, refresh_expires_at = $3
			WHERE id = $1 AND refresh_generation = $2 AND refresh_expires_at > $4 AND revoked_at IS NULL AND expires_at > $4 RETURNING `+s.t.grants.list,
			toText(grantID), from, expires, now))
		if err != nil {
			return storage.Grant{}, err
		}
		if len(rotated) == 1 {
			return rotated[0].Grant, nil
		}
		if grantID == "" {
			return storage.Grant{}, fmt.Errorf("%s: %w", verb, storage.ErrNotFound)
		}
		g, err := s.findGrant(ctx, verb, storage.GrantKey{ID: grantID}, now)
		switch {
		case err != nil:
			return g, err
		case g.Refresh == nil || !g.Refresh.ExpiresAt.After(now):
			return storage.Grant{}, fmt.Errorf("%s: %w", verb, storage.ErrNotFound)
		case g.Refresh.Generation != from:
			return g, fmt.Errorf("%s: %w", verb, storage.ErrConflict)
		}
	}
	return storage.Grant{}, fmt.Errorf("%s: %w", verb, storage.ErrUnavailable)
}

// RevokeGrants implements [storage.Grants].
func (s *Store) RevokeGrants(ctx context.Context, scope storage.GrantScope, now time.Time) (int, error) {
	var n int64
	if err := s.run(ctx, "RevokeGrants", repeating, revokeScope(scope, now, &n)); err != nil {
		return 0, err
	}
	return int(n), nil
}

func revokeScope(scope storage.GrantScope, now time.Time, n *int64) step {
	var of condition
	of.and("revoked_at IS NULL AND expires_at > ?", now)
	if scope.ID != "" {
		of.and("id = ?", toText(scope.ID))
		return revoke(of, n)
	}
	of.and("account_id = ?", scope.AccountID) // none has the account 0
	if scope.ClientID != "" {
		of.and("client_id = ?", toText(scope.ClientID))
	}
	return revoke(of, n)
}

// revoke revokes the grants of which the condition holds; its first parameter is now. They are locked in order, so that two who revoke wait for one
// another and not for each other.
func revoke(of condition, n *int64) step {
	return step{
		sql:  "UPDATE grants SET revoked_at = $1 WHERE id IN (SELECT id FROM grants WHERE " + of.String() + " ORDER BY id FOR UPDATE)",
		args: of.args, affected: n,
	}
}
