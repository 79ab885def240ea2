package postgres

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

func passkeyColumns(p *storage.Passkey) (c columns) {
	c.text("id", &p.ID)
	c.int("account_id", &p.AccountID)
	c.text("name", &p.Name)
	c.bytes("public_key", &p.PublicKey)
	c.bytes("aaguid", &p.AAGUID)
	c.texts("transports", &p.Transports)
	c.int("sign_count", &p.SignCount)
	c.bool("backup_eligible", &p.BackupEligible)
	c.bool("backed_up", &p.BackedUp)
	c.bool("user_verified", &p.UserVerified)
	c.time("created_at", &p.CreatedAt)
	c.moment("last_used_at", &p.LastUsedAt)
	return c
}

// CreatePasskey implements [storage.Passkeys]. The account is held, so that those who add passkeys to it come one after the other and can count.
func (s *Store) CreatePasskey(ctx context.Context, p storage.Passkey, with storage.Effects, now time.Time) error {
	take, rest := s.effects(p.AccountID, with, now)
	steps := []step{
		holdAccount(p.AccountID),
		s.t.passkeys.add(&p),
		guard(storage.ErrFull, "SELECT 1 FROM passkeys WHERE account_id = $1 HAVING count(*) <= $2", p.AccountID, storage.PasskeysMax),
	}
	return s.run(ctx, "CreatePasskey", writing, append(append(steps, take...), rest...)...)
}

// Passkey implements [storage.Passkeys].
func (s *Store) Passkey(ctx context.Context, id string) (storage.Passkey, error) {
	return s.passkey(ctx, "Passkey", "id = $1", toText(id))
}

func (s *Store) passkey(ctx context.Context, verb, where string, args ...any) (storage.Passkey, error) {
	var found []storage.Passkey
	err := s.run(ctx, verb, reading, s.t.passkeys.get(&found, "SELECT "+s.t.passkeys.list+" FROM passkeys WHERE "+where, args...))
	if err != nil {
		return storage.Passkey{}, err
	}
	return only(verb, found)
}

// ListPasskeys implements [storage.Passkeys].
func (s *Store) ListPasskeys(ctx context.Context, accountID int64) (list []storage.Passkey, err error) {
	err = s.run(ctx, "ListPasskeys", reading, s.t.passkeys.get(&list,
		"SELECT "+s.t.passkeys.list+" FROM passkeys WHERE account_id = $1 ORDER BY created_at, id", accountID))
	return list, err
}

// TouchPasskey implements [storage.Passkeys]. One statement decides whether the counter went up; only who loses asks why.
func (s *Store) TouchPasskey(ctx context.Context, accountID int64, id string, change storage.PasskeyChange, now time.Time) (storage.Passkey, error) {
	const verb = "TouchPasskey"
	const mine = "id = $1 AND account_id = $2"
	m, used := repeating, "" // a name is the same when it is given twice
	args := []any{toText(id), accountID, toText(change.Name)}
	set := "name = CASE WHEN $3 = '' THEN name ELSE $3 END"
	if change.Used {
		m = writing
		args = append(args, change.SignCount, change.BackedUp, now)
		set += ", sign_count = $4, backed_up = $5, last_used_at = $6"
		used = " AND ($4 > sign_count OR $4 = 0 AND sign_count = 0)"
	}
	var touched []storage.Passkey
	err := s.run(ctx, verb, m, s.t.passkeys.get(&touched, "UPDATE passkeys SET "+set+" WHERE "+mine+used+" RETURNING "+s.t.passkeys.list, args...))
	if err != nil {
		return storage.Passkey{}, err
	}
	if len(touched) == 1 {
		return touched[0], nil
	}
	if _, err := s.passkey(ctx, verb, mine, toText(id), accountID); err != nil {
		return storage.Passkey{}, err
	}
	return storage.Passkey{}, fmt.Errorf("%s: %w", verb, storage.ErrConflict)
}

// DeletePasskey implements [storage.Passkeys].
func (s *Store) DeletePasskey(ctx context.Context, accountID int64, id string, with storage.Effects, now time.Time) error {
	take, rest := s.effects(accountID, with, now)
	steps := append([]step{holdAccount(accountID)}, take...)
	steps = append(steps, guard(storage.ErrNotFound, "DELETE FROM passkeys WHERE id = $1 AND account_id = $2 RETURNING 1", toText(id), accountID))
	return s.run(ctx, "DeletePasskey", writing, append(steps, rest...)...)
}
