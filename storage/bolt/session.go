package bolt

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// CreateSession implements [storage.Sessions].
func (s *Store) CreateSession(ctx context.Context, session storage.Session, now time.Time) error {
	return s.update(ctx, "CreateSession", func(t *txn) error { return t.createSession(session, now) })
}

func (t *txn) createSession(session storage.Session, now time.Time) error {
	if !t.hasAccount(session.AccountID) {
		return storage.ErrNotFound
	}
	if _, live := t.liveSession(session.SID, now); live || session.SID == "" {
		return storage.ErrExists
	}
	t.removeSession(session.SID)
	t.addSession(session)
	return nil
}

func (t *txn) addSession(session storage.Session) {
	save(t, tSessions, []byte(session.SID), walkSession, session)
	t.mark(tSessionsOf, join(idKey(session.AccountID), session.SID))
	t.mark(tExpiry, expiryKey(session.ExpiresAt, tSessions, []byte(session.SID)))
	t.delta[tSessions]++
}

func (t *txn) liveSession(sid string, now time.Time) (storage.Session, bool) {
	session, ok := load(t, tSessions, []byte(sid), walkSession)
	if !ok || !session.ExpiresAt.After(now) {
		return storage.Session{}, false
	}
	return session, true
}

func (t *txn) removeSession(sid string) {
	session, ok := load(t, tSessions, []byte(sid), walkSession)
	if !ok {
		return
	}
	t.drop(tSessions, []byte(sid))
	t.drop(tSessionsOf, join(idKey(session.AccountID), sid))
	t.drop(tExpiry, expiryKey(session.ExpiresAt, tSessions, []byte(sid)))
	t.delta[tSessions]--
}

// Session implements [storage.Sessions].
func (s *Store) Session(ctx context.Context, sid string, now time.Time) (session storage.Session, err error) {
	err = s.view(ctx, "Session", func(t *txn) error {
		found, ok := t.liveSession(sid, now)
		if !ok {
			return storage.ErrNotFound
		}
		session = found
		return nil
	})
	return session, err
}

// TouchSession implements [storage.Sessions].
func (s *Store) TouchSession(ctx context.Context, sid string, change storage.SessionChange, now time.Time) (session storage.Session, err error) {
	err = s.update(ctx, "TouchSession", func(t *txn) error {
		touched, ok := t.liveSession(sid, now)
		if !ok {
			return storage.ErrNotFound
		}
		before := touched.ExpiresAt
		touched.LastSeenAt = cmp.Or(change.LastSeenAt, touched.LastSeenAt)
		touched.AuthTime = cmp.Or(change.AuthTime, touched.AuthTime)
		touched.ExpiresAt = cmp.Or(change.ExpiresAt, touched.ExpiresAt)
		touched.ACR = cmp.Or(change.ACR, touched.ACR)
		touched.SecretHash = cmp.Or(change.SecretHash, touched.SecretHash)
		if change.AMR != nil {
			touched.AMR = slices.Clone(change.AMR)
		}
		if change.AddClient != "" && !slices.Contains(touched.Clients, change.AddClient) {
			touched.Clients = append(touched.Clients, change.AddClient)
		}
		if change.AddNotify != "" && !slices.Contains(touched.Notify, change.AddNotify) {
			touched.Notify = append(touched.Notify, change.AddNotify)
		}
		if slices.Contains(touched.Notify, change.DropClient) {
			t.notify(storage.Session{SID: sid, AccountID: touched.AccountID, Notify: []string{change.DropClient}}, t.subOf(touched.AccountID), now)
		}
		if change.DropClient != "" {
			leave := func(client string) bool { return client == change.DropClient }
			touched.Clients, touched.Notify = slices.DeleteFunc(touched.Clients, leave), slices.DeleteFunc(touched.Notify, leave)
		}
		save(t, tSessions, []byte(sid), walkSession, touched)
		if !touched.ExpiresAt.Equal(before) {
			t.drop(tExpiry, expiryKey(before, tSessions, []byte(sid)))
			t.mark(tExpiry, expiryKey(touched.ExpiresAt, tSessions, []byte(sid)))
		}
		session = touched
		return nil
	})
	if err != nil {
		return storage.Session{}, err
	}
	return session, nil
}

// EndSessions implements [storage.Sessions].
func (s *Store) EndSessions(ctx context.Context, scope storage.EndScope, now time.Time) (ended []storage.Session, err error) {
	err = s.update(ctx, "EndSessions", func(t *txn) error {
		ended = t.endSessions(scope, now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// endSessions ends the live sessions in scope, and the grants in scope whether or not their session was still live:
// an answer must not depend on what was swept.
func (t *txn) endSessions(scope storage.EndScope, now time.Time) []storage.Session {
	var sids, gids [][]byte
	if scope.SID != "" {
		sids, gids = [][]byte{[]byte(scope.SID)}, t.members(tGrantsIn, within(scope.SID))
	} else if scope.AccountID != 0 {
		sids, gids = t.members(tSessionsOf, idKey(scope.AccountID)), t.members(tGrantsOf, idKey(scope.AccountID))
	}
	var ended []storage.Session
	for _, sid := range sids {
		session, ok := t.liveSession(string(sid), now)
		foreign := scope.AccountID != 0 && session.AccountID != scope.AccountID
		if !ok || foreign || bytes.Equal(sid, []byte(scope.ExceptSID)) {
			continue
		}
		t.removeSession(session.SID)
		if len(session.Notify) > 0 {
			t.notify(session, t.subOf(session.AccountID), now)
		}
		ended = append(ended, session)
	}
	for _, gid := range gids {
		g, ok := load(t, tGrants, gid, walkGrant)
		switch {
		case !ok,
			scope.AccountID != 0 && g.AccountID != scope.AccountID,
			scope.ExceptSID != "" && g.SID == scope.ExceptSID,
			g.Offline && !scope.Offline,
			!g.Offline && g.SID == "":
		default:
			t.revoke(g.ID, now)
		}
	}
	storage.Sort(ended, newestFirst)
	return ended
}

func newestFirst(a, b storage.Session) int {
	return cmp.Or(b.LastSeenAt.Compare(a.LastSeenAt), strings.Compare(a.SID, b.SID))
}

// ListSessions implements [storage.Sessions].
func (s *Store) ListSessions(ctx context.Context, accountID int64, now time.Time) (list []storage.Session, err error) {
	err = s.view(ctx, "ListSessions", func(t *txn) error {
		for _, sid := range t.members(tSessionsOf, idKey(accountID)) {
			if session, live := t.liveSession(string(sid), now); live {
				list = append(list, session)
			}
		}
		storage.Sort(list, newestFirst)
		return nil
	})
	return list, err
}
