package bolt

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"latchkey/storage"
)

// CreateAccount implements [storage.Accounts].
func (s *Store) CreateAccount(ctx context.Context, in storage.Account, with storage.Effects, now time.Time) (a storage.Account, err error) {
	err = s.update(ctx, "CreateAccount", func(t *txn) error {
		a = in
		a.Resume, a.Picture, a.Version = nil, nil, 1
		if a.CreatedAt.IsZero() {
			a.CreatedAt = now
		}
		if a.UpdatedAt.IsZero() {
			a.UpdatedAt = now
		}
		if _, taken := t.get(tSubs, []byte(a.Sub)); taken || a.Sub == "" {
			return storage.ErrExists
		}
		if err := t.namesFree(storage.Account{}, a); err != nil {
			return err
		}
		if with.Take != nil && !t.takeable(*with.Take, now) {
			return storage.ErrNotFound
		}
		a.ID = t.nextID()
		t.addAccount(a)
		own := with
		own.Put, own.Mail = slices.Clone(with.Put), slices.Clone(with.Mail)
		for i := range own.Put {
			own.Put[i].AccountID = a.ID
		}
		for i := range own.Mail {
			own.Mail[i].AccountID = a.ID
		}
		return t.apply(a.ID, own, now)
	})
	if err != nil {
		return storage.Account{}, err
	}
	return own(walkAccount, a), nil
}

// addAccount stores an account whose names are free.
func (t *txn) addAccount(a storage.Account) {
	t.point(tSubs, []byte(a.Sub), idKey(a.ID))
	t.rename(storage.Account{}, a)
	save(t, tAccounts, idKey(a.ID), walkAccount, a)
	t.delta[tAccounts]++
}

// own returns a copy that shares nothing with v.
func own[T any](walk func(*coder, *T), v T) T {
	v, _ = decode(walk, encode(walk, v)[sumSize:])
	return v
}

// nextID is kept in a row, so that IDs of deleted accounts are never given out again.
func (t *txn) nextID() int64 {
	id := int64(1)
	if last, ok := t.get(tMeta, []byte(keyLastID)); ok {
		id = int64(binary.BigEndian.Uint64(last)) + 1
	} else if k, _ := t.bucket(tAccounts).Cursor().First(); k != nil {
		panic(corrupt(tMeta, "no last account ID")) // counting from 1 again would write over somebody
	}
	t.point(tMeta, []byte(keyLastID), idKey(id))
	return id
}

// namesFree checks the unique names that an account is to have and has not yet.
func (t *txn) namesFree(was, is storage.Account) error {
	if is.UsernameKey != was.UsernameKey {
		if _, taken := t.get(tUsernames, []byte(is.UsernameKey)); taken {
			return storage.ErrUsernameTaken
		}
	}
	if is.EmailKey != was.EmailKey {
		if _, taken := t.get(tEmails, []byte(is.EmailKey)); taken {
			return storage.ErrEmailTaken
		}
	}
	return nil
}

// rename moves the unique names, which are free, from what they were to what they are.
func (t *txn) rename(was, is storage.Account) {
	move := func(tb table, from, to string) {
		if from == to {
			return
		}
		if from != "" {
			t.drop(tb, []byte(from))
		}
		if to != "" {
			t.point(tb, []byte(to), idKey(is.ID))
		}
	}
	move(tUsernames, was.UsernameKey, is.UsernameKey)
	move(tEmails, was.EmailKey, is.EmailKey)
}

func (t *txn) account(id int64) (storage.Account, bool) {
	return load(t, tAccounts, idKey(id), walkAccount)
}

func (t *txn) hasAccount(id int64) bool {
	_, ok := t.get(tAccounts, idKey(id))
	return ok
}

// find returns the account that an index leads to, and refuses to return one that does not fit.
func (t *txn) find(key storage.AccountKey) (storage.Account, bool) {
	if key.ID != 0 {
		return t.account(key.ID)
	}
	tb, name := tEmails, key.EmailKey
	switch {
	case key.Sub != "":
		tb, name = tSubs, key.Sub
	case key.UsernameKey != "":
		tb, name = tUsernames, key.UsernameKey
	}
	id, ok := t.get(tb, []byte(name))
	if !ok {
		return storage.Account{}, false
	}
	a, ok := load(t, tAccounts, id, walkAccount)
	fits := a.EmailKey
	switch tb {
	case tSubs:
		fits = a.Sub
	case tUsernames:
		fits = a.UsernameKey
	}
	if ok && fits != name {
		panic(corrupt(tb, "an entry that leads elsewhere"))
	}
	return a, ok
}

