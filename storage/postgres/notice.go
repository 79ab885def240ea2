package postgres

import (
	"cmp"
	"context"
	"strings"
	"time"

	"latchkey/storage"
)

// waits is true of notices that are not over; the indexes of the queue have this condition.
const waits = "delivered_at IS NULL AND given_up_at IS NULL"

// kept is the time after which a notice ended that is still there at now.
func kept(now time.Time) time.Time { return now.Add(-storage.NoticeKept) }

// LeaseNotices implements [storage.Notices]. Rows that another replica is leasing are passed over, not waited for.
func (s *Store) LeaseNotices(ctx context.Context, limit int, until, now time.Time) ([]storage.LogoutNotice, error) {
	var taken []leased[storage.LogoutNotice]
	err := s.noticeDoubts.lease("notices", until, func(before []step) error {
		return s.run(ctx, "LeaseNotices", writing, append(before, s.t.leasedNotices.get(&taken, `WITH due AS (
			SELECT sid, client_id, due_at FROM notices WHERE `+waits+` AND due_at <= $1 AND ended_at > $2
			ORDER BY due_at, sid, client_id LIMIT $3 FOR UPDATE SKIP LOCKED
		) UPDATE notices q SET lease_until = $4 FROM due WHERE q.sid = due.sid AND q.client_id = due.client_id RETURNING `+s.t.leasedNotices.list,
			now, kept(now), max(limit, 0), until))...)
	})
	if err != nil {
		return nil, err
	}
	return longestDueFirst(taken, byNoticeKey), nil
}

// ReleaseNotices implements [storage.Handover].
func (s *Store) ReleaseNotices(ctx context.Context) (int, error) {
	var n int64
	err := s.runWithin(ctx, longTimeout, "ReleaseNotices", repeating, longer(), step{
		sql: `UPDATE notices SET lease_until = NULL WHERE (sid, client_id) IN (
			SELECT sid, client_id FROM notices WHERE lease_until IS NOT NULL AND ` + waits + ` ORDER BY sid, client_id FOR UPDATE)`,
		affected: &n,
	})
	return int(n), err
}

func byNoticeKey(a, b storage.LogoutNotice) int {
	return cmp.Or(strings.Compare(a.SID, b.SID), strings.Compare(a.ClientID, b.ClientID))
}

// SettleNotice implements [storage.Notices].
func (s *Store) SettleNotice(ctx context.Context, key storage.NoticeKey, outcome storage.NoticeOutcome, now time.Time) error {
	return s.mustChange(ctx, "SettleNotice", writing, `UPDATE notices SET
		attempts = attempts + 1, lease_until = NULL, last_error = $5,
		delivered_at = CASE WHEN $6 THEN $4::timestamptz END,
		given_up_at = CASE WHEN $7 AND NOT $6 THEN $4::timestamptz END,
		not_before = CASE WHEN $6 OR $7 THEN not_before ELSE $8 END
		WHERE sid = $1 AND client_id = $2 AND ended_at > $3 AND `+waits,
		toText(key.SID), toText(key.ClientID), kept(now), now, toText(outcome.LastError), outcome.Delivered, outcome.GivenUp, outcome.NotBefore)
}

// ListNotices implements [storage.Notices].
func (s *Store) ListNotices(ctx context.Context, accountID int64, now time.Time) (list []storage.LogoutNotice, err error) {
	err = s.run(ctx, "ListNotices", reading, s.t.notices.get(&list, "SELECT "+s.t.notices.list+` FROM notices
		WHERE account_id = $1 AND ended_at > $2 ORDER BY ended_at DESC, sid, client_id LIMIT $3`, accountID, kept(now), storage.NoticesListed))
	return list, err
}

// NoticeState implements [storage.Notices].
func (s *Store) NoticeState(ctx context.Context, now time.Time) (state storage.NoticeState, err error) {
	err = s.run(ctx, "NoticeState", reading, step{
		sql:  "SELECT count(*), count(*) FILTER (WHERE attempts > 0), min(ended_at) FROM notices WHERE " + waits + " AND ended_at > $1",
		args: []any{kept(now)}, scan: oneRow(&state.Waiting, &state.Failing, timeDest{&state.Oldest}),
	})
	return state, err
}
