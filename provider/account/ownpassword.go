package account

import (
	"context"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// OwnPassword is a password that the account's owner, who is signed in, wants to have.
type OwnPassword struct {
	// Current is the one in force; it does not count where there is none: then the caller has made sure that the person proved lately who they are.
	Current, Next string
	// DeviceToken is the value of the browser's cookie of known devices, "" if none: strangers' failures do not keep its owner from this.
	DeviceToken string
	// SID is the session that stays. Stay: others stay, too.
	SID  string
	Stay bool
}

// SetOwnPassword puts a password in force, also for an account that has none. Unless in.Stay is set, other sessions end, with their grants and offline ones.
// Refusals: WrongPassword, Invalid, PasswordReused, Throttled, Busy, Gone.
func (s *Service) SetOwnPassword(ctx context.Context, accountID int64, in OwnPassword, caller Caller) error {
	a, err := s.active(ctx, accountID)
	if err != nil {
		return err
	}
	if a.PasswordHash != "" {
		if a, err = s.confirm(ctx, accountID, in.Current, caller, in.DeviceToken); err != nil {
			return err
		}
	}
	var with storage.Effects
	if !in.Stay {
		with.End = &storage.EndScope{ExceptSID: in.SID, Offline: true}
	}
	_, err = s.replacePassword(ctx, a, in.Next, Page, caller, with)
	if IsKind(err, BadToken) { // another was set since the current one was checked
		err = &Refusal{Kind: WrongPassword}
	}
	if err != nil {
		return gone("set own password", err)
	}
	s.record(ctx, audit.PasswordChanged, caller, audit.Event{AccountID: accountID})
	return nil
}
