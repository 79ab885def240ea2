package postgres

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// ImportAccounts implements [storage.Imports]. Who has a name is asked first; what others take meanwhile is seen by what was not inserted.
func (s *Store) ImportAccounts(ctx context.Context, accounts []storage.Account, dry bool, now time.Time) (done []storage.ImportedAccount, err error) {
	const verb = "ImportAccounts"
	fresh, err := storage.NewForImport(accounts, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", verb, err)
	}
	err = s.transfer(ctx, verb, func(tx *wire.Conn) error {
		done = make([]storage.ImportedAccount, len(fresh))
		have, err := s.named(ctx, tx, fresh)
		if err != nil {
			return err
		}
		var todo []int
		for i, a := range fresh {
			holder, taken := have.of(a)
			if done[i] = (storage.ImportedAccount{Account: holder}); !taken {
				done[i] = storage.ImportedAccount{Account: a, Made: true}
				todo = append(todo, i)
			}
		}
		if dry || len(todo) == 0 {
			return nil
		}
		return s.importNew(ctx, tx, done, todo)
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// importNew inserts the accounts at the places todo; those whose names are taken by then become what is there.
func (s *Store) importNew(ctx context.Context, tx *wire.Conn, done []storage.ImportedAccount, todo []int) error {
	rows, err := tx.Query(ctx, "SELECT nextval('account_ids') FROM generate_series(1, $1)", len(todo))
	if err != nil {
		return err
	}
	ids := make([]int64, 0, len(todo))
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	b := &wire.Batch{}
	for n, i := range todo {
		done[i].Account.ID = ids[n]
		b.Queue(s.t.accounts.insert+" ON CONFLICT DO NOTHING", s.t.accounts.walk(&done[i].Account).args()...)
	}
	results := tx.SendBatch(ctx, b)
	var lost []storage.Account
	for _, i := range todo {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close() // says the same again
			return err
		}
		if done[i].Made = tag.RowsAffected() == 1; !done[i].Made {
			lost = append(lost, done[i].Account)
		}
	}
	if err := results.Close(); err != nil || len(lost) == 0 {
		return err
	}
	have, err := s.named(ctx, tx, lost)
	for _, i := range todo {
		if !done[i].Made {
			done[i].Account, _ = have.of(done[i].Account)
		}
	}
	return err
}

// holders are accounts by their names.
type holders struct{ sub, username, email map[string]storage.Account }

// of returns the account that has a name of a, as [storage.ImportedAccount] has it.
func (h holders) of(a storage.Account) (storage.Account, bool) {
	for _, found := range []struct {
		in  map[string]storage.Account
		key string
	}{{h.sub, a.Sub}, {h.username, a.UsernameKey}, {h.email, a.EmailKey}} {
		if have, there := found.in[found.key]; there && found.key != "" {
			return have, true
		}
	}
	return storage.Account{}, false
}

// named reads the accounts that have a name of one of these.
func (s *Store) named(ctx context.Context, tx *wire.Conn, accounts []storage.Account) (holders, error) {
	var subs, usernames, emails []string
	for _, a := range accounts {
		subs, usernames, emails = append(subs, toText(a.Sub)), append(usernames, toText(a.UsernameKey)), append(emails, toText(a.EmailKey))
	}
	var found []storage.Account
	read := s.person(&found, "a.id IN (SELECT id FROM accounts WHERE sub = ANY($1) UNION SELECT id FROM accounts WHERE username_key = ANY($2)"+
		" UNION SELECT id FROM accounts WHERE email_key = ANY($3))", subs, usernames, emails) // no row has an empty one
	rows, err := tx.Query(ctx, read.sql, read.args...)
	if err == nil {
		err = read.read(rows)
	}
	h := holders{sub: map[string]storage.Account{}, username: map[string]storage.Account{}, email: map[string]storage.Account{}}
	for _, a := range found {
		h.sub[a.Sub], h.username[a.UsernameKey], h.email[a.EmailKey] = a, a, a
	}
	return h, err
}
