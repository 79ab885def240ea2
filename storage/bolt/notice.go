package bolt

import (
	"context"
	"time"

	"latchkey/storage"
)

func noticeKey(k storage.NoticeKey) []byte { return join(within(k.SID), k.ClientID) }

// newestFirstKey orders an account's notices: the latest EndedAt first.
func newestFirstKey(n storage.LogoutNotice) []byte {
	at := timeKey(n.EndedAt)
	for i := range at {
		at[i] = ^at[i]
	}
	return append(append(idKey(n.AccountID), at...), noticeKey(n.NoticeKey)...)
}

func noticeDueKey(n storage.LogoutNotice) []byte {
	return append(timeKey(n.DueAt()), noticeKey(n.NoticeKey)...)
}

func noticeByKey(n storage.LogoutNotice) []byte {
	return append(within(n.ClientID), noticeKey(n.NoticeKey)...)
}

// subOf returns the account's subject, "" where the account cannot be read: its sessions can be ended all the same.
func (t *txn) subOf(accountID int64) string {
	if t.damaged(tAccounts, idKey(accountID)) {
		return ""
	}
	a, _ := t.account(accountID)
	return a.Sub
}

// notify queues a notice for each client that wants to be told of the session, which ends.
func (t *txn) notify(session storage.Session, sub string, now time.Time) {
	for _, client := range session.Notify {
		n := storage.LogoutNotice{
			NoticeKey: storage.NoticeKey{SID: session.SID, ClientID: client},
			AccountID: session.AccountID, Sub: sub, EndedAt: now, NotBefore: now,
		}
		t.removeNotice(noticeKey(n.NoticeKey))
		t.addNotice(n)
	}
}

func (t *txn) addNotice(n storage.LogoutNotice) {
	t.saveNotice(n)
	t.mark(tNoticesOf, newestFirstKey(n))
	if !n.Over() {
		t.mark(tNoticesBy, noticeByKey(n))
	}
	t.mark(tExpiry, expiryKey(n.SweptAt(), tNotices, noticeKey(n.NoticeKey)))
	t.delta[tNotices]++
}

// saveNotice writes the notice and, while it is not over, its place among those that are due.
func (t *txn) saveNotice(n storage.LogoutNotice) {
	save(t, tNotices, noticeKey(n.NoticeKey), walkNotice, n)
	if !n.Over() {
		save(t, tNoticeDue, noticeDueKey(n), walkDue, due{expires: n.SweptAt(), created: n.EndedAt, failing: n.Attempts > 0})
	}
}

func (t *txn) notice(key []byte) (storage.LogoutNotice, bool) {
	return load(t, tNotices, key, walkNotice)
}

func (t *txn) removeNotice(key []byte) {
	n, ok := t.notice(key)
	if !ok {
		return
	}
	t.drop(tNotices, key)
	t.drop(tNoticesOf, newestFirstKey(n))
	t.drop(tExpiry, expiryKey(n.SweptAt(), tNotices, key))
	if !n.Over() {
		t.drop(tNoticeDue, noticeDueKey(n))
		t.drop(tNoticesBy, noticeByKey(n))
	}
	t.delta[tNotices]--
}

// LeaseNotices implements [storage.Notices]. A queue in which nothing is due costs no write.
func (s *Store) LeaseNotices(ctx context.Context, limit int, until, now time.Time) (leased []storage.LogoutNotice, err error) {
	idle := true
	err = s.view(ctx, "LeaseNotices", func(t *txn) error {
		idle = len(t.due(tNoticeDue, min(limit, 1), now)) == 0
		return nil
	})
	if err != nil || idle {
		return nil, err
	}
	err = s.update(ctx, "LeaseNotices", func(t *txn) error {
		leased = nil
		for _, key := range t.due(tNoticeDue, limit, now) {
			n, ok := t.notice(key)
			if !ok {
				continue
			}
			t.drop(tNoticeDue, noticeDueKey(n))
			n.LeaseUntil = until
			t.saveNotice(n)
			leased = append(leased, n)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return leased, nil
}

// SettleNotice implements [storage.Notices].
func (s *Store) SettleNotice(ctx context.Context, key storage.NoticeKey, outcome storage.NoticeOutcome, now time.Time) error {
	return s.update(ctx, "SettleNotice", func(t *txn) error {
		n, ok := t.notice(noticeKey(key))
		if !ok || n.Over() || !n.SweptAt().After(now) {
			return storage.ErrNotFound
		}
		t.drop(tNoticeDue, noticeDueKey(n))
		n.Settle(outcome, now)
		t.saveNotice(n)
		if n.Over() {
			t.drop(tNoticesBy, noticeByKey(n))
		}
		return nil
	})
}

// ListNotices implements [storage.Notices].
func (s *Store) ListNotices(ctx context.Context, accountID int64, now time.Time) (list []storage.LogoutNotice, err error) {
	err = s.view(ctx, "ListNotices", func(t *txn) error {
		of := idKey(accountID)
		t.scan(tNoticesOf, of, of, func(k, _ []byte) bool {
			n, ok := t.notice(k[len(of)+timeKeySize:])
			if !ok || !n.SweptAt().After(now) {
				return !ok // those that follow ended earlier still
			}
			list = append(list, n)
			return len(list) < storage.NoticesListed
		})
		return nil
	})
	return list, err
}

// NoticeState implements [storage.Notices]. It reads the index of what is due, not the notices.
func (s *Store) NoticeState(ctx context.Context, now time.Time) (state storage.NoticeState, err error) {
	err = s.view(ctx, "NoticeState", func(t *txn) error {
		state.Waiting, state.Failing, state.Oldest = t.countDue(tNoticeDue, now)
		return nil
	})
	return state, err
}

// ReleaseNotices implements [storage.Handover].
func (s *Store) ReleaseNotices(ctx context.Context) (n int, err error) {
	var held [][]byte
	err = s.view(ctx, "ReleaseNotices", func(t *txn) error {
		for _, key := range t.members(tNoticeDue, nil) {
			key = key[min(timeKeySize, len(key)):]
			if notice, ok := t.notice(key); ok && !notice.LeaseUntil.IsZero() {
				held = append(held, key)
			}
		}
		return nil
	})
	if err != nil || len(held) == 0 {
		return 0, err
	}
	err = s.update(ctx, "ReleaseNotices", func(t *txn) error {
		n = 0
		for _, key := range held {
			if notice, ok := t.notice(key); ok && !notice.Over() && !notice.LeaseUntil.IsZero() {
				t.drop(tNoticeDue, noticeDueKey(notice))
				notice.LeaseUntil = time.Time{}
				t.saveNotice(notice)
				n++
			}
		}
		return nil
	})
	return n, err
}
