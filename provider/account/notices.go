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

// noticed is the data of the link in a mail that tells of something new: "it was not me" takes that away.
type noticed struct {
	// Passkey is the ID of a passkey.
	Passkey string `json:"passkey,omitempty"`
	// App is when an authenticator app was set up, Codes when recovery codes were made: those of then, and no later ones.
	App   time.Time `json:"app,omitzero"`
	Codes time.Time `json:"codes,omitzero"`
}

// addNoticeOf tells the owner of something, with a link that undoes what can be undone. Without an address nobody is told.
func (s *Service) addNoticeOf(with *storage.Effects, kind string, a storage.Account, c Caller) error {
	return s.addNoticeAbout(with, kind, a, c, noticed{})
}

// addNoticeAbout is addNoticeOf for what "it was not me" takes away.
func (s *Service) addNoticeAbout(with *storage.Effects, kind string, a storage.Account, c Caller, about noticed) error {
	if a.EmailKey == "" {
		return nil
	}
	if err := s.addWarning(with, a, kind, c, Letter{}); err != nil || about == (noticed{}) {
		return err
	}
	data, err := json.Marshal(about)
	if err != nil {
		return fmt.Errorf("encode notice: %w", err)
	}
	with.Put[len(with.Put)-1].Data = data
	return nil
}

// addWarning adds a mail to the account's own address that tells what happened, and lets its reader say that it was somebody else.
func (s *Service) addWarning(with *storage.Effects, a storage.Account, kind string, c Caller, l Letter) error {
	token, one, err := s.newToken(storage.PurposeRevoke, nil)
	if err != nil {
		return err
	}
	l.When, l.Where, l.Undo = s.now(), c.Address, s.links.Revoke(token)
	m, err := s.mail(kind, a, c, l, s.config.NoticeTTL)
	if err != nil {
		return err
	}
	with.Put, with.Mail = append(with.Put, one), append(with.Mail, m)
	return nil
}

// RevokeByMail is "it was not me": it stops what was begun, as StopByMail does, and ends every session and grant of the account.
// Refusals: BadToken, Throttled.
func (s *Service) RevokeByMail(ctx context.Context, token string, caller Caller) error {
	return s.notMe(ctx, token, &storage.EndScope{Offline: true}, caller)
}

// StopByMail voids resets, changes of address, recoveries and what was mailed to sign in with; whoever is signed in stays so.
// Refusals: BadToken, Throttled.
func (s *Service) StopByMail(ctx context.Context, token string, caller Caller) error {
	return s.notMe(ctx, token, nil, caller)
}

func (s *Service) notMe(ctx context.Context, token string, end *storage.EndScope, caller Caller) error {
	if err := s.AttemptAny(ctx, caller); err != nil {
		return err
	}
	one, a, err := s.token(ctx, storage.PurposeRevoke, token, caller)
	if err != nil {
		return err
	}
	if err := s.dropNoticed(ctx, a, one.Data, caller); err != nil {
		return err
	}
	with := storage.Effects{
		Take: &one.OneTimeKey, End: end,
		Void: append(recoveryPurposes(), storage.PurposeReset, storage.PurposeEmail, storage.PurposeSignIn, storage.PurposeCode, storage.PurposeDevice),
	}
	if a.DeleteAt.IsZero() {
		err = s.store.ApplyEffects(ctx, a.ID, with, s.now())
	} else { // whoever asked to delete the account was somebody else
		_, err = s.keep(ctx, a, with, caller, "mail")
	}
	if err != nil {
		return badToken("revoke by mail", err)
	}
	name := audit.StoppedByMail
	if end != nil {
		name = audit.SessionsEnded
	}
	s.record(ctx, name, caller, audit.Event{AccountID: a.ID, Detail: "by_mail"})
	return nil
}

// dropNoticed removes what a link is about. Whoever follows the link again, because what comes after failed, finds it gone.
func (s *Service) dropNoticed(ctx context.Context, a storage.Account, data []byte, c Caller) error {
	var n noticed
	if len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return fmt.Errorf("decode notice: %w", err)
	}
	if n.Passkey != "" {
		gone, err := s.dropPasskey(ctx, a.ID, n.Passkey)
		if err != nil {
			return err
		}
		if gone {
			s.record(ctx, audit.PasskeyRemoved, c, audit.Event{AccountID: a.ID, Detail: "by_mail"})
		}
	}
	if err := s.dropApp(ctx, a, n.App, c); err != nil {
		return err
	}
	if err := s.dropCodes(ctx, a.ID, n.Codes); err != nil {
		return err
	}
	return s.dropIdleCodes(ctx, a.ID)
}

// dropIdleCodes removes recovery codes where nothing is left that they could stand in for: whoever sets something up gets new ones.
func (s *Service) dropIdleCodes(ctx context.Context, accountID int64) error {
	a, err := s.Account(ctx, accountID)
	if err != nil || a.TOTP != nil {
		return err
	}
	keys, err := s.Passkeys(ctx, accountID)
	if err != nil || len(keys) > 0 {
		return err
	}
	return badTokenOr("void recovery codes", s.store.ApplyEffects(ctx, accountID, storage.Effects{Void: []storage.Purpose{storage.PurposeRecoveryCode}}, s.now()))
}

// dropPasskey removes one that may not be there; ok is false then.
func (s *Service) dropPasskey(ctx context.Context, accountID int64, id string) (ok bool, err error) {
	err = s.store.DeletePasskey(ctx, accountID, id, storage.Effects{}, s.now())
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, wrap("remove passkey", err)
}

// dropApp removes the authenticator app that was set up then; another stays.
func (s *Service) dropApp(ctx context.Context, a storage.Account, at time.Time, c Caller) error {
	if at.IsZero() {
		return nil
	}
	_, err := s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		if a.TOTP == nil || !sameMoment(a.TOTP.ConfirmedAt, at) {
			return storage.Effects{}, errUnchanged
		}
		a.TOTP = nil
		return storage.Effects{Void: []storage.Purpose{storage.PurposeDevice}}, nil
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	if err != nil {
		return badToken("remove app", err)
	}
	s.record(ctx, audit.FactorRemoved, c, audit.Event{AccountID: a.ID, Detail: "by_mail"})
	return nil
}

// dropCodes removes the recovery codes that were made then; later ones stay.
func (s *Service) dropCodes(ctx context.Context, accountID int64, at time.Time) error {
	if at.IsZero() {
		return nil
	}
	list, err := s.store.ListOneTimes(ctx, accountID, storage.PurposeRecoveryCode, s.now())
	if err != nil {
		return fmt.Errorf("list recovery codes: %w", err)
	}
	if len(list) == 0 || !sameMoment(list[0].CreatedAt, at) {
		return nil
	}
	return badTokenOr("void recovery codes", s.store.ApplyEffects(ctx, accountID, storage.Effects{Void: []storage.Purpose{storage.PurposeRecoveryCode}}, s.now()))
}

// sameMoment compares times as exactly as every store keeps them.
func sameMoment(a, b time.Time) bool { return a.Sub(b).Abs() < 2*time.Microsecond }

// badTokenOr is badToken where something failed.
func badTokenOr(verb string, err error) error {
	if err == nil {
		return nil
	}
	return badToken(verb, err)
}
