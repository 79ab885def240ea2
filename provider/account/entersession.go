package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// renewSession deals with in.Replace. For the same account the session keeps its SID, its persistence and its clients, and gets a new
// AuthTime, lifetime and secret; another account's is ended.
func (s *Service) renewSession(ctx context.Context, in opening, a storage.Account, out *SignedIn, now time.Time) (bool, error) {
	if in.Replace == "" {
		return false, nil
	}
	old, err := s.store.Session(ctx, in.Replace, now)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("load session: %w", err)
	}
	if old.AccountID != a.ID {
		if _, err := s.store.EndSessions(ctx, storage.EndScope{AccountID: old.AccountID, SID: old.SID}, now); err != nil {
			return false, fmt.Errorf("end session: %w", err)
		}
		s.record(ctx, audit.SessionsEnded, in.Caller, audit.Event{AccountID: old.AccountID, SID: old.SID, Detail: "replaced"})
		return false, nil
	}
	again := in
	again.Dialect, again.Persistent = Dialect(old.Kind), old.Persistent
	fresh, secret, err := s.newSession(again, now)
	if err != nil {
		return false, err
	}
	renewed, err := s.store.TouchSession(ctx, old.SID, storage.SessionChange{
		LastSeenAt: now, AuthTime: fresh.AuthTime, ExpiresAt: fresh.ExpiresAt, AMR: fresh.AMR, ACR: fresh.ACR, SecretHash: fresh.SecretHash,
	}, now)
	if errors.Is(err, storage.ErrNotFound) { // ended a moment ago
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("renew session: %w", err)
	}
	out.Session, out.Secret = renewed, secret
	return true, nil
}

// newSession makes a session that is not stored yet. Its SID has 144 random bits; browsers also get a secret of 256.
func (s *Service) newSession(in opening, now time.Time) (storage.Session, string, error) {
	sid, err := s.secret(18)
	if err != nil {
		return storage.Session{}, "", err
	}
	proved := now
	if !in.Since.IsZero() {
		proved = in.Since
	}
	out := storage.Session{
		SID: sid, AuthTime: proved, AMR: slices.Clone(in.AMR), ACR: oauth.ACROf(in.AMR), Kind: string(in.Dialect),
		UserAgent: cut(in.Caller.UserAgent, 256), Address: cut(in.Caller.Address, 64),
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(s.config.SessionTTL[in.Dialect]), Persistent: in.Persistent,
	}
	if in.Persistent {
		out.ExpiresAt = now.Add(s.config.PersistentTTL)
	}
	if in.Dialect != Page {
		return out, "", nil
	}
	secret, err := s.secret(32)
	out.SecretHash = digest(secret)
	return out, secret, err
}
