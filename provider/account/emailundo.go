package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// undoMargin is how long before a change of address was asked for an app or a passkey is taken for one of who asked.
const undoMargin = time.Hour

// formerEmail is the data of a token that brings an address back.
type formerEmail struct {
	Email string `json:"email"`
	Key   string `json:"key"`
	// Since is when the change was asked for.
	Since time.Time `json:"since"`
}

// addUndo tells the address that the account had until now, with a link that brings it back.
func (s *Service) addUndo(with *storage.Effects, was storage.Account, to string, since time.Time, c Caller) error {
	data, err := json.Marshal(formerEmail{Email: was.Email, Key: was.EmailKey, Since: since})
	if err != nil {
		return fmt.Errorf("encode former address: %w", err)
	}
	token, one, err := s.newToken(storage.PurposeEmailUndo, data)
	if err != nil {
		return err
	}
	m, err := s.mail(MailEmailChanged, was, c, Letter{Address: to, Link: s.links.Mailed(LinkEmailUndo, token), Expires: one.ExpiresAt, When: s.now(), Where: c.Address}, s.config.NoticeTTL)
	if err != nil {
		return err
	}
	with.Put, with.Mail = append(with.Put, one), append(with.Mail, m)
	return nil
}

func formerOf(one storage.OneTime) (formerEmail, error) {
	var d formerEmail
	if err := json.Unmarshal(one.Data, &d); err != nil || d.Key == "" {
		return d, fmt.Errorf("decode former address: %w", errors.Join(err, errors.New("it has no key")))
	}
	return d, nil
}

// PeekEmailUndo tells the address that a token brings back, without using it. Refusals: BadToken.
func (s *Service) PeekEmailUndo(ctx context.Context, token string) (string, error) {
	one, _, err := s.peek(ctx, storage.PurposeEmailUndo, token)
	if err != nil {
		return "", err
	}
	d, err := formerOf(one)
	return d.Email, err
}

// UndoEmail uses the token: the account has its former address again, and is as it was before the change was asked for. Every session and grant ends
// (those of before ended with the change, but for the one that asked), and a password set since then is gone; so are an authenticator app and passkeys that were
// added since, or shortly before: whoever takes an account over puts their own key in before they lock its owner out. A deletion that was planned is off. Undoing a later change is void, undoing an earlier one stays possible: the first owner has the last word.
// Refusals: BadToken, EmailTaken (somebody else proved to have the address meanwhile), Throttled.
func (s *Service) UndoEmail(ctx context.Context, token string, caller Caller) (storage.Account, error) {
	if err := s.AttemptAny(ctx, caller); err != nil {
		return storage.Account{}, err
	}
	one, a, err := s.token(ctx, storage.PurposeEmailUndo, token, caller)
	if err != nil {
		return storage.Account{}, err
	}
	d, err := formerOf(one)
	if err != nil {
		return storage.Account{}, err
	}
	if err := s.clearSquatter(ctx, d.Key, a.ID); err != nil {
		return storage.Account{}, err
	}
	older, err := s.olderUndos(ctx, a.ID, one)
	if err != nil {
		return storage.Account{}, err
	}
	suspect := d.Since.Add(-undoMargin)
	// Before the token is used, so that whoever comes again after a fault finds them gone; and after it, when nobody is signed in who could add one.
	if err := s.dropPasskeysSince(ctx, a.ID, suspect); err != nil {
		return storage.Account{}, err
	}
	var with storage.Effects
	planned := false
	a, err = s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		if a.Disabled { // an operator did that meanwhile, or it is being deleted
			return storage.Effects{}, &Refusal{Kind: Gone}
		}
		planned = !a.DeleteAt.IsZero()
		with = storage.Effects{Take: &one.OneTimeKey, Put: older, End: &storage.EndScope{Offline: true},
			Void: append(mailedPurposes(), storage.PurposeEmailUndo, storage.PurposeRecover, storage.PurposeRecoverStop, storage.PurposeDevice)}
		if a.EmailVerified && a.EmailKey != d.Key {
			m, err := s.mail(MailEmailUndone, *a, caller, Letter{When: s.now(), Where: caller.Address, Address: d.Email}, s.config.NoticeTTL)
			if err != nil {
				return storage.Effects{}, err
			}
			with.Mail = []storage.Mail{m}
		}
		restore(a, d, &with, s.now())
		return with, nil
	})
	if errors.Is(err, storage.ErrEmailTaken) {
		return storage.Account{}, &Refusal{Kind: EmailTaken}
	}
	if err != nil {
		return storage.Account{}, badToken("bring address back", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.EmailRestored, caller, audit.Event{AccountID: a.ID})
	if planned {
		s.record(ctx, audit.DeletionStopped, caller, audit.Event{AccountID: a.ID, Detail: "mail"})
	}
	if err := s.dropPasskeysSince(ctx, a.ID, suspect); err != nil {
		return storage.Account{}, err
	}
	return a, s.dropIdleCodes(ctx, a.ID)
}

