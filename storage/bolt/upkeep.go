package bolt

import (
	"bytes"
	"context"
	"time"

	"latchkey/storage"
)

// sweepBatch bounds how many records one operation removes, and so how long other writers wait for it.
const sweepBatch = 250

// Sweep implements [storage.Upkeep]. Where nothing has expired it costs no write.
func (s *Store) Sweep(ctx context.Context, limit int, now time.Time) (total int, err error) {
	for total < limit {
		n, want := 0, min(limit-total, sweepBatch)
		var entries [][]byte
		err := s.view(ctx, "Sweep", func(t *txn) error {
			entries = t.expired(1, now)
			return nil
		})
		if err != nil || len(entries) == 0 {
			return total, err
		}
		err = s.update(ctx, "Sweep", func(t *txn) error {
			n = 0
			for _, e := range t.expired(want, now) {
				t.sweepOne(e)
				n++
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		if total += n; n < want {
			break
		}
	}
	return total, nil
}

// expired returns the keys of at most limit entries of the expiry index whose time has come.
func (t *txn) expired(limit int, now time.Time) (keys [][]byte) {
	end := timeKey(now)
	c := t.bucket(tExpiry).Cursor()
	// An entry is acted on by its key alone, and only if the record agrees: a damaged one must not stop the sweeping.
	for k, _ := c.First(); k != nil && len(keys) < limit; k, _ = c.Next() {
		if len(k) > timeKeySize && bytes.Compare(k[:timeKeySize], end) > 0 {
			break
		}
		keys = append(keys, bytes.Clone(k))
	}
	return keys
}

// sweepOne removes the record that the entry names, if it expires at that time, and the entry in any case.
func (t *txn) sweepOne(entry []byte) {
	if len(entry) > timeKeySize+1 {
		t.removeExpired(table(entry[timeKeySize]), entry[timeKeySize+1:], entry)
	}
	t.drop(tExpiry, entry)
}

func (t *txn) removeExpired(tb table, key, entry []byte) {
	fits := func(at time.Time) bool { return bytes.Equal(entry, expiryKey(at, tb, key)) }
	switch {
	case tb != tSessions && tb != tGrants && tb != tOneTimes && tb != tMails && tb != tDenials:
	case t.damaged(tb, key):
		t.drop(tb, key) // nobody could read it; its index entries lead nowhere and are passed over
		t.delta[tb]--
	case tb == tSessions:
		if r, ok := load(t, tb, key, walkSession); ok && fits(r.ExpiresAt) {
			t.removeSession(r.SID)
		}
	case tb == tGrants:
		if r, ok := load(t, tb, key, walkGrant); ok && fits(r.SweptAt()) {
			t.removeGrant(r.ID)
		}
	case tb == tOneTimes:
		if r, ok := load(t, tb, key, walkOneTime); ok && fits(r.ExpiresAt) {
			t.removeOneTime(r.OneTimeKey)
		}
	case tb == tMails:
		if r, ok := load(t, tb, key, walkMail); ok && fits(r.ExpiresAt) {
			t.removeMail(r.ID)
		}
	case tb == tDenials:
		if r, ok := load(t, tb, key, walkTime); ok && fits(r) {
			t.drop(tb, key)
			t.delta[tb]--
		}
	}
}

func (t *txn) damaged(tb table, key []byte) bool {
	row := t.bucket(tb).Get(key)
	if row == nil {
		return false
	}
	_, ok := open(tb, key, row)
	return !ok
}

// Stats implements [storage.Upkeep]. The counts are kept with every write; expired records count until they are swept.
func (s *Store) Stats(ctx context.Context) (stats map[string]int64, err error) {
	err = s.view(ctx, "Stats", func(t *txn) error {
		n := loadCounts(t)
		stats = map[string]int64{"bytes": t.tx.Size()}
		for _, tb := range []table{tAccounts, tFiles, tSessions, tGrants, tOneTimes, tConsents, tDenials, tMails, tClients} {
			stats[tb.String()] = n[tb]
		}
		return nil
	})
	return stats, err
}

// TakeAttempts implements [storage.Limits]. Counters are kept in memory: a failed sign-in writes nothing.
func (s *Store) TakeAttempts(ctx context.Context, limits []storage.Limit, now time.Time) (storage.Taken, error) {
	if err := s.usable(ctx, "TakeAttempts"); err != nil {
		return storage.Taken{}, err
	}
	return s.counters.Take(limits, now), nil
}

// ReturnAttempts implements [storage.Limits].
func (s *Store) ReturnAttempts(ctx context.Context, limits []storage.Limit, now time.Time) error {
	if err := s.usable(ctx, "ReturnAttempts"); err != nil {
		return err
	}
	s.counters.Return(limits, now)
	return nil
}

// ClearAttempts implements [storage.Limits].
func (s *Store) ClearAttempts(ctx context.Context, keys []string, _ time.Time) error {
	if err := s.usable(ctx, "ClearAttempts"); err != nil {
		return err
	}
	s.counters.Clear(keys)
	return nil
}

// usable is nil until the store is closed.
func (s *Store) usable(ctx context.Context, verb string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.done:
		return named(verb, storage.ErrUnavailable)
	default:
		return nil
	}
}
