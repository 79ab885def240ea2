package memory

import (
	"context"
	"slices"
	"time"

	"latchkey/storage"
)

// CreateAccount implements [storage.Accounts].
func (s *Store) CreateAccount(ctx context.Context, a storage.Account, with storage.Effects, now time.Time) (storage.Account, error) {
	a = cloneAccount(a)
	err := s.write(ctx, "CreateAccount", func(t *tx) error {
		if _, taken := s.bySub[a.Sub]; taken || a.Sub == "" {
			return storage.ErrExists
		}
		set(t, &s.lastID, s.lastID+1)
		a.ID, a.Version, a.Resume, a.Picture = s.lastID, 1, nil, nil
		if a.CreatedAt.IsZero() {
			a.CreatedAt = now
		}
		if a.UpdatedAt.IsZero() {
			a.UpdatedAt = now
		}
		put(t, s.bySub, a.Sub, a.ID)
		if err := s.name(t, storage.Account{}, a); err != nil {
			return err
		}
		put(t, s.accounts, a.ID, a)
		with.Put, with.Mail = slices.Clone(with.Put), slices.Clone(with.Mail)
		for i := range with.Put {
			with.Put[i].AccountID = a.ID
		}
		for i := range with.Mail {
			with.Mail[i].AccountID = a.ID
		}
		return s.apply(t, a.ID, with, now)
	})
	if err != nil {
		return storage.Account{}, err
	}
	return cloneAccount(a), nil
}

// name moves the unique names of an account from what they were to what they are.
func (s *Store) name(t *tx, was, is storage.Account) error {
	if was.UsernameKey != is.UsernameKey {
		if _, taken := s.byUsername[is.UsernameKey]; taken {
			return storage.ErrUsernameTaken
		}
		drop(t, s.byUsername, was.UsernameKey)
		if is.UsernameKey != "" {
			put(t, s.byUsername, is.UsernameKey, is.ID)
		}
	}
	if was.EmailKey != is.EmailKey {
		if _, taken := s.byEmail[is.EmailKey]; taken {
			return storage.ErrEmailTaken
		}
		drop(t, s.byEmail, was.EmailKey)
		if is.EmailKey != "" {
			put(t, s.byEmail, is.EmailKey, is.ID)
		}
	}
	return nil
}

// Account implements [storage.Accounts].
func (s *Store) Account(ctx context.Context, key storage.AccountKey) (a storage.Account, err error) {
	err = s.read(ctx, "Account", func() error {
		var there bool
		if a, there = s.find(key); !there {
			return storage.ErrNotFound
		}
		return nil
	})
	return a, err
}

func (s *Store) find(key storage.AccountKey) (storage.Account, bool) {
	id := key.ID
	switch {
	case id != 0:
	case key.Sub != "":
		id = s.bySub[key.Sub]
	case key.UsernameKey != "":
		id = s.byUsername[key.UsernameKey]
	default:
		id = s.byEmail[key.EmailKey]
	}
	found, ok := s.accounts[id]
	if !ok {
		return storage.Account{}, false
	}
	return cloneAccount(found), true
}

// ReplaceAccount implements [storage.Accounts].
func (s *Store) ReplaceAccount(ctx context.Context, a storage.Account, with storage.Effects, now time.Time) (storage.Account, error) {
	a = cloneAccount(a)
	err := s.write(ctx, "ReplaceAccount", func(t *tx) error {
		was, ok := s.accounts[a.ID]
		if !ok || !s.takeable(with.Take, now) {
			return storage.ErrNotFound
		}
		if was.Version != a.Version {
			return storage.ErrConflict
		}
		a.Sub, a.CreatedAt, a.Resume, a.Picture = was.Sub, was.CreatedAt, was.Resume, was.Picture
		a.Version++
		if a.UpdatedAt.IsZero() {
			a.UpdatedAt = now
		}
		if err := s.name(t, was, a); err != nil {
			return err
		}
		put(t, s.accounts, a.ID, a)
		return s.apply(t, a.ID, with, now)
	})
	if err != nil {
		return storage.Account{}, err
	}
	return cloneAccount(a), nil
}

// DeleteAccount implements [storage.Accounts].
func (s *Store) DeleteAccount(ctx context.Context, id int64, with storage.Effects, now time.Time) error {
	return s.write(ctx, "DeleteAccount", func(t *tx) error {
		a, ok := s.accounts[id]
		if !ok || !s.takeable(with.Take, now) {
			return storage.ErrNotFound
		}
		if with.Take != nil {
			drop(t, s.oneTimes, *with.Take)
			with.Take = nil
		}
		_ = s.name(t, a, storage.Account{}) // giving names up cannot fail
		drop(t, s.bySub, a.Sub)
		drop(t, s.accounts, id)
		for fid, f := range s.files {
			if f.account == id {
				drop(t, s.files, fid)
			}
		}
		for sid := range s.sessionsOf[id] {
			if s.liveSession(sid, now) {
				s.notify(t, s.sessions[sid], a.Sub, now)
			}
			s.removeSession(t, sid)
		}
		for gid := range s.grantsOf[id] {
			s.removeGrant(t, gid)
		}
		for k, o := range s.oneTimes {
			if o.AccountID == id {
				drop(t, s.oneTimes, k)
			}
		}
		for k := range s.consents {
			if k.account == id {
				drop(t, s.consents, k)
			}
		}
		s.dropPasskeys(t, id)
		s.dropEvents(t, id)
		return s.apply(t, id, with, now)
	})
}

// ListAccounts implements [storage.Accounts].
func (s *Store) ListAccounts(ctx context.Context, after int64, limit int) (list []storage.Account, err error) {
	err = s.read(ctx, "ListAccounts", func() error {
		for id := max(after, 0) + 1; id <= s.lastID && len(list) < limit; id++ {
			if a, ok := s.accounts[id]; ok {
				list = append(list, cloneAccount(a))
			}
		}
		return nil
	})
	return list, err
}
