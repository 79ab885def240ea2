package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Browser is one that signed somebody in and is known since.
type Browser struct {
	// ID is for [Service.ForgetBrowser]; whoever reads it cannot make the cookie of it.
	ID string
	// UserAgent is the header at its first sign-in, at most 256 bytes.
	UserAgent       string
	KnownAt, EndsAt time.Time
	// TrustedUntil: it stands in for the second factor; zero for not.
	TrustedUntil time.Time
	// This: the request came from it.
	This bool
}

// Browsers lists the browsers that an account knows, newest first. cookie is the value of this browser's cookie of known devices, "" if none.
func (s *Service) Browsers(ctx context.Context, accountID int64, cookie string) ([]Browser, error) {
	list, err := s.store.ListOneTimes(ctx, accountID, storage.PurposeDevice, s.now())
	if err != nil {
		return nil, fmt.Errorf("list browsers: %w", err)
	}
	this := map[string]bool{}
	for _, token := range splitDevice(cookie) {
		this[digest(token)] = true
	}
	out := make([]Browser, 0, len(list))
	for _, one := range list {
		var d deviceData
		if err := json.Unmarshal(one.Data, &d); err != nil {
			return nil, fmt.Errorf("decode browser: %w", err)
		}
		b := Browser{ID: one.Hash, UserAgent: d.UserAgent, KnownAt: one.CreatedAt, EndsAt: one.ExpiresAt, This: this[one.Hash]}
		if s.now().Before(d.TrustedUntil) {
			b.TrustedUntil = d.TrustedUntil
		}
		out = append(out, b)
	}
	return out, nil
}

// ForgetBrowser makes a browser a stranger again: it does not stand in for the second factor any more, and its next sign-in is told by mail. Whoever is
// signed in with it stays so. Refusals: Gone, also for one that another account knows.
func (s *Service) ForgetBrowser(ctx context.Context, accountID int64, id string, caller Caller) error {
	key := storage.OneTimeKey{Purpose: storage.PurposeDevice, Hash: id}
	one, err := s.store.OneTime(ctx, key, s.now())
	if err != nil {
		return gone("load browser", err)
	}
	if one.AccountID != accountID {
		return &Refusal{Kind: Gone}
	}
	if err := s.store.ApplyEffects(ctx, accountID, storage.Effects{Take: &key}, s.now()); err != nil {
		return gone("forget browser", err)
	}
	s.record(ctx, audit.BrowserForgotten, caller, audit.Event{AccountID: accountID})
	return nil
}

// SignOutOf ends an account's part in a client: every grant of the two, offline ones too, and the client's part of each session, of which it is told where
// it asked for that (OpenID Connect Back-Channel Logout). What the person allowed stays allowed.
func (s *Service) SignOutOf(ctx context.Context, accountID int64, clientID string, caller Caller) error {
	if _, err := s.store.RevokeGrants(ctx, storage.GrantScope{AccountID: accountID, ClientID: clientID}, s.now()); err != nil {
		return fmt.Errorf("revoke grants: %w", err)
	}
	if err := s.leaveClient(ctx, accountID, clientID); err != nil {
		return err
	}
	s.record(ctx, audit.AppSignedOut, caller, audit.Event{AccountID: accountID, ClientID: clientID})
	return nil
}

// leaveClient takes a client out of the account's sessions.
func (s *Service) leaveClient(ctx context.Context, accountID int64, clientID string) error {
	now := s.now()
	list, err := s.store.ListSessions(ctx, accountID, now)
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	for _, one := range list {
		_, err := s.store.TouchSession(ctx, one.SID, storage.SessionChange{DropClient: clientID}, now)
		if err != nil && !errors.Is(err, storage.ErrNotFound) { // ended a moment ago, and so told
			return fmt.Errorf("take client out of session: %w", err)
		}
	}
	return nil
}
