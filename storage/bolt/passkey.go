package bolt

import (
	"context"
	"time"

	"latchkey/storage"
)

func passkeyOfKey(accountID int64, id string) []byte { return join(idKey(accountID), id) }

// CreatePasskey implements [storage.Passkeys].
func (s *Store) CreatePasskey(ctx context.Context, in storage.Passkey, with storage.Effects, now time.Time) error {
	p := own(walkPasskey, in)
	return s.update(ctx, "CreatePasskey", func(t *txn) error {
		if !t.hasAccount(p.AccountID) {
			return storage.ErrNotFound
		}
		if p.ID == "" || t.has(tPasskeys, []byte(p.ID)) {
			return storage.ErrExists
		}
		if len(t.members(tPasskeysOf, idKey(p.AccountID))) >= storage.PasskeysMax {
			return storage.ErrFull
		}
		t.addPasskey(p)
		return t.apply(p.AccountID, with, now)
	})
}

func (t *txn) addPasskey(p storage.Passkey) {
	save(t, tPasskeys, []byte(p.ID), walkPasskey, p)
	t.mark(tPasskeysOf, passkeyOfKey(p.AccountID, p.ID))
	t.delta[tPasskeys]++
}

// removePasskey removes one that is there, without reading it: one that is damaged must not keep its account.
func (t *txn) removePasskey(accountID int64, id string) {
	t.drop(tPasskeys, []byte(id))
	t.drop(tPasskeysOf, passkeyOfKey(accountID, id))
	t.delta[tPasskeys]--
}

func (t *txn) dropPasskeys(accountID int64) {
	for _, id := range t.members(tPasskeysOf, idKey(accountID)) {
		t.removePasskey(accountID, string(id))
	}
}

func (t *txn) passkey(id string) (storage.Passkey, bool) {
	return load(t, tPasskeys, []byte(id), walkPasskey)
}

// Passkey implements [storage.Passkeys].
func (s *Store) Passkey(ctx context.Context, id string) (p storage.Passkey, err error) {
	err = s.view(ctx, "Passkey", func(t *txn) error {
		found, ok := t.passkey(id)
		if !ok {
			return storage.ErrNotFound
		}
		p = found
		return nil
	})
	return p, err
}

// ListPasskeys implements [storage.Passkeys].
func (s *Store) ListPasskeys(ctx context.Context, accountID int64) (list []storage.Passkey, err error) {
	err = s.view(ctx, "ListPasskeys", func(t *txn) error {
		for _, id := range t.members(tPasskeysOf, idKey(accountID)) {
			p, ok := t.passkey(string(id))
			if !ok || p.AccountID != accountID {
				return corrupt(tPasskeysOf, "an entry that leads elsewhere").err
			}
			list = append(list, p)
		}
		storage.Sort(list, storage.Passkey.Compare)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// TouchPasskey implements [storage.Passkeys].
func (s *Store) TouchPasskey(ctx context.Context, accountID int64, id string, change storage.PasskeyChange, now time.Time) (p storage.Passkey, err error) {
	err = s.update(ctx, "TouchPasskey", func(t *txn) error {
		found, ok := t.passkey(id)
		if !ok || found.AccountID != accountID {
			return storage.ErrNotFound
		}
		if !found.Change(change, now) {
			return storage.ErrConflict
		}
		save(t, tPasskeys, []byte(id), walkPasskey, found)
		p = found
		return nil
	})
	if err != nil {
		return storage.Passkey{}, err
	}
	return p, nil
}

// DeletePasskey implements [storage.Passkeys].
func (s *Store) DeletePasskey(ctx context.Context, accountID int64, id string, with storage.Effects, now time.Time) error {
	return s.update(ctx, "DeletePasskey", func(t *txn) error {
		if _, mine := t.get(tPasskeysOf, passkeyOfKey(accountID, id)); !mine {
			return storage.ErrNotFound
		}
		t.removePasskey(accountID, id)
		return t.apply(accountID, with, now)
	})
}
