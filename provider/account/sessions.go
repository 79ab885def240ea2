package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// cut keeps at most n bytes of valid text without control characters.
func cut(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	for len(text) > n {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

// SignOut ends a session and the grants it bought, but for offline ones. Refusals: Gone where there is none.
func (s *Service) SignOut(ctx context.Context, sid string, caller Caller) error {
	return s.endOne(ctx, storage.EndScope{SID: sid}, caller, audit.SignOut)
}

// EndSession ends one session of the account. Refusals: Gone, also for a session of somebody else.
func (s *Service) EndSession(ctx context.Context, accountID int64, sid string, caller Caller) error {
	return s.endOne(ctx, storage.EndScope{AccountID: accountID, SID: sid}, caller, audit.SessionsEnded)
}

func (s *Service) endOne(ctx context.Context, scope storage.EndScope, caller Caller, name audit.Name) error {
	if scope.SID == "" {
		return &Refusal{Kind: Gone} // without it the scope would be the whole account
	}
	now := s.now()
	session, err := s.store.Session(ctx, scope.SID, now)
	if err != nil {
		return gone("load session", err)
	}
	if scope.AccountID != 0 && session.AccountID != scope.AccountID {
		return &Refusal{Kind: Gone}
	}
	scope.AccountID = session.AccountID
	ended, err := s.store.EndSessions(ctx, scope, now)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if len(ended) == 0 {
		return &Refusal{Kind: Gone} // somebody else ended it first
	}
	s.record(ctx, name, caller, audit.Event{AccountID: session.AccountID, SID: session.SID, Detail: session.Kind})
	return nil
}

// EndOtherSessions ends every session of the account but keepSID, with the grants they bought, and says how many. A change of address that another session
// asked for is void. Refusals: Gone.
func (s *Service) EndOtherSessions(ctx context.Context, accountID int64, keepSID string, caller Caller) (int, error) {
	// Browsers that stand in for the second factor do not any more.
	with := storage.Effects{Void: []storage.Purpose{storage.PurposeDevice}}
	stopped, err := s.othersEmail(ctx, accountID, keepSID)
	if err != nil {
		return 0, err
	}
	if stopped {
		with.Void = append(with.Void, storage.PurposeEmail)
	}
	if err := s.store.ApplyEffects(ctx, accountID, with, s.now()); err != nil {
		return 0, gone("forget devices", err)
	}
	if stopped {
		s.record(ctx, audit.EmailChangeStopped, caller, audit.Event{AccountID: accountID, SID: keepSID, Detail: "others"})
	}
	ended, err := s.store.EndSessions(ctx, storage.EndScope{AccountID: accountID, ExceptSID: keepSID}, s.now())
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	for _, e := range ended {
		s.record(ctx, audit.SessionsEnded, caller, audit.Event{AccountID: accountID, SID: e.SID, Detail: "others"})
	}
	return len(ended), nil
}

// othersEmail tells whether a change of address waits that another session than sid asked for.
func (s *Service) othersEmail(ctx context.Context, accountID int64, sid string) (bool, error) {
	list, err := s.store.ListOneTimes(ctx, accountID, storage.PurposeEmail, s.now())
	if err != nil {
		return false, fmt.Errorf("list changes of address: %w", err)
	}
	for _, one := range list {
		d, err := emailOf(one)
		if err != nil || d.SID != sid {
			return true, err
		}
	}
	return false, nil
}

// Sessions lists the live sessions of an account, the one seen last first.
func (s *Service) Sessions(ctx context.Context, accountID int64) ([]storage.Session, error) {
	list, err := s.store.ListSessions(ctx, accountID, s.now())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

// Live returns the account of a session, and the session. Refusals: Gone where either is gone or the account is disabled.
func (s *Service) Live(ctx context.Context, sid string) (storage.Account, storage.Session, error) {
	session, err := s.store.Session(ctx, sid, s.now())
	if err != nil {
		return storage.Account{}, storage.Session{}, gone("load session", err)
	}
	a, err := s.active(ctx, session.AccountID)
	if err == nil && a.Shut() {
		err = &Refusal{Kind: Gone}
	}
	if err != nil {
		return storage.Account{}, storage.Session{}, err
	}
	return a, session, nil
}

// SetDisabled disables an account, which ends all its sessions and grants, or enables it again: for operators. Refusals: Gone.
func (s *Service) SetDisabled(ctx context.Context, accountID int64, disabled bool, caller Caller) (storage.Account, error) {
	a, err := s.Account(ctx, accountID)
	if err != nil {
		return storage.Account{}, err
	}
	for try := 0; ; try++ {
		var with storage.Effects
		name := audit.AccountEnabled
		if disabled {
			name = audit.AccountDisabled
			with.End = &storage.EndScope{Offline: true}
			with.Void = append(append(mailedPurposes(), recoveryPurposes()...), storage.PurposeDevice)
		}
		now := s.now()
		a.Disabled, a.UpdatedAt = disabled, now
		written, err := s.store.ReplaceAccount(ctx, a, with, now)
		if errors.Is(err, storage.ErrConflict) && try < 8 {
			if a, err = s.Account(ctx, accountID); err != nil {
				return storage.Account{}, err
			}
			continue
		}
		if err != nil {
			return storage.Account{}, gone("disable account", err)
		}
		s.record(ctx, name, caller, audit.Event{AccountID: accountID})
		return written, nil
	}
}

// Delete removes an account with everything that is its own. Refusals: Gone.
func (s *Service) Delete(ctx context.Context, accountID int64, caller Caller) error {
	if err := s.store.DeleteAccount(ctx, accountID, storage.Effects{}, s.now()); err != nil {
		return gone("delete account", err)
	}
	s.record(ctx, audit.AccountDeleted, caller, audit.Event{AccountID: accountID})
	return nil
}
