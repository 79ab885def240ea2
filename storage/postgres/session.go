package postgres

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// CreateSession implements [storage.Sessions].
func (s *Store) CreateSession(ctx context.Context, session storage.Session, now time.Time) error {
	return s.run(ctx, "CreateSession", writing, s.createSession(session, now)...)
}

func (s *Store) createSession(session storage.Session, now time.Time) []step {
	return []step{
		{sql: "DELETE FROM sessions WHERE sid = $1 AND expires_at <= $2", args: []any{toText(session.SID), now}, clears: true},
		s.t.sessions.add(&session),
	}
}

// Session implements [storage.Sessions].
func (s *Store) Session(ctx context.Context, sid string, now time.Time) (storage.Session, error) {
	var found []storage.Session
	err := s.run(ctx, "Session", reading, s.t.sessions.get(&found,
		"SELECT "+s.t.sessions.list+" FROM sessions WHERE sid = $1 AND expires_at > $2", toText(sid), now))
	if err != nil {
		return storage.Session{}, err
	}
	return only("Session", found)
}

// TouchSession implements [storage.Sessions].
func (s *Store) TouchSession(ctx context.Context, sid string, change storage.SessionChange, now time.Time) (storage.Session, error) {
	var amr any
	if change.AMR != nil {
		amr = toTexts(change.AMR)
	}
	var touched []storage.Session
	var steps []step
	if change.DropClient != "" {
		steps = append(steps, step{args: []any{toText(sid), now, toText(change.DropClient)}, sql: `WITH ended AS (
			SELECT sid, account_id, ARRAY[$3] AS notify FROM sessions WHERE sid = $1 AND expires_at > $2 AND $3 = ANY(notify) FOR UPDATE
		) ` + queueNotices("$2")})
	}
	steps = append(steps, s.t.sessions.get(&touched, `UPDATE sessions SET
		last_seen_at = coalesce($3, last_seen_at),
		auth_time = coalesce($4, auth_time),
		expires_at = coalesce($5, expires_at),
		amr = coalesce($6, amr),
		acr = CASE WHEN $7 = '' THEN acr ELSE $7 END,
		secret_hash = CASE WHEN $8 = '' THEN secret_hash ELSE $8 END,
		clients = array_remove(CASE WHEN $9 = '' OR $9 = ANY(clients) THEN clients ELSE array_append(clients, $9) END, nullif($11, '')),
		notify = array_remove(CASE WHEN $10 = '' OR $10 = ANY(notify) THEN notify ELSE array_append(notify, $10) END, nullif($11, ''))
		WHERE sid = $1 AND expires_at > $2 RETURNING `+s.t.sessions.list,
		toText(sid), now, moment(change.LastSeenAt), moment(change.AuthTime), moment(change.ExpiresAt), amr,
		toText(change.ACR), toText(change.SecretHash), toText(change.AddClient), toText(change.AddNotify), toText(change.DropClient)))
	if err := s.run(ctx, "TouchSession", repeating, steps...); err != nil {
		return storage.Session{}, err
	}
	return only("TouchSession", touched)
}

// EndSessions implements [storage.Sessions].
func (s *Store) EndSessions(ctx context.Context, scope storage.EndScope, now time.Time) (ended []storage.Session, err error) {
	if err := s.run(ctx, "EndSessions", writing, s.endSessions(scope, &ended, now)...); err != nil {
		return nil, err
	}
	storage.Sort(ended, newestFirst)
	return ended, nil
}

func newestFirst(a, b storage.Session) int {
	return cmp.Or(b.LastSeenAt.Compare(a.LastSeenAt), strings.Compare(a.SID, b.SID))
}

// condition collects what must hold of a row, with its parameters.
type condition struct {
	terms []string
	args  []any
}

// and adds a term. Each ? in it stands for the next of args.
func (c *condition) and(term string, args ...any) {
	for _, a := range args {
		c.args = append(c.args, a)
		term = strings.Replace(term, "?", "$"+strconv.Itoa(len(c.args)), 1)
	}
	c.terms = append(c.terms, term)
}

func (c *condition) String() string { return strings.Join(c.terms, " AND ") }

// endSessions ends the live sessions in scope, queues their notices, and then revokes the grants in scope: whether or not their session was still
// live, since the outcome must not depend on what was swept. The order matters: a grant that comes about meanwhile holds its session, so its session
// goes after it, and the grant is seen by the statement that comes then.
func (s *Store) endSessions(scope storage.EndScope, ended *[]storage.Session, now time.Time) []step {
	if ended == nil {
		ended = &[]storage.Session{}
	}
	if scope.SID == "" && scope.AccountID == 0 {
		return []step{{sql: "SELECT 1", scan: func(*wire.Rows) error { *ended = nil; return nil }}}
	}
	var of, by condition
	of.and("expires_at > ?", now)
	by.and("revoked_at IS NULL AND expires_at > ?", now)
	if scope.SID != "" {
		of.and("sid = ?", toText(scope.SID))
		by.and("sid = ?", toText(scope.SID))
	}
	if scope.AccountID != 0 {
		of.and("account_id = ?", scope.AccountID)
		by.and("account_id = ?", scope.AccountID)
	}
	if scope.ExceptSID != "" {
		of.and("sid <> ?", toText(scope.ExceptSID))
		by.and("(sid IS NULL OR sid <> ?)", toText(scope.ExceptSID))
	}
	if scope.Offline {
		by.and("(offline OR sid IS NOT NULL)")
	} else {
		by.and("NOT offline AND sid IS NOT NULL")
	}
	end := s.t.sessions.get(ended, `WITH ended AS (
		DELETE FROM sessions WHERE sid IN (SELECT sid FROM sessions WHERE `+of.String()+` ORDER BY sid FOR UPDATE) RETURNING *
	), told AS (
		`+queueNotices("$1")+`
	) SELECT `+s.t.sessions.list+" FROM ended", of.args...)
	return []step{end, revoke(by, nil)}
}

// queueNotices queues a notice for each client in notify of each row of ended, which are sid, account_id and notify; now is the parameter of the time.
func queueNotices(now string) string {
	return `INSERT INTO notices (sid, client_id, account_id, sub, ended_at, not_before)
		SELECT DISTINCT e.sid, n.client_id, e.account_id, a.sub, ` + now + `::timestamptz, ` + now + `::timestamptz
		FROM ended e JOIN accounts a ON a.id = e.account_id CROSS JOIN unnest(e.notify) AS n (client_id) ORDER BY 1, 2
		ON CONFLICT (sid, client_id) DO UPDATE SET account_id = excluded.account_id, sub = excluded.sub, ended_at = excluded.ended_at,
			not_before = excluded.not_before, lease_until = NULL, attempts = 0, last_error = '', delivered_at = NULL, given_up_at = NULL`
}

// ListSessions implements [storage.Sessions].
func (s *Store) ListSessions(ctx context.Context, accountID int64, now time.Time) (list []storage.Session, err error) {
	err = s.run(ctx, "ListSessions", reading, s.t.sessions.get(&list,
		"SELECT "+s.t.sessions.list+" FROM sessions WHERE account_id = $1 AND expires_at > $2 ORDER BY last_seen_at DESC, sid", accountID, now))
	return list, err
}
