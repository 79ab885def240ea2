package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// CreateSession implements [storage.Sessions].
func (s *Store) CreateSession(ctx context.Context, session storage.Session, now time.Time) error {
	return s.write(ctx, "CreateSession", func(t *tx) error { return s.createSession(t, session, now) })
}

func (s *Store) createSession(t *tx, session storage.Session, now time.Time) error {
	if _, ok := s.accounts[session.AccountID]; !ok {
		return storage.ErrNotFound
	}
	if s.liveSession(session.SID, now) || session.SID == "" {
		return storage.ErrExists
	}
	s.removeSession(t, session.SID)
	put(t, s.sessions, session.SID, cloneSession(session))
	s.sessionsOf.add(t, session.AccountID, session.SID)
	s.expires(session.ExpiresAt, expiring{kind: aSession, id: session.SID})
	return nil
}

func (s *Store) liveSession(sid string, now time.Time) bool {
	return s.sessions[sid].ExpiresAt.After(now)
}

func (s *Store) removeSession(t *tx, sid string) {
	s.sessionsOf.remove(t, s.sessions[sid].AccountID, sid)
	drop(t, s.sessions, sid)
}

// Session implements [storage.Sessions].
func (s *Store) Session(ctx context.Context, sid string, now time.Time) (session storage.Session, err error) {
	err = s.read(ctx, "Session", func() error {
		if !s.liveSession(sid, now) {
			return storage.ErrNotFound
		}
		session = cloneSession(s.sessions[sid])
		return nil
	})
	return session, err
}

// TouchSession implements [storage.Sessions].
func (s *Store) TouchSession(ctx context.Context, sid string, change storage.SessionChange, now time.Time) (session storage.Session, err error) {
	err = s.write(ctx, "TouchSession", func(t *tx) error {
		if !s.liveSession(sid, now) {
			return storage.ErrNotFound
		}
		touched := cloneSession(s.sessions[sid])
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
			s.notify(t, storage.Session{SID: sid, AccountID: touched.AccountID, Notify: []string{change.DropClient}}, s.accounts[touched.AccountID].Sub, now)
		}
		if change.DropClient != "" {
			leave := func(client string) bool { return client == change.DropClient }
			touched.Clients, touched.Notify = slices.DeleteFunc(touched.Clients, leave), slices.DeleteFunc(touched.Notify, leave)
		}
		put(t, s.sessions, sid, touched)
		s.expires(touched.ExpiresAt, expiring{kind: aSession, id: sid})
		session = cloneSession(touched)
		return nil
	})
	return session, err
}

// EndSessions implements [storage.Sessions].
func (s *Store) EndSessions(ctx context.Context, scope storage.EndScope, now time.Time) (ended []storage.Session, err error) {
	err = s.write(ctx, "EndSessions", func(t *tx) error {
		ended = s.endSessions(t, scope, now)
		return nil
	})
	return ended, err
}

// endSessions ends the live sessions in scope, and the grants in scope whether or not their session was still live:
// an answer must not depend on what was swept.
func (s *Store) endSessions(t *tx, scope storage.EndScope, now time.Time) []storage.Session {
	sids, gids := s.sessionsOf[scope.AccountID], s.grantsOf[scope.AccountID]
	if scope.SID != "" {
		sids, gids = map[string]struct{}{scope.SID: {}}, s.grantsIn[scope.SID]
	}
	var ended []storage.Session
	for sid := range sids {
		session := s.sessions[sid]
		foreign := scope.AccountID != 0 && session.AccountID != scope.AccountID
		if foreign || sid == scope.ExceptSID || !session.ExpiresAt.After(now) {
			continue
		}
		s.removeSession(t, sid)
		s.notify(t, session, s.accounts[session.AccountID].Sub, now)
		ended = append(ended, cloneSession(session))
	}
	for gid := range gids {
		g := s.grants[gid]
		switch {
		case scope.AccountID != 0 && g.AccountID != scope.AccountID,
			scope.ExceptSID != "" && g.SID == scope.ExceptSID,
			g.Offline && !scope.Offline,
			!g.Offline && g.SID == "":
		default:
			s.revoke(t, gid, now)
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
	err = s.read(ctx, "ListSessions", func() error {
		for sid := range s.sessionsOf[accountID] {
			if s.liveSession(sid, now) {
				list = append(list, cloneSession(s.sessions[sid]))
			}
		}
		storage.Sort(list, newestFirst)
		return nil
	})
	return list, err
}
