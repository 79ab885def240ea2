package postgres

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

func eventColumns(e *storage.AccountEvent) (c columns) {
	c.int("account_id", &e.AccountID)
	c.text("id", &e.ID)
	c.time("at", &e.At)
	c.text("name", &e.Name)
	c.text("detail", &e.Detail)
	c.text("sid", &e.SID)
	c.text("client_id", &e.ClientID)
	c.text("address", &e.Address)
	c.text("user_agent", &e.UserAgent)
	c.text("request_id", &e.RequestID)
	c.time("expires_at", &e.ExpiresAt)
	return c
}

// AppendEvents implements [storage.Events]. Each event holds its account until it is there: whoever deletes that comes before, and then there is no
// event, or after, and then it goes with the rest.
func (s *Store) AppendEvents(ctx context.Context, events []storage.AccountEvent, _ time.Time) error {
	// All write in one order, so that two who bring the same do not wait for each other.
	events = slices.Clone(events)
	storage.SortStable(events, func(a, b storage.AccountEvent) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), strings.Compare(a.ID, b.ID))
	})
	steps := make([]step, 0, len(events))
	for _, e := range events {
		if e.ID == "" {
			continue
		}
		args := s.t.events.walk(&e).args()
		n := len(args)
		steps = append(steps, step{
			sql: "INSERT INTO account_events (" + s.t.events.list + ") SELECT " + marks(1, n) +
				" FROM (SELECT 1 FROM accounts WHERE id = " + marks(n+1, 1) + " FOR KEY SHARE) AS there ON CONFLICT (account_id, id) DO NOTHING",
			args: append(args, e.AccountID),
		})
	}
	if len(steps) == 0 {
		return s.run(ctx, "AppendEvents", reading, step{sql: "SELECT 1"})
	}
	return s.run(ctx, "AppendEvents", repeating, steps...)
}

// ListEvents implements [storage.Events].
func (s *Store) ListEvents(ctx context.Context, q storage.EventQuery, now time.Time) (list []storage.AccountEvent, err error) {
	limit := max(0, min(q.Limit, storage.EventsListed))
	args := []any{q.AccountID, now, limit}
	where := "account_id = $1 AND expires_at > $2"
	if q.Before != "" {
		args = append(args, toText(q.Before))
		where += " AND id < " + marks(len(args), 1)
	}
	if len(q.Names) > 0 {
		args = append(args, toTexts(q.Names))
		where += " AND name = ANY(" + marks(len(args), 1) + ")"
	}
	err = s.run(ctx, "ListEvents", reading, s.t.events.get(&list,
		"SELECT "+s.t.events.list+" FROM account_events WHERE "+where+" ORDER BY id DESC LIMIT $3", args...))
	return list, err
}
