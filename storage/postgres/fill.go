package postgres

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// transferName is what connections are called that move everything.
const transferName = "latchkey transfer"

// refuseHalfFilled fails where the database is only half filled.
func refuseHalfFilled(ctx context.Context, conn *wire.Conn) error {
	progress, err := noted(ctx, conn, "")
	if err == nil && progress != nil {
		err = storage.ErrHalfFilled
	}
	return err
}

// noted returns what was noted last, nil for nothing.
func noted(ctx context.Context, q *wire.Conn, lock string) (progress []byte, err error) {
	err = q.QueryRow(ctx, "SELECT progress FROM transfer WHERE id = 1"+lock).Scan(&progress)
	if errors.Is(err, wire.ErrNoRows) {
		return nil, nil
	}
	return progress, err
}

// FillProgress implements [storage.Transfers].
func (s *Store) FillProgress(ctx context.Context) (progress []byte, err error) {
	err = s.transfer(ctx, "FillProgress", func(tx *wire.Conn) (err error) {
		progress, err = noted(ctx, tx, "")
		return err
	})
	return progress, err
}

// FinishFill implements [storage.Transfers].
func (s *Store) FinishFill(ctx context.Context, from []byte) error {
	return s.transfer(ctx, "FinishFill", func(tx *wire.Conn) error {
		progress, err := noted(ctx, tx, " FOR UPDATE")
		switch {
		case err != nil || progress == nil:
			return err
		case !bytes.Equal(progress, from):
			return storage.ErrConflict
		}
		_, err = tx.Exec(ctx, "DELETE FROM transfer WHERE id = 1")
		return err
	})
}

// Fill implements [storage.Transfers].
func (s *Store) Fill(ctx context.Context, items []storage.Item, from, to []byte) error {
	if len(to) == 0 || len(to) > storage.MaxFillProgress {
		return fmt.Errorf("Fill: progress of %d bytes", len(to))
	}
	return s.transfer(ctx, "Fill", func(tx *wire.Conn) error {
		progress, err := noted(ctx, tx, " FOR UPDATE")
		if err == nil && bytes.Equal(progress, to) {
			return nil
		}
		if err == nil && !bytes.Equal(progress, from) {
			err = storage.ErrConflict
		}
		if err == nil && progress == nil {
			err = refuseFilled(ctx, tx)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO transfer (id, progress) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET progress = excluded.progress", to); err != nil {
			return err
		}
		return s.insertAll(ctx, tx, items)
	})
}

// transfer runs fn in a transaction that may take its time.
func (s *Store) transfer(ctx context.Context, verb string, fn func(tx *wire.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", verb, storage.ErrUnavailable, err)
	}
	defer conn.Release()
	err = conn.InTx(ctx, func(tx *wire.Conn) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', '0', true)"); err != nil {
			return err
		}
		return fn(tx)
	})
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", verb, transferError(err, conn.IsClosed()))
}

// refuseFilled fails unless nothing is stored. The sequence of accounts is not asked: it is in no transaction, so an interrupted one can have set it.
func refuseFilled(ctx context.Context, tx *wire.Conn) error {
	sql := "SELECT (SELECT revision FROM keyring WHERE id = 1) > 0"
	for _, name := range []string{
		"accounts", "files", "sessions", "grants", "consents", "passkeys", "account_events", "one_time_tokens", "denials", "replays", "pushed_requests", "devices", "clients",
		"registration_tokens", "outbox", "notices",
	} {
		sql += " OR EXISTS (SELECT 1 FROM " + name + ")"
	}
	var filled bool
	if err := tx.QueryRow(ctx, sql).Scan(&filled); err != nil {
		return err
	}
	if filled {
		return storage.ErrNotEmpty
	}
	return nil
}

// insertAll stores the records, those of a kind together, in the order in which kinds come first.
func (s *Store) insertAll(ctx context.Context, tx *wire.Conn, items []storage.Item) error {
	b := &wire.Batch{}
	var last int64
	accounts := false
	var rings []storage.Keyring
	for _, item := range items {
		switch r := item.(type) {
		case storage.AccountSequence:
			last = max(last, r.Last)
		case storage.Keyring:
			rings = append(rings, r)
		default:
			_, account := item.(storage.Account)
			accounts = accounts || account
			if err := s.queue(b, item); err != nil {
				return err
			}
		}
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	for _, k := range rings {
		if err := s.fillRing(ctx, tx, k); err != nil {
			return err
		}
	}
	if !accounts && last == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `SELECT setval('account_ids', greatest($1::bigint, (SELECT last_value FROM account_ids), (SELECT coalesce(max(id), 0) FROM accounts)))`, last)
	return err
}

// queue adds the statement that stores the record, unless it is there.
func (s *Store) queue(b *wire.Batch, item storage.Item) error {
	switch r := item.(type) {
	case storage.Account:
		put(b, s.t.accounts, r)
	case storage.StoredFile:
		put(b, s.t.files, file{account: r.AccountID, kind: r.Kind, info: r.Info, content: r.Content})
	case storage.Session:
		put(b, s.t.sessions, r)
	case storage.StoredGrant:
		put(b, s.t.grants, revocable(r))
	case storage.Consent:
		put(b, s.t.consents, r)
	case storage.Passkey:
		put(b, s.t.passkeys, r)
	case storage.AccountEvent:
		put(b, s.t.events, r)
	case storage.OneTime:
		put(b, s.t.oneTimes, r)
	case storage.Denial:
		put(b, s.t.denials, r)
	case storage.Replay:
		put(b, s.t.replays, r)
	case storage.PushedRequest:
		put(b, s.t.pushed, r)
	case storage.Device:
		put(b, s.t.devices, r)
	case storage.Client:
		put(b, s.t.clients, r)
	case storage.RegistrationToken:
		put(b, s.t.registrations, r)
	case storage.Mail:
		r.LeaseUntil = time.Time{}
		put(b, s.t.mails, r)
	case storage.LogoutNotice:
		r.LeaseUntil = time.Time{}
		put(b, s.t.notices, r)
	default:
		return fmt.Errorf("a record of type %T", item)
	}
	return nil
}

func put[T any](b *wire.Batch, t table[T], r T) {
	b.Queue(t.insert+" ON CONFLICT DO NOTHING", t.walk(&r).args()...)
}

// revocable is the grant as a row. When it was revoked is not moved, but that it was: the row then says when it came about.
func revocable(r storage.StoredGrant) grant {
	g := grant{Grant: r.Grant}
	if r.Revoked {
		g.revokedAt = cmp.Or(r.CreatedAt, time.Unix(0, 0))
	}
	return g
}

// fillRing stores the keyring, unless there is one.
func (s *Store) fillRing(ctx context.Context, tx *wire.Conn, k storage.Keyring) error {
	tag, err := tx.Exec(ctx, "UPDATE keyring SET revision = $1 WHERE id = 1 AND revision = 0", k.Revision)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	b := &wire.Batch{}
	for i, key := range k.Keys {
		put(b, s.t.keys, signingKey{place: i, SigningKey: key})
	}
	for i, key := range k.Secrets {
		put(b, s.t.secrets, secret{place: i, Secret: key})
	}
	return tx.SendBatch(ctx, b).Close()
}
