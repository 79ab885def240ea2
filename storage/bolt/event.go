package bolt

import (
	"bytes"
	"context"
	"slices"
	"time"

	"latchkey/storage"
)

func eventKey(accountID int64, id string) []byte { return join(idKey(accountID), id) }

// AppendEvents implements [storage.Events].
func (s *Store) AppendEvents(ctx context.Context, events []storage.AccountEvent, _ time.Time) error {
	events = slices.Clone(events)
	return s.update(ctx, "AppendEvents", func(t *txn) error {
		for _, e := range events {
			if e.ID != "" && t.hasAccount(e.AccountID) && !t.has(tEvents, eventKey(e.AccountID, e.ID)) {
				t.addEvent(e)
			}
		}
		return nil
	})
}

func (t *txn) addEvent(e storage.AccountEvent) {
	key := eventKey(e.AccountID, e.ID)
	save(t, tEvents, key, walkEvent, e)
	t.mark(tExpiry, expiryKey(e.ExpiresAt, tEvents, key))
	t.delta[tEvents]++
}

// removeEvent removes one that is there. Of one that is damaged the expiry entry stays, and is passed over when its time comes.
func (t *txn) removeEvent(key []byte) {
	if !t.damaged(tEvents, key) {
		e, ok := load(t, tEvents, key, walkEvent)
		if !ok {
			return
		}
		t.drop(tExpiry, expiryKey(e.ExpiresAt, tEvents, key))
	}
	t.drop(tEvents, key)
	t.delta[tEvents]--
}

func (t *txn) dropEvents(accountID int64) {
	var keys [][]byte
	of, c := idKey(accountID), t.bucket(tEvents).Cursor()
	for k, _ := c.Seek(of); bytes.HasPrefix(k, of); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, key := range keys {
		t.removeEvent(key)
	}
}

// ListEvents implements [storage.Events]. It reads backwards from q.Before.
func (s *Store) ListEvents(ctx context.Context, q storage.EventQuery, now time.Time) (list []storage.AccountEvent, err error) {
	limit := min(q.Limit, storage.EventsListed)
	if limit < 1 || q.AccountID < 1 {
		return nil, ctx.Err()
	}
	err = s.view(ctx, "ListEvents", func(t *txn) error {
		of, c := idKey(q.AccountID), t.bucket(tEvents).Cursor()
		end := idKey(q.AccountID + 1)
		if q.Before != "" {
			end = eventKey(q.AccountID, q.Before)
		}
		before := c.Prev
		if k, _ := c.Seek(end); k == nil {
			before = c.Last
		}
		for k, row := before(); bytes.HasPrefix(k, of) && len(list) < limit; k, row = c.Prev() {
			payload, ok := open(tEvents, k, row)
			if !ok {
				return corrupt(tEvents, "a row with a wrong checksum").err
			}
			e, ok := decode(walkEvent, payload)
			if !ok {
				return corrupt(tEvents, "a row that cannot be read").err
			}
			if q.Asks(e, now) {
				list = append(list, e)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
