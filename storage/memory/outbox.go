package memory

import (
	"cmp"
	"context"
	"strings"
	"time"

	"latchkey/storage"
)

// QueueMail implements [storage.Outbox].
func (s *Store) QueueMail(ctx context.Context, m []storage.Mail, now time.Time) error {
	return s.write(ctx, "QueueMail", func(t *tx) error { return s.queueMail(t, m, now) })
}

func (s *Store) queueMail(t *tx, list []storage.Mail, now time.Time) error {
	for _, m := range list {
		if s.mails[m.ID].ExpiresAt.After(now) || m.ID == "" {
			return storage.ErrExists
		}
		put(t, s.mails, m.ID, cloneMail(m))
		s.expires(m.ExpiresAt, expiring{kind: aMail, id: m.ID})
	}
	return nil
}

// LeaseMail implements [storage.Outbox]. Those due longest come first.
func (s *Store) LeaseMail(ctx context.Context, limit int, until, now time.Time) (leased []storage.Mail, err error) {
	err = s.write(ctx, "LeaseMail", func(t *tx) error {
		var due []storage.Mail
		for _, m := range s.mails {
			if m.ExpiresAt.After(now) && !dueAt(m).After(now) {
				due = append(due, m)
			}
		}
		storage.Sort(due, func(a, b storage.Mail) int {
			return cmp.Or(dueAt(a).Compare(dueAt(b)), strings.Compare(a.ID, b.ID))
		})
		for _, m := range due[:max(0, min(limit, len(due)))] {
			m.LeaseUntil = until
			put(t, s.mails, m.ID, m)
			leased = append(leased, cloneMail(m))
		}
		return nil
	})
	return leased, err
}

// dueAt is when a mail may be taken: from NotBefore on, and not while it is leased.
func dueAt(m storage.Mail) time.Time {
	if m.LeaseUntil.After(m.NotBefore) {
		return m.LeaseUntil
	}
	return m.NotBefore
}

// ReleaseMail implements [storage.Handover].
func (s *Store) ReleaseMail(ctx context.Context) (n int, err error) {
	err = s.write(ctx, "ReleaseMail", func(t *tx) error {
		for id, m := range s.mails {
			if !m.LeaseUntil.IsZero() {
				m.LeaseUntil = time.Time{}
				put(t, s.mails, id, m)
				n++
			}
		}
		return nil
	})
	return n, err
}

// FinishMail implements [storage.Outbox].
func (s *Store) FinishMail(ctx context.Context, id string, _ time.Time) error {
	return s.write(ctx, "FinishMail", func(t *tx) error {
		drop(t, s.mails, id)
		return nil
	})
}

// RetryMail implements [storage.Outbox].
func (s *Store) RetryMail(ctx context.Context, id string, notBefore time.Time, lastError string, now time.Time) error {
	return s.write(ctx, "RetryMail", func(t *tx) error {
		m := s.mails[id]
		if !m.ExpiresAt.After(now) {
			return storage.ErrNotFound
		}
		m.Attempts++
		m.NotBefore, m.LastError, m.LeaseUntil = notBefore, lastError, time.Time{}
		put(t, s.mails, id, m)
		return nil
	})
}

// OutboxState implements [storage.Outbox].
func (s *Store) OutboxState(ctx context.Context, now time.Time) (state storage.OutboxState, err error) {
	err = s.read(ctx, "OutboxState", func() error {
		for _, m := range s.mails {
			since := m.CreatedAt
			if m.Attempts == 0 && m.NotBefore.After(since) {
				since = m.NotBefore
			}
			if !m.ExpiresAt.After(now) || m.Attempts == 0 && m.NotBefore.After(now) {
				continue
			}
			if state.Waiting == 0 || since.Before(state.Oldest) {
				state.Oldest = since
			}
			state.Waiting++
			if m.Attempts > 0 {
				state.Failing++
			}
		}
		return nil
	})
	return state, err
}
