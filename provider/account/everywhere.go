package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Left is what a person left behind by signing out everywhere: what the page that follows needs, which nobody who is signed in sees.
type Left struct {
	AccountID int64     `json:"a"`
	At        time.Time `json:"t"`
	// Here is the session of the browser that asked, without what is secret of it: applications that listen in browsers are told by it.
	Here storage.Session `json:"-"`
	// SID and Clients are those of Here.
	SID     string   `json:"s"`
	Clients []string `json:"c,omitempty"`
	// Untold are clients of the sessions that ended which asked for no notice; those that are told are among the notices.
	Untold []string `json:"u,omitempty"`
	// DeleteAt is when the account will be deleted, zero where it will not. Deleted: it is.
	DeleteAt time.Time `json:"d,omitzero"`
	Deleted  bool      `json:"g,omitempty"`
}

const (
	// leftPurpose is the [Vault] purpose of a sealed Left, leftTTL how long one can be opened.
	leftPurpose = "signed out everywhere"
	leftTTL     = 15 * time.Minute
	// leftSpan is how long after Left.At the sessions may have ended: the write comes after what is noted.
	leftSpan = 10 * time.Second
	// leftClients bounds Clients and Untold, and leftBytes all their names, in bytes: it travels in a cookie.
	leftClients, leftBytes = 40, 1200
)

// SignOutEverywhere ends every session and grant of the account, offline ones and the caller's own session too, and makes every known browser a
// stranger; a change of address that waits is void. The applications that asked for it are told (OpenID Connect Back-Channel Logout). Refusals: Gone.
func (s *Service) SignOutEverywhere(ctx context.Context, sess storage.Session, caller Caller) (Left, error) {
	left, err := s.leaving(ctx, sess)
	if err != nil {
		return Left{}, err
	}
	with := storage.Effects{End: &storage.EndScope{Offline: true}, Void: []storage.Purpose{storage.PurposeDevice, storage.PurposeEmail}}
	if err := s.store.ApplyEffects(ctx, sess.AccountID, with, left.At); err != nil {
		return Left{}, gone("sign out everywhere", err)
	}
	s.record(ctx, audit.SessionsEnded, caller, audit.Event{AccountID: sess.AccountID, SID: sess.SID, Detail: "everywhere"})
	return left, nil
}

// leaving notes what is about to be left.
func (s *Service) leaving(ctx context.Context, sess storage.Session) (Left, error) {
	now := s.now()
	list, err := s.store.ListSessions(ctx, sess.AccountID, now)
	if err != nil {
		return Left{}, fmt.Errorf("list sessions: %w", err)
	}
	out := Left{AccountID: sess.AccountID, At: now, SID: sess.SID, Here: storage.Session{SID: sess.SID, AccountID: sess.AccountID, Clients: sess.Clients}}
	room := leftBytes
	keep := func(into []string, id string) []string {
		if len(into) >= leftClients || slices.Contains(into, id) || room < len(id) {
			return into
		}
		room -= len(id)
		return append(into, id)
	}
	var told []string
	for _, one := range list {
		told = append(told, one.Notify...)
	}
	for _, id := range sess.Clients {
		out.Clients = keep(out.Clients, id)
	}
	for _, one := range list {
		for _, id := range one.Clients {
			if !slices.Contains(told, id) {
				out.Untold = keep(out.Untold, id)
			}
		}
	}
	return out, nil
}

// SealLeft seals what was left for the browser that did, for a short while.
func (s *Service) SealLeft(l Left) (string, error) { return s.sealText(leftPurpose, "", l) }

// OpenLeft opens what SealLeft sealed, and tells what came of the notices by now. Refusals: StepGone, where it is none of ours or too old.
func (s *Service) OpenLeft(ctx context.Context, sealed string) (Left, []storage.LogoutNotice, error) {
	var l Left
	now := s.now()
	if err := s.openText(leftPurpose, "", sealed, &l); err != nil || !now.Before(l.At.Add(leftTTL)) {
		return Left{}, nil, &Refusal{Kind: StepGone}
	}
	l.Here = storage.Session{SID: l.SID, AccountID: l.AccountID, Clients: l.Clients}
	list, err := s.store.ListNotices(ctx, l.AccountID, now)
	if err != nil {
		return Left{}, nil, fmt.Errorf("list notices: %w", err)
	}
	return l, slices.DeleteFunc(list, func(n storage.LogoutNotice) bool {
		after := n.EndedAt.Sub(l.At) // stores keep times to the microsecond
		return after < -time.Microsecond || after > leftSpan
	}), nil
}