// Account implements [storage.Accounts].
func (s *Store) Account(ctx context.Context, key storage.AccountKey) (a storage.Account, err error) {
	err = s.view(ctx, "Account", func(t *txn) error {
		found, ok := t.find(key)
		if !ok {
			return storage.ErrNotFound
		}
		a = found
		return nil
	})
	return a, err
}

// ReplaceAccount implements [storage.Accounts].
func (s *Store) ReplaceAccount(ctx context.Context, in storage.Account, with storage.Effects, now time.Time) (a storage.Account, err error) {
	err = s.update(ctx, "ReplaceAccount", func(t *txn) error {
		was, ok := t.account(in.ID)
		if !ok || with.Take != nil && !t.takeable(*with.Take, now) {
			return storage.ErrNotFound
		}
		if was.Version != in.Version {
			return storage.ErrConflict
		}
		a = in
		a.Sub, a.CreatedAt, a.Resume, a.Picture = was.Sub, was.CreatedAt, was.Resume, was.Picture
		a.Version++
		if a.UpdatedAt.IsZero() {
			a.UpdatedAt = now
		}
		if err := t.namesFree(was, a); err != nil {
			return err
		}
		t.rename(was, a)
		save(t, tAccounts, idKey(a.ID), walkAccount, a)
		return t.apply(a.ID, with, now)
	})
	if err != nil {
		return storage.Account{}, err
	}
	return own(walkAccount, a), nil
}

// DeleteAccount implements [storage.Accounts].
func (s *Store) DeleteAccount(ctx context.Context, id int64, with storage.Effects, now time.Time) error {
	return s.update(ctx, "DeleteAccount", func(t *txn) error {
		a, ok := t.account(id)
		if !ok || with.Take != nil && !t.takeable(*with.Take, now) {
			return storage.ErrNotFound
		}
		rest := with
		if rest.Take = nil; with.Take != nil {
			t.removeOneTime(*with.Take)
		}
		t.rename(a, storage.Account{})
		t.drop(tSubs, []byte(a.Sub))
		for _, f := range []*storage.FileInfo{a.Resume, a.Picture} {
			t.removeFile(f)
		}
		for _, sid := range t.members(tSessionsOf, idKey(id)) {
			if session, live := t.liveSession(string(sid), now); live {
				t.notify(session, a.Sub, now)
			}
			t.removeSession(string(sid))
		}
		for _, gid := range t.members(tGrantsOf, idKey(id)) {
			t.removeGrant(string(gid))
		}
		t.voidOneTimes(id, func(storage.Purpose) bool { return true })
		for _, client := range t.members(tConsents, idKey(id)) {
			t.removeConsent(id, string(client))
		}
		t.dropPasskeys(id)
		t.dropEvents(id)
		t.drop(tAccounts, idKey(id))
		t.delta[tAccounts]--
		return t.apply(id, rest, now)
	})
}

// ListAccounts implements [storage.Accounts].
func (s *Store) ListAccounts(ctx context.Context, after int64, limit int) (list []storage.Account, err error) {
	err = s.view(ctx, "ListAccounts", func(t *txn) error {
		list = scanRecords(t, tAccounts, idKey(max(after, 0)+1), nil, limit, walkAccount)
		return nil
	})
	return list, err
}

// scanRecords returns at most limit records whose keys begin with prefix, from the key given on.
func scanRecords[T any](t *txn, tb table, from, prefix []byte, limit int, walk func(*coder, *T)) (list []T) {
	if limit < 1 {
		return nil
	}
	t.scan(tb, from, prefix, func(_, payload []byte) bool {
		v, ok := decode(walk, payload)
		if !ok {
			panic(corrupt(tb, "a row that cannot be read"))
		}
		list = append(list, v)
		return len(list) < limit
	})
	return list
}
