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
		n, want, idle := 0, min(limit-total, sweepBatch), false
		err := s.view(ctx, "Sweep", func(t *txn) error {
			idle = len(t.expired(1, now)) == 0
			return nil
		})
		if err != nil || idle {
			return total, err
		}
		err = s.update(ctx, "Sweep", func(t *txn) error {
			n = 0
			entries := t.expired(want, now)
			for _, e := range entries {
				if t.sweepOne(e, now) {
					n++
				}
			}
			idle = len(entries) < want
			return nil
		})
		if err != nil {
			return total, err
		}
		if total += n; idle {
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

// sweepOne removes the record that the entry names, if it expires at that time, and the entry in any case. It says whether there was a record.
func (t *txn) sweepOne(entry []byte, now time.Time) bool {
	t.drop(tExpiry, entry)
	return len(entry) > timeKeySize+1 && t.removeExpired(table(entry[timeKeySize]), entry[timeKeySize+1:], entry, now)
}

// removeExpired removes the record that an entry of the expiry index names, and says whether there was one.
func (t *txn) removeExpired(tb table, key, entry []byte, now time.Time) bool {
	at := expiring{t, tb, key, entry}
	switch tb {
	case tSessions:
		return swept(at, walkSession, func(r storage.Session) time.Time { return r.ExpiresAt }, func(r storage.Session) { t.removeSession(r.SID) })
	case tGrants:
		return swept(at, walkGrant, grant.SweptAt, func(r grant) { t.removeGrant(r.ID) })
	case tOneTimes:
		return swept(at, walkOneTime, func(r storage.OneTime) time.Time { return r.ExpiresAt }, func(r storage.OneTime) { t.removeOneTime(r.OneTimeKey) })
	case tMails:
		return swept(at, walkMail, func(r storage.Mail) time.Time { return r.ExpiresAt }, func(r storage.Mail) { t.removeMail(r.ID) })
	case tDenials, tReplays:
		return swept(at, walkTime, func(until time.Time) time.Time { return until }, func(time.Time) { t.drop(tb, key); t.delta[tb]-- })
	case tClients:
		if t.damaged(tb, key) {
			t.forgetClient(key)
		}
		return swept(at, walkClient, func(r storage.Client) time.Time { return r.ExpiresAt }, func(r storage.Client) { t.removeClient(r.ID, now) })
	case tRegistrations:
		return swept(at, walkRegistration, func(r storage.RegistrationToken) time.Time { return r.ExpiresAt },
			func(r storage.RegistrationToken) { t.removeRegistration(r.ID) })
	case tDevices:
		return swept(at, walkDevice, func(r storage.Device) time.Time { return r.ExpiresAt }, func(r storage.Device) { t.removeDevice(r.CodeHash) })
	case tPushed:
		return swept(at, walkPushed, func(r storage.PushedRequest) time.Time { return r.ExpiresAt }, func(r storage.PushedRequest) { t.removePushed(r.ID) })
	case tNotices:
		return swept(at, walkNotice, storage.LogoutNotice.SweptAt, func(storage.LogoutNotice) { t.removeNotice(key) })
	case tEvents:
		return swept(at, walkEvent, func(r storage.AccountEvent) time.Time { return r.ExpiresAt }, func(storage.AccountEvent) { t.removeEvent(key) })
	}
	return false
}

// expiring is a record with the entry of the expiry index that names it.
type expiring struct {
	t          *txn
	tb         table
	key, entry []byte
}

// swept removes the record if it expires at the time of its entry. One that nobody could read goes in any case: its index entries lead nowhere and
// are passed over.
func swept[T any](e expiring, walk func(*coder, *T), at func(T) time.Time, remove func(T)) bool {
	if e.t.damaged(e.tb, e.key) {
		e.t.drop(e.tb, e.key)
		e.t.delta[e.tb]--
		return true
	}
	r, ok := load(e.t, e.tb, e.key, walk)
	if !ok || !bytes.Equal(e.entry, expiryKey(at(r), e.tb, e.key)) {
		return false
	}
	remove(r)
	return true
}

func (t *txn) damaged(tb table, key []byte) bool {
	row := t.bucket(tb).Get(key)
	if row == nil {
		return false
	}
	_, ok := open(tb, key, row)
	return !ok
}

// counted are the tables of records, whose numbers are kept.
func counted() []table {
	return []table{
		tAccounts, tFiles, tSessions, tGrants, tOneTimes, tConsents, tDenials, tMails, tClients, tRegistrations, tDevices, tPushed, tReplays, tNotices,
		tPasskeys, tEvents,
	}
}

// Stats implements [storage.Upkeep]. The counts are kept with every write; expired records count until they are swept.
func (s *Store) Stats(ctx context.Context) (stats map[string]int64, err error) {
	err = s.view(ctx, "Stats", func(t *txn) error {
		n := loadCounts(t)
		stats = map[string]int64{"bytes": t.tx.Size()}
		for _, tb := range counted() {
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
