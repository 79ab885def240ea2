package postgres

import (
	"context"
	"time"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// oneRow reads the only row into the places given.
func oneRow(into ...any) func(*wire.Rows) error {
	return func(rows *wire.Rows) error {
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// effects are the steps that do what [storage.Effects] says for the account: first what must be there to be taken, then the rest.
func (s *Store) effects(accountID int64, with storage.Effects, now time.Time) (take, rest []step) {
	if k := with.Take; k != nil {
		take = append(take, guard(storage.ErrNotFound, "DELETE FROM one_time_tokens WHERE purpose = $1 AND hash = $2 AND expires_at > $3 RETURNING 1",
			toText(string(k.Purpose)), toText(k.Hash), now))
	}
	if with.Finish != "" {
		rest = append(rest, guard(storage.ErrNotFound, "DELETE FROM outbox WHERE id = $1 RETURNING 1", toText(with.Finish)))
	}
	if len(with.Void) > 0 {
		purposes := make([]string, len(with.Void))
		for i, p := range with.Void {
			purposes[i] = toText(string(p))
		}
		rest = append(rest, step{sql: "DELETE FROM one_time_tokens WHERE account_id = $1 AND purpose = ANY($2)", args: []any{accountID, purposes}})
	}
	if with.DropPasskeys {
		rest = append(rest, step{sql: "DELETE FROM passkeys WHERE account_id = $1", args: []any{accountID}})
	}
	for _, o := range with.Put {
		if o.AccountID == 0 {
			o.AccountID = accountID
		}
		rest = append(rest, s.putOneTime(o, now))
	}
	if with.End != nil {
		scope := *with.End
		scope.AccountID = accountID
		rest = append(rest, s.endSessions(scope, nil, now)...)
	}
	if with.Session != nil {
		session := *with.Session
		session.AccountID = accountID
		rest = append(rest, s.createSession(session, now)...)
	}
	if with.Grant != nil {
		g := *with.Grant
		g.AccountID = accountID
		rest = append(rest, s.createGrant(g, now)...)
	}
	return take, append(rest, s.queueMail(with.Mail, now)...)
}

// putOneTime stores the token in place of one that has expired.
func (s *Store) putOneTime(o storage.OneTime, now time.Time) step {
	t := s.t.oneTimes
	args := t.walk(&o).args()
	return guard(storage.ErrExists, t.insert+` ON CONFLICT (purpose, hash) DO UPDATE
		SET account_id = excluded.account_id, data = excluded.data, created_at = excluded.created_at, expires_at = excluded.expires_at
		WHERE one_time_tokens.expires_at <= `+marks(len(args)+1, 1)+" RETURNING 1", append(args, now)...)
}

// OneTime implements [storage.OneTimes].
func (s *Store) OneTime(ctx context.Context, key storage.OneTimeKey, now time.Time) (storage.OneTime, error) {
	var found []storage.OneTime
	err := s.run(ctx, "OneTime", reading, s.t.oneTimes.get(&found,
		"SELECT "+s.t.oneTimes.list+" FROM one_time_tokens WHERE purpose = $1 AND hash = $2 AND expires_at > $3",
		toText(string(key.Purpose)), toText(key.Hash), now))
	if err != nil {
		return storage.OneTime{}, err
	}
	return only("OneTime", found)
}

// ListOneTimes implements [storage.OneTimes].
func (s *Store) ListOneTimes(ctx context.Context, accountID int64, purpose storage.Purpose, now time.Time) (list []storage.OneTime, err error) {
	err = s.run(ctx, "ListOneTimes", reading, s.t.oneTimes.get(&list, "SELECT "+s.t.oneTimes.list+
		" FROM one_time_tokens WHERE account_id = $1 AND purpose = $2 AND expires_at > $3 ORDER BY created_at DESC, hash LIMIT $4",
		accountID, toText(string(purpose)), now, storage.OneTimesListed))
	return list, err
}

// ApplyEffects implements [storage.OneTimes].
func (s *Store) ApplyEffects(ctx context.Context, accountID int64, with storage.Effects, now time.Time) error {
	take, rest := s.effects(accountID, with, now)
	account := shareAccount(accountID)
	switch hold := len(with.Void) > 0 || with.DropPasskeys; {
	case hold && with.Version != 0:
		account = unchangedAccount(accountID, with.Version, "NO KEY UPDATE")
	case hold:
		account = holdAccount(accountID) // two who remove many wait for one another here, and not for each other's rows
	case with.Version != 0:
		account = unchangedAccount(accountID, with.Version, "SHARE")
	}
	steps := append([]step{account}, take...)
	return s.run(ctx, "ApplyEffects", writing, append(steps, rest...)...)
}
