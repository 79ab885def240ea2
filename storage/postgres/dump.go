package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// Dump implements [storage.Transfers]. It is one transaction, which sees the database as it was at its beginning and holds nobody up; rows are read
// as yield takes them. It has a connection of its own.
func (s *Store) Dump(ctx context.Context, yield func(storage.Item) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("Dump: %w", err)
	}
	conn, err := wire.Connect(ctx, s.listener)
	if err != nil {
		return fmt.Errorf("Dump: %w: %w", storage.ErrUnavailable, err)
	}
	d := &dumping{tx: conn, t: &s.t, yield: func(item storage.Item) error { return cmp.Or(ctx.Err(), yield(item)) }}
	err = d.all(ctx)
	closed := conn.IsClosed()
	_ = conn.Close(context.WithoutCancel(ctx)) // ends the transaction, which changed nothing
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("Dump: %w", ctx.Err())
	}
	return fmt.Errorf("Dump: %w", transferError(err, closed))
}

// transferError is what an error means to who moves everything: nothing is tried again.
func transferError(err error, closed bool) error {
	if _, ours := errors.AsType[*pgconn.PgError](err); !ours && !closed {
		return err
	}
	c := classOf(err, closed)
	if known := constraintError(c, err); known != nil {
		return fmt.Errorf("%w: %w", known, err)
	}
	switch c {
	case classBroken, classBusy, classMoved, classSerial, classStale:
		return fmt.Errorf("%w: %w", storage.ErrUnavailable, err)
	}
	return err
}

// dumping is a dump under way.
type dumping struct {
	tx    *wire.Conn
	t     *tables
	yield func(storage.Item) error
}

func (d *dumping) all(ctx context.Context) error {
	for _, sql := range []string{
		"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		"SELECT set_config('statement_timeout', '0', true)", // a table takes as long as yield does
	} {
		if _, err := d.tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := d.sequence(ctx); err != nil {
		return err
	}
	for _, table := range []func() error{
		func() error { return each(ctx, d, d.t.accounts, "id", item[storage.Account]) },
		func() error { return each(ctx, d, d.t.files, "id", storedFile) },
		func() error { return each(ctx, d, d.t.sessions, "sid", item[storage.Session]) },
		func() error { return each(ctx, d, d.t.grants, "id", storedGrant) },
		func() error { return each(ctx, d, d.t.consents, "account_id, client_id", item[storage.Consent]) },
		func() error { return each(ctx, d, d.t.passkeys, "id", item[storage.Passkey]) },
		func() error { return each(ctx, d, d.t.events, "account_id, id", item[storage.AccountEvent]) },
		func() error { return each(ctx, d, d.t.oneTimes, "purpose, hash", item[storage.OneTime]) },
		func() error { return each(ctx, d, d.t.denials, "jti", item[storage.Denial]) },
		func() error { return each(ctx, d, d.t.replays, "key", item[storage.Replay]) },
		func() error { return each(ctx, d, d.t.pushed, "id", item[storage.PushedRequest]) },
		func() error { return each(ctx, d, d.t.devices, "code_hash", item[storage.Device]) },
		func() error { return each(ctx, d, d.t.clients, "id", item[storage.Client]) },
		func() error { return each(ctx, d, d.t.registrations, "id", item[storage.RegistrationToken]) },
		func() error { return each(ctx, d, d.t.mails, "id", unleasedMail) },
		func() error { return each(ctx, d, d.t.notices, "sid, client_id", unleasedNotice) },
	} {
		if err := table(); err != nil {
			return err
		}
	}
	return d.keyring(ctx)
}

// sequence comes first: numbers are given out before they are used, and outside of transactions.
func (d *dumping) sequence(ctx context.Context) error {
	var last int64
	var used bool
	if err := d.tx.QueryRow(ctx, "SELECT last_value, is_called FROM account_ids").Scan(&last, &used); err != nil || !used {
		return err
	}
	return d.yield(storage.AccountSequence{Last: last})
}

func (d *dumping) keyring(ctx context.Context) error {
	var r ring
	if err := d.tx.QueryRow(ctx, keyringRevision).Scan(&r.revision); err != nil || r.revision == 0 {
		return err
	}
	if err := eachRow(ctx, d, d.t.keys, "place", func(k signingKey) error { r.keys = append(r.keys, k); return nil }); err != nil {
		return err
	}
	if err := eachRow(ctx, d, d.t.secrets, "place", func(k secret) error { r.secrets = append(r.secrets, k); return nil }); err != nil {
		return err
	}
	return d.yield(r.keyring())
}

// each yields the rows of a table.
func each[T any](ctx context.Context, d *dumping, t table[T], order string, as func(T) storage.Item) error {
	return eachRow(ctx, d, t, order, func(r T) error { return d.yield(as(r)) })
}

func eachRow[T any](ctx context.Context, d *dumping, t table[T], order string, do func(T) error) error {
	rows, err := d.tx.Query(ctx, "SELECT "+t.list+" FROM "+t.name+" ORDER BY "+order)
	if err != nil {
		return err
	}
	for rows.Next() {
		var r T
		err := t.walk(&r).scan(rows)
		if err == nil {
			err = do(r)
		}
		if err != nil {
			_ = d.tx.Close(ctx) // else the rest would be read
			return err
		}
	}
	return rows.Err()
}

func item[T storage.Item](r T) storage.Item { return r }

func storedFile(f file) storage.Item {
	return storage.StoredFile{AccountID: f.account, Kind: f.kind, Info: f.info, Content: f.content}
}

func storedGrant(g grant) storage.Item {
	return storage.StoredGrant{Grant: g.Grant, Revoked: !g.revokedAt.IsZero()}
}

func unleasedMail(m storage.Mail) storage.Item {
	m.LeaseUntil = time.Time{}
	return m
}

func unleasedNotice(n storage.LogoutNotice) storage.Item {
	n.LeaseUntil = time.Time{}
	return n
}
