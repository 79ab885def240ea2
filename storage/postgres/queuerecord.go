package postgres

import (
	"cmp"
	"time"

	"latchkey/storage"
)

func mailColumns(m *storage.Mail) (c columns) {
	c.text("id", &m.ID)
	c.int("account_id", &m.AccountID)
	c.text("kind", &m.Kind)
	c.text("locale", &m.Locale)
	c.bytes("sealed", &m.Sealed)
	c.time("created_at", &m.CreatedAt)
	c.time("not_before", &m.NotBefore)
	c.time("expires_at", &m.ExpiresAt)
	c.small("attempts", &m.Attempts)
	c.text("last_error", &m.LastError)
	c.moment("lease_until", &m.LeaseUntil)
	return c
}

// leased is a record of a queue that was just leased, with the time when it was due.
type leased[T any] struct {
	record T
	due    time.Time
}

func leasedColumns[T any](walk func(*T) columns) func(*leased[T]) columns {
	return func(l *leased[T]) columns {
		c := walk(&l.record)
		for i := range c {
			c[i].name = "q." + c[i].name
		}
		c.time("due.due_at", &l.due)
		return c
	}
}

// longestDueFirst returns the records in order of when they were due, and then as less says.
func longestDueFirst[T any](list []leased[T], then func(a, b T) int) []T {
	storage.Sort(list, func(a, b leased[T]) int { return cmp.Or(a.due.Compare(b.due), then(a.record, b.record)) })
	out := make([]T, len(list))
	for i, l := range list {
		out[i] = l.record
	}
	return out
}

func noticeColumns(n *storage.LogoutNotice) (c columns) {
	c.text("sid", &n.SID)
	c.text("client_id", &n.ClientID)
	c.int("account_id", &n.AccountID)
	c.text("sub", &n.Sub)
	c.time("ended_at", &n.EndedAt)
	c.time("not_before", &n.NotBefore)
	c.moment("lease_until", &n.LeaseUntil)
	c.small("attempts", &n.Attempts)
	c.text("last_error", &n.LastError)
	c.moment("delivered_at", &n.DeliveredAt)
	c.moment("given_up_at", &n.GivenUpAt)
	return c
}
