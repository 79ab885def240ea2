package bolt

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// apply does what [storage.Effects] says for the account, in the order of its fields but sessions before the grants they buy.
func (t *txn) apply(accountID int64, with storage.Effects, now time.Time) error {
	if with.Take != nil {
		if !t.takeable(*with.Take, now) {
			return storage.ErrNotFound
		}
		t.removeOneTime(*with.Take)
	}
	if with.Finish != "" {
		if _, ok := t.mail(with.Finish); !ok {
			return storage.ErrNotFound
		}
		t.removeMail(with.Finish)
	}
	if len(with.Void) > 0 {
		t.voidOneTimes(accountID, func(p storage.Purpose) bool { return slices.Contains(with.Void, p) })
	}
	if with.DropPasskeys {
		t.dropPasskeys(accountID)
	}
	for _, o := range with.Put {
		if err := t.putOneTime(accountID, o, now); err != nil {
			return err
		}
	}
	if with.End != nil {
		scope := *with.End
		scope.AccountID = accountID
		t.endSessions(scope, now)
	}
	if with.Session != nil {
		session := *with.Session
		session.AccountID = accountID
		if err := t.createSession(session, now); err != nil {
			return err
		}
	}
	if with.Grant != nil {
		g := *with.Grant
		g.AccountID = accountID
		if err := t.createGrant(g, now); err != nil {
			return err
		}
	}
	return t.queueMail(with.Mail, now)
}

func oneTimeKey(k storage.OneTimeKey) []byte { return join(within(string(k.Purpose)), k.Hash) }

func (t *txn) takeable(k storage.OneTimeKey, now time.Time) bool {
	o, ok := load(t, tOneTimes, oneTimeKey(k), walkOneTime)
	return ok && o.ExpiresAt.After(now)
}

func (t *txn) putOneTime(accountID int64, o storage.OneTime, now time.Time) error {
	if o.AccountID == 0 {
		o.AccountID = accountID
	}
	if !t.hasAccount(o.AccountID) {
		return storage.ErrNotFound
	}
	if t.takeable(o.OneTimeKey, now) || o.Hash == "" {
		return storage.ErrExists
	}
	t.removeOneTime(o.OneTimeKey)
	t.addOneTime(o)
	return nil
}

func (t *txn) addOneTime(o storage.OneTime) {
	key := oneTimeKey(o.OneTimeKey)
	save(t, tOneTimes, key, walkOneTime, o)
	t.mark(tOneTimesOf, append(idKey(o.AccountID), key...))
	t.mark(tExpiry, expiryKey(o.ExpiresAt, tOneTimes, key))
	t.delta[tOneTimes]++
}

func (t *txn) removeOneTime(k storage.OneTimeKey) {
	key := oneTimeKey(k)
	o, ok := load(t, tOneTimes, key, walkOneTime)
	if !ok {
		return
	}
	t.drop(tOneTimes, key)
	t.drop(tOneTimesOf, append(idKey(o.AccountID), key...))
	t.drop(tExpiry, expiryKey(o.ExpiresAt, tOneTimes, key))
	t.delta[tOneTimes]--
}

// voidOneTimes removes the account's tokens of the purposes that are meant.
func (t *txn) voidOneTimes(accountID int64, meant func(storage.Purpose) bool) {
	for _, key := range t.members(tOneTimesOf, idKey(accountID)) {
		if o, ok := load(t, tOneTimes, key, walkOneTime); ok && meant(o.Purpose) {
			t.removeOneTime(o.OneTimeKey)
		}
	}
}

// OneTime implements [storage.OneTimes].
func (s *Store) OneTime(ctx context.Context, key storage.OneTimeKey, now time.Time) (o storage.OneTime, err error) {
	err = s.view(ctx, "OneTime", func(t *txn) error {
		found, ok := load(t, tOneTimes, oneTimeKey(key), walkOneTime)
		if !ok || !found.ExpiresAt.After(now) {
			return storage.ErrNotFound
		}
		o = found
		return nil
	})
	return o, err
}

// ListOneTimes implements [storage.OneTimes].
func (s *Store) ListOneTimes(ctx context.Context, accountID int64, purpose storage.Purpose, now time.Time) (list []storage.OneTime, err error) {
	err = s.view(ctx, "ListOneTimes", func(t *txn) error {
		of := append(idKey(accountID), within(string(purpose))...)
		for _, hash := range t.members(tOneTimesOf, of) {
			o, ok := load(t, tOneTimes, oneTimeKey(storage.OneTimeKey{Purpose: purpose, Hash: string(hash)}), walkOneTime)
			if ok && o.ExpiresAt.After(now) {
				list = append(list, o)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	storage.Sort(list, func(a, b storage.OneTime) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(a.Hash, b.Hash))
	})
	return list[:min(len(list), storage.OneTimesListed)], nil
}

// ApplyEffects implements [storage.OneTimes].
func (s *Store) ApplyEffects(ctx context.Context, accountID int64, with storage.Effects, now time.Time) error {
	return s.update(ctx, "ApplyEffects", func(t *txn) error {
		if with.Version != 0 {
			if a, ok := t.account(accountID); !ok || a.Version != with.Version {
				return storage.ErrConflict
			}
		} else if !t.hasAccount(accountID) {
			return storage.ErrNotFound
		}
		return t.apply(accountID, with, now)
	})
}
