package postgres

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

// CreateAccount implements [storage.Accounts]. The ID is taken first, so that what comes with the account can name it; a number whose account did
// not come about is never given out again either.
func (s *Store) CreateAccount(ctx context.Context, a storage.Account, with storage.Effects, now time.Time) (storage.Account, error) {
	const verb = "CreateAccount"
	a.Version = 1
	if a.CreatedAt.IsZero() {
		a.CreatedAt = now
	}
	if a.UpdatedAt.IsZero() {
		a.UpdatedAt = now
	}
	if err := s.run(ctx, verb, repeating, number(&a.ID, "SELECT nextval('account_ids')")); err != nil {
		return storage.Account{}, err
	}
	with = ownedBy(with, a.ID)
	take, rest := s.effects(a.ID, with, now)
	steps := append([]step{s.t.accounts.add(&a)}, take...)
	var made []storage.Account
	steps = append(append(steps, rest...), s.person(&made, "a.id = $1", a.ID))
	if err := s.run(ctx, verb, writing, steps...); err != nil {
		return storage.Account{}, err
	}
	return only(verb, made)
}

// ownedBy returns the effects with the account that is being created as the owner of what they put.
func ownedBy(with storage.Effects, accountID int64) storage.Effects {
	put, mail := make([]storage.OneTime, len(with.Put)), make([]storage.Mail, len(with.Mail))
	copy(put, with.Put)
	copy(mail, with.Mail)
	for i := range put {
		put[i].AccountID = accountID
	}
	for i := range mail {
		mail[i].AccountID = accountID
	}
	with.Put, with.Mail = put, mail
	return with
}

// person reads accounts with their files.
func (s *Store) person(into *[]storage.Account, where string, args ...any) step {
	return s.t.people.get(into, "SELECT "+s.t.people.list+people+"WHERE "+where, args...)
}

// number is a step that reads one integer.
func number(into *int64, sql string, args ...any) step {
	return step{sql: sql, args: args, scan: oneRow(into)}
}

// only returns the one record of a list. Errors: ErrNotFound.
func only[T any](verb string, list []T) (r T, err error) {
	if len(list) == 0 {
		return r, fmt.Errorf("%s: %w", verb, storage.ErrNotFound)
	}
	return list[0], nil
}

// Account implements [storage.Accounts].
func (s *Store) Account(ctx context.Context, key storage.AccountKey) (storage.Account, error) {
	var found []storage.Account
	where, name := accountIs(key)
	if err := s.run(ctx, "Account", reading, s.person(&found, where, name)); err != nil {
		return storage.Account{}, err
	}
	return only("Account", found)
}

// accountIs is the condition that finds the account, and its one argument.
func accountIs(key storage.AccountKey) (where string, name any) {
	switch {
	case key.ID != 0:
		return "a.id = $1", key.ID
	case key.Sub != "":
		return "a.sub = $1", toText(key.Sub)
	case key.UsernameKey != "":
		return "a.username_key = $1", toText(key.UsernameKey)
	}
	return "a.email_key = $1", toText(key.EmailKey) // no row has an empty one
}

// ReplaceAccount implements [storage.Accounts].
func (s *Store) ReplaceAccount(ctx context.Context, a storage.Account, with storage.Effects, now time.Time) (storage.Account, error) {
	if a.UpdatedAt.IsZero() {
		a.UpdatedAt = now
	}
	take, rest := s.effects(a.ID, with, now)
	steps := append([]step{holdAccount(a.ID)}, take...)
	set, args := s.t.accounts.set(&a, 2, "id", "sub", "created_at", "version")
	var changed []storage.Account
	steps = append(steps,
		guard(storage.ErrConflict, "SELECT 1 FROM accounts WHERE id = $1 AND version = $2", a.ID, a.Version),
		step{sql: "UPDATE accounts SET version = version + 1, " + set + " WHERE id = $1", args: append([]any{a.ID}, args...)},
	)
	steps = append(append(steps, rest...), s.person(&changed, "a.id = $1", a.ID))
	if err := s.run(ctx, "ReplaceAccount", writing, steps...); err != nil {
		return storage.Account{}, err
	}
	return only("ReplaceAccount", changed)
}

// holdAccount keeps others from changing or removing the account; what refers to it can still be added.
func holdAccount(id int64) step {
	return guard(storage.ErrNotFound, "SELECT 1 FROM accounts WHERE id = $1 FOR NO KEY UPDATE", id)
}

// shareAccount keeps others from removing the account.
func shareAccount(id int64) step {
	return guard(storage.ErrNotFound, "SELECT 1 FROM accounts WHERE id = $1 FOR KEY SHARE", id)
}

// unchangedAccount keeps others from changing the account, which is to be of this version. Whoever is changing it is waited for: what they do to an
// account's sessions must find the one that comes with this.
func unchangedAccount(id, version int64, lock string) step {
	return guard(storage.ErrConflict, "SELECT 1 FROM accounts WHERE id = $1 AND version = $2 FOR "+lock, id, version)
}

// DeleteAccount implements [storage.Accounts]. What is the account's own goes with its row.
func (s *Store) DeleteAccount(ctx context.Context, id int64, with storage.Effects, now time.Time) error {
	take, rest := s.effects(id, with, now)
	steps := append([]step{guard(storage.ErrNotFound, "SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE", id)}, take...)
	steps = append(steps, s.endSessions(storage.EndScope{AccountID: id}, nil, now)...)
	steps = append(steps, step{sql: "DELETE FROM accounts WHERE id = $1", args: []any{id}})
	return s.run(ctx, "DeleteAccount", writing, append(steps, rest...)...)
}

// ListAccounts implements [storage.Accounts].
func (s *Store) ListAccounts(ctx context.Context, after int64, limit int) (list []storage.Account, err error) {
	err = s.run(ctx, "ListAccounts", reading, s.person(&list, "a.id > $1 ORDER BY a.id LIMIT $2", max(after, 0), max(limit, 0)))
	return list, err
}
