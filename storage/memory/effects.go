package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// takeable says whether the one-time token is there to be taken; nil is.
func (s *Store) takeable(key *storage.OneTimeKey, now time.Time) bool {
	return key == nil || s.oneTimes[*key].ExpiresAt.After(now)
}

// apply does what [storage.Effects] says for the account, in the order of its fields but sessions before the grants they buy.
func (s *Store) apply(t *tx, accountID int64, with storage.Effects, now time.Time) error {
	if with.Take != nil {
		if !s.takeable(with.Take, now) {
			return storage.ErrNotFound
		}
		drop(t, s.oneTimes, *with.Take)
	}
	if with.Finish != "" {
		if _, ok := s.mails[with.Finish]; !ok {
			return storage.ErrNotFound
		}
		drop(t, s.mails, with.Finish)
	}
	if len(with.Void) > 0 {
		for k, o := range s.oneTimes {
			if o.AccountID == accountID && slices.Contains(with.Void, k.Purpose) {
				drop(t, s.oneTimes, k)
			}
		}
	}
	if with.DropPasskeys {
		s.dropPasskeys(t, accountID)
	}
	for _, o := range with.Put {
		if err := s.putOneTime(t, accountID, o, now); err != nil {
			return err
		}
	}
	if with.End != nil {
		scope := *with.End
		scope.AccountID = accountID
		s.endSessions(t, scope, now)
	}
	if with.Session != nil {
		session := *with.Session
		session.AccountID = accountID
		if err := s.createSession(t, session, now); err != nil {
			return err
		}
	}
	if with.Grant != nil {
		g := *with.Grant
		g.AccountID = accountID
		if err := s.createGrant(t, g, now); err != nil {
			return err
		}
	}
	return s.queueMail(t, with.Mail, now)
}

func (s *Store) putOneTime(t *tx, accountID int64, o storage.OneTime, now time.Time) error {
	if o.AccountID == 0 {
		o.AccountID = accountID
	}
	if _, ok := s.accounts[o.AccountID]; !ok {
		return storage.ErrNotFound
	}
	if s.oneTimes[o.OneTimeKey].ExpiresAt.After(now) || o.Hash == "" {
		return storage.ErrExists
	}
	put(t, s.oneTimes, o.OneTimeKey, cloneOneTime(o))
	s.expires(o.ExpiresAt, expiring{kind: aOneTime, id: string(o.Purpose), more: o.Hash})
	return nil
}

// OneTime implements [storage.OneTimes].
func (s *Store) OneTime(ctx context.Context, key storage.OneTimeKey, now time.Time) (o storage.OneTime, err error) {
	err = s.read(ctx, "OneTime", func() error {
		if !s.takeable(&key, now) {
			return storage.ErrNotFound
		}
		o = cloneOneTime(s.oneTimes[key])
		return nil
	})
	return o, err
}

// ListOneTimes implements [storage.OneTimes].
func (s *Store) ListOneTimes(ctx context.Context, accountID int64, purpose storage.Purpose, now time.Time) (list []storage.OneTime, err error) {
	err = s.read(ctx, "ListOneTimes", func() error {
		for k, o := range s.oneTimes {
			if o.AccountID == accountID && k.Purpose == purpose && o.ExpiresAt.After(now) {
				list = append(list, cloneOneTime(o))
			}
		}
		storage.Sort(list, func(a, b storage.OneTime) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(a.Hash, b.Hash))
		})
		list = list[:min(len(list), storage.OneTimesListed)]
		return nil
	})
	return list, err
}

// ApplyEffects implements [storage.OneTimes].
func (s *Store) ApplyEffects(ctx context.Context, accountID int64, with storage.Effects, now time.Time) error {
	return s.write(ctx, "ApplyEffects", func(t *tx) error {
		a, ok := s.accounts[accountID]
		if with.Version != 0 && (!ok || a.Version != with.Version) {
			return storage.ErrConflict
		}
		if !ok {
			return storage.ErrNotFound
		}
		return s.apply(t, accountID, with, now)
	})
}