// restore puts an account back to what it was.
func restore(a *storage.Account, d formerEmail, with *storage.Effects, now time.Time) {
	a.Email, a.EmailKey, a.EmailVerified, a.DeleteAt = d.Email, d.Key, true, time.Time{}
	if a.PasswordSetAt.After(d.Since) {
		a.PasswordHash, a.PasswordSetAt = "", now // so that a sign-in by it that is under way opens no session
	}
	if a.TOTP != nil && !a.TOTP.ConfirmedAt.Before(d.Since.Add(-undoMargin)) {
		a.TOTP = nil
		with.Void = append(with.Void, storage.PurposeRecoveryCode)
	}
}

// dropPasskeysSince removes the passkeys that were added since then.
func (s *Service) dropPasskeysSince(ctx context.Context, accountID int64, since time.Time) error {
	all, err := s.store.ListPasskeys(ctx, accountID)
	if err != nil {
		return fmt.Errorf("list passkeys: %w", err)
	}
	for _, p := range all {
		if p.CreatedAt.Before(since) {
			continue
		}
		if _, err := s.dropPasskey(ctx, accountID, p.ID); err != nil {
			return err
		}
	}
	return nil
}

// olderUndos are the tokens that bring back what the account had before one.
func (s *Service) olderUndos(ctx context.Context, accountID int64, one storage.OneTime) ([]storage.OneTime, error) {
	all, err := s.store.ListOneTimes(ctx, accountID, storage.PurposeEmailUndo, s.now())
	return slices.DeleteFunc(all, func(o storage.OneTime) bool { return o.Hash == one.Hash || !o.CreatedAt.Before(one.CreatedAt) }), wrap("list former addresses", err)
}

// clearSquatter takes the address from another account that never proved to have it: the token that is about to be used proves it.
func (s *Service) clearSquatter(ctx context.Context, key string, except int64) error {
	other, err := s.store.Account(ctx, storage.AccountKey{EmailKey: key})
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for address: %w", err)
	}
	if other.ID == except {
		return nil
	}
	if other.EmailVerified {
		return &Refusal{Kind: EmailTaken}
	}
	other.Email, other.EmailKey, other.UpdatedAt = "", "", s.now()
	_, err = s.store.ReplaceAccount(ctx, other, storage.Effects{Void: mailedPurposes()}, s.now())
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrConflict) {
		return nil // it changed meanwhile: the write says what is
	}
	return wrap("free address", err)
}

// formerEmails are the addresses that can still be brought back, each once.
func (s *Service) formerEmails(ctx context.Context, accountID int64) ([]string, error) {
	all, err := s.store.ListOneTimes(ctx, accountID, storage.PurposeEmailUndo, s.now())
	if err != nil {
		return nil, fmt.Errorf("list former addresses: %w", err)
	}
	var out []string
	for _, one := range all {
		d, err := formerOf(one)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, d.Email) {
			out = append(out, d.Email)
		}
	}
	return out, nil
}
