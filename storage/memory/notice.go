package memory

import (
	"cmp"
	"context"
	"strings"
	"time"

	"latchkey/storage"
)

// notify queues a notice for each client that wants to be told of the session, which ends.
func (s *Store) notify(t *tx, session storage.Session, sub string, now time.Time) {
	for _, client := range session.Notify {
		n := storage.LogoutNotice{
			NoticeKey: storage.NoticeKey{SID: session.SID, ClientID: client},
			AccountID: session.AccountID, Sub: sub, EndedAt: now, NotBefore: now,
		}
		s.removeNotice(t, n.NoticeKey)
		put(t, s.notices, n.NoticeKey, n)
		put(t, s.waiting, n.NoticeKey, struct{}{})
		s.expires(n.SweptAt(), expiring{kind: aNotice, id: n.SID, more: n.ClientID})
	}
}

func (s *Store) removeNotice(t *tx, key storage.NoticeKey) {
	drop(t, s.notices, key)
	drop(t, s.waiting, key)
}

// forgetWaiting removes the notices that the client is yet to be sent.
func (s *Store) forgetWaiting(t *tx, client string) {
	for key := range s.waiting {
		if key.ClientID == client {
			s.removeNotice(t, key)
		}
	}
}

// LeaseNotices implements [storage.Notices]. Those due longest come first.
func (s *Store) LeaseNotices(ctx context.Context, limit int, until, now time.Time) (leased []storage.LogoutNotice, err error) {
	err = s.write(ctx, "LeaseNotices", func(t *tx) error {
		var due []storage.LogoutNotice
		for key := range s.waiting {
			if n := s.notices[key]; n.SweptAt().After(now) && !n.DueAt().After(now) {
				due = append(due, n)
			}
		}
		storage.Sort(due, func(a, b storage.LogoutNotice) int {
			return cmp.Or(a.DueAt().Compare(b.DueAt()), byNoticeKey(a, b))
		})
		for _, n := range due[:max(0, min(limit, len(due)))] {
			n.LeaseUntil = until
			put(t, s.notices, n.NoticeKey, n)
			leased = append(leased, n)
		}
		return nil
	})
	return leased, err
}

// ReleaseNotices implements [storage.Handover].
func (s *Store) ReleaseNotices(ctx context.Context) (n int, err error) {
	err = s.write(ctx, "ReleaseNotices", func(t *tx) error {
		for key := range s.waiting {
			if notice := s.notices[key]; !notice.LeaseUntil.IsZero() {
				notice.LeaseUntil = time.Time{}
				put(t, s.notices, key, notice)
				n++
			}
		}
		return nil
	})
	return n, err
}

func byNoticeKey(a, b storage.LogoutNotice) int {
	return cmp.Or(strings.Compare(a.SID, b.SID), strings.Compare(a.ClientID, b.ClientID))
}

// SettleNotice implements [storage.Notices].
func (s *Store) SettleNotice(ctx context.Context, key storage.NoticeKey, outcome storage.NoticeOutcome, now time.Time) error {
	return s.write(ctx, "SettleNotice", func(t *tx) error {
		n := s.notices[key]
		if _, waits := s.waiting[key]; !waits || !n.SweptAt().After(now) {
			return storage.ErrNotFound
		}
		n.Settle(outcome, now)
		put(t, s.notices, key, n)
		if n.Over() {
			drop(t, s.waiting, key)
		}
		return nil
	})
}

// ListNotices implements [storage.Notices].
func (s *Store) ListNotices(ctx context.Context, accountID int64, now time.Time) (list []storage.LogoutNotice, err error) {
	err = s.read(ctx, "ListNotices", func() error {
		for _, n := range s.notices {
			if n.AccountID == accountID && n.SweptAt().After(now) {
				list = append(list, n)
			}
		}
		storage.Sort(list, func(a, b storage.LogoutNotice) int {
			return cmp.Or(b.EndedAt.Compare(a.EndedAt), byNoticeKey(a, b))
		})
		list = list[:min(len(list), storage.NoticesListed)]
		return nil
	})
	return list, err
}

// NoticeState implements [storage.Notices].
func (s *Store) NoticeState(ctx context.Context, now time.Time) (state storage.NoticeState, err error) {
	err = s.read(ctx, "NoticeState", func() error {
		for key := range s.waiting {
			n := s.notices[key]
			if !n.SweptAt().After(now) {
				continue
			}
			if state.Waiting == 0 || n.EndedAt.Before(state.Oldest) {
				state.Oldest = n.EndedAt
			}
			state.Waiting++
			if n.Attempts > 0 {
				state.Failing++
			}
		}
		return nil
	})
	return state, err
}
