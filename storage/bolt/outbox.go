package bolt

import (
	"bytes"
	"context"
	"time"

	"latchkey/storage"
)

// QueueMail implements [storage.Outbox].
func (s *Store) QueueMail(ctx context.Context, m []storage.Mail, now time.Time) error {
	return s.update(ctx, "QueueMail", func(t *txn) error { return t.queueMail(m, now) })
}

func (t *txn) queueMail(mails []storage.Mail, now time.Time) error {
	for _, m := range mails {
		was, ok := t.mail(m.ID)
		if ok && was.ExpiresAt.After(now) || m.ID == "" {
			return storage.ErrExists
		}
		t.removeMail(m.ID)
		t.addMail(m)
	}
	return nil
}

func (t *txn) addMail(m storage.Mail) {
	t.saveMail(m)
	t.mark(tExpiry, expiryKey(m.ExpiresAt, tMails, []byte(m.ID)))
	t.delta[tMails]++
}

func (t *txn) mail(id string) (storage.Mail, bool) { return load(t, tMails, []byte(id), walkMail) }

// saveMail writes the mail and its place among those that are due.
func (t *txn) saveMail(m storage.Mail) {
	save(t, tMails, []byte(m.ID), walkMail, m)
	save(t, tMailDue, dueKey(m), walkDue, due{expires: m.ExpiresAt, created: m.CreatedAt, failing: m.Attempts > 0, notBefore: m.NotBefore})
}

// dueKey orders by when a mail may be taken: from NotBefore on, and not while it is leased.
func dueKey(m storage.Mail) []byte {
	at := m.NotBefore
	if m.LeaseUntil.After(at) {
		at = m.LeaseUntil
	}
	return join(timeKey(at), m.ID)
}

func (t *txn) removeMail(id string) {
	m, ok := t.mail(id)
	if !ok {
		return
	}
	t.drop(tMails, []byte(id))
	t.drop(tMailDue, dueKey(m))
	t.drop(tExpiry, expiryKey(m.ExpiresAt, tMails, []byte(id)))
	t.delta[tMails]--
}

// due is the payload of [tMailDue] and [tNoticeDue]: what can be told of a mail or a notice without reading it.
type due struct {
	expires, created time.Time
	failing          bool
	notBefore        time.Time // schema 4, and of mail alone
}

func walkDue(c *coder, d *due) {
	c.time(&d.expires)
	c.time(&d.created)
	c.bool(&d.failing)
	c.time(&d.notBefore)
}

// due returns the keys of at most limit records that may be taken, those due longest first. tb is an index of such.
func (t *txn) due(tb table, limit int, now time.Time) (keys [][]byte) {
	end := timeKey(now)
	if limit < 1 {
		return nil
	}
	t.scan(tb, nil, nil, func(k, payload []byte) bool {
		if len(k) < timeKeySize || bytes.Compare(k[:timeKeySize], end) > 0 {
			return false
		}
		if d, ok := decode(walkDue, payload); ok && d.expires.After(now) {
			keys = append(keys, bytes.Clone(k[timeKeySize:]))
		}
		return len(keys) < limit
	})
	return keys
}

// countDue counts what waits and what failed before, and finds out since when. What is put off, and was never tried, does not wait.
func (t *txn) countDue(tb table, now time.Time) (waiting, failing int, oldest time.Time) {
	t.scan(tb, nil, nil, func(_, payload []byte) bool {
		d, ok := decode(walkDue, payload)
		since := d.created
		if !d.failing && d.notBefore.After(since) {
			since = d.notBefore
		}
		if !ok || !d.expires.After(now) || !d.failing && d.notBefore.After(now) {
			return true
		}
		if waiting == 0 || since.Before(oldest) {
			oldest = since
		}
		waiting++
		if d.failing {
			failing++
		}
		return true
	})
	return waiting, failing, oldest
}

// LeaseMail implements [storage.Outbox]. An outbox in which nothing is due costs no write.
func (s *Store) LeaseMail(ctx context.Context, limit int, until, now time.Time) (leased []storage.Mail, err error) {
	idle := true
	err = s.view(ctx, "LeaseMail", func(t *txn) error {
		idle = len(t.due(tMailDue, min(limit, 1), now)) == 0
		return nil
	})
	if err != nil || idle {
		return nil, err
	}
	err = s.update(ctx, "LeaseMail", func(t *txn) error {
		leased = nil
		for _, id := range t.due(tMailDue, limit, now) {
			m, ok := t.mail(string(id))
			if !ok {
				continue
			}
			t.drop(tMailDue, dueKey(m))
			m.LeaseUntil = until
			t.saveMail(m)
			leased = append(leased, m)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return leased, nil
}

// FinishMail implements [storage.Outbox].
func (s *Store) FinishMail(ctx context.Context, id string, _ time.Time) error {
	return s.update(ctx, "FinishMail", func(t *txn) error {
		t.removeMail(id)
		return nil
	})
}

// RetryMail implements [storage.Outbox].
func (s *Store) RetryMail(ctx context.Context, id string, notBefore time.Time, lastError string, now time.Time) error {
	return s.update(ctx, "RetryMail", func(t *txn) error {
		m, ok := t.mail(id)
		if !ok || !m.ExpiresAt.After(now) {
			return storage.ErrNotFound
		}
		t.drop(tMailDue, dueKey(m))
		m.Attempts++
		m.NotBefore, m.LastError, m.LeaseUntil = notBefore, lastError, time.Time{}
		t.saveMail(m)
		return nil
	})
}

// OutboxState implements [storage.Outbox]. It reads the index of what is due, not the mails.
func (s *Store) OutboxState(ctx context.Context, now time.Time) (state storage.OutboxState, err error) {
	err = s.view(ctx, "OutboxState", func(t *txn) error {
		state.Waiting, state.Failing, state.Oldest = t.countDue(tMailDue, now)
		return nil
	})
	return state, err
}

// ReleaseMail implements [storage.Handover].
func (s *Store) ReleaseMail(ctx context.Context) (n int, err error) {
	var held []string
	err = s.view(ctx, "ReleaseMail", func(t *txn) error {
		t.scan(tMails, nil, nil, func(_, payload []byte) bool {
			if m, ok := decode(walkMail, payload); ok && !m.LeaseUntil.IsZero() {
				held = append(held, m.ID)
			}
			return true
		})
		return nil
	})
	if err != nil || len(held) == 0 {
		return 0, err
	}
	err = s.update(ctx, "ReleaseMail", func(t *txn) error {
		n = 0
		for _, id := range held {
			if m, ok := t.mail(id); ok && !m.LeaseUntil.IsZero() {
				t.drop(tMailDue, dueKey(m))
				m.LeaseUntil = time.Time{}
				t.saveMail(m)
				n++
			}
		}
		return nil
	})
	return n, err
}

// release ends every lease: whoever held one is gone, since the file has one owner. Else what was being sent when a process died would wait for
// the lease to end.
func (s *Store) release(ctx context.Context) error {
	if _, err := s.ReleaseMail(ctx); err != nil {
		return err
	}
	_, err := s.ReleaseNotices(ctx)
	return err
}
