package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Invitation asks a person to have an account.
type Invitation struct {
	Email    string
	FullName string
	Groups   []string
	// Locale is the language of the mail.
	Locale string
}

// Invite makes an account by an operator's word, without a password, and mails its owner a link that proves the address and sets one. Somebody who was
// invited before and has not come yet is invited anew: the former link is void. Refusals: Invalid, EmailTaken. Errors: ErrGroups, what
// [storage.CheckGroup] says, or a fault.
func (s *Service) Invite(ctx context.Context, in Invitation, caller Caller) (storage.Account, time.Time, error) {
	a, err := s.invited(in)
	if err != nil {
		return storage.Account{}, time.Time{}, err
	}
	caller.Locale = a.Locale
	token, one, err := s.newToken(storage.PurposeInvite, nil)
	if err != nil {
		return storage.Account{}, time.Time{}, err
	}
	with := storage.Effects{Put: []storage.OneTime{one}}
	m, err := s.mail(MailInvite, a, caller, Letter{Link: s.links.Mailed(LinkInvite, token), Expires: one.ExpiresAt}, s.config.Lifecycle.InviteTTL)
	if err != nil {
		return storage.Account{}, time.Time{}, err
	}
	with.Mail = []storage.Mail{m}
	made, err := s.store.CreateAccount(ctx, a, with, a.CreatedAt)
	if errors.Is(err, storage.ErrEmailTaken) {
		made, err = s.inviteAgain(ctx, a, with)
	}
	if err != nil {
		return storage.Account{}, time.Time{}, gone("invite", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.Invited, caller, audit.Event{AccountID: made.ID})
	return made, one.ExpiresAt, nil
}

// invited is the account that an invitation makes.
func (s *Service) invited(in Invitation) (storage.Account, error) {
	now := s.now()
	a := storage.Account{CreatedAt: now, UpdatedAt: now, Locale: normalLocale(in.Locale)}
	r := &Refusal{Kind: Invalid}
	e, ok := ParseEmail(in.Email)
	switch {
	case in.Email == "":
		r.add(FieldEmail, Missing)
	case !ok:
		r.add(FieldEmail, Malformed)
	}
	a.Email, a.EmailKey = e.Address, e.Key
	var p Problem
	if a.FullName, p = personName(in.FullName, 0, maxFullName); p != "" {
		r.add(FieldFullName, p)
	}
	if len(r.Fields) > 0 {
		return storage.Account{}, r
	}
	for _, g := range in.Groups {
		if err := storage.CheckGroup(g); err != nil {
			return storage.Account{}, err
		}
		a.Groups = storage.JoinGroup(a.Groups, g)
	}
	if len(a.Groups) > storage.MaxGroups {
		return storage.Account{}, ErrGroups
	}
	var err error
	a.Sub, err = s.uuid()
	return a, err
}

// waitsForOwner tells whether an account was made by an invitation that nobody followed yet.
func waitsForOwner(a storage.Account) bool {
	return a.PasswordHash == "" && !a.EmailVerified && a.PasswordSetAt.IsZero()
}

// inviteAgain sends another link to somebody who has not come yet.
func (s *Service) inviteAgain(ctx context.Context, in storage.Account, with storage.Effects) (storage.Account, error) {
	a, err := s.store.Account(ctx, storage.AccountKey{EmailKey: in.EmailKey})
	if err != nil {
		return storage.Account{}, err
	}
	with.Void = []storage.Purpose{storage.PurposeInvite}
	return s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		if !waitsForOwner(*a) {
			return storage.Effects{}, &Refusal{Kind: EmailTaken}
		}
		if in.FullName != "" {
			a.FullName = in.FullName
		}
		for _, g := range in.Groups {
			a.Groups = storage.JoinGroup(a.Groups, g)
		}
		if len(a.Groups) > storage.MaxGroups {
			return storage.Effects{}, ErrGroups
		}
		return with, nil
	})
}

// PeekInvite tells the account that an invitation is for, without using it. Refusals: BadToken.
func (s *Service) PeekInvite(ctx context.Context, token string) (storage.Account, error) {
	_, a, err := s.peek(ctx, storage.PurposeInvite, token)
	return a, err
}

// AcceptInvite uses an invitation: its owner has a name and a password, the address is proven, the terms are accepted, and they are signed in. A refusal leaves
// it good. Refusals: BadToken, Invalid, Throttled, Busy; StepNeeded and WrongCredentials beside the account, where only signing in was refused.
func (s *Service) AcceptInvite(ctx context.Context, token, fullName, password string, in MailEntry) (Verified, error) {
	if err := s.AttemptAny(ctx, in.Caller); err != nil {
		return Verified{}, err
	}
	one, a, err := s.token(ctx, storage.PurposeInvite, token, in.Caller)
	if err != nil {
		return Verified{}, err
	}
	name, encoded, err := s.firstPassword(ctx, fullName, password, a.Email, in.Caller)
	if err != nil {
		return Verified{}, err
	}
	a, err = s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		with := storage.Effects{Take: &one.OneTimeKey, Void: mailedPurposes(), End: &storage.EndScope{Offline: true}}
		if !a.EmailVerified { // nobody could prove anything before
			s.disown(a, &with)
		}
		a.FullName, a.EmailVerified = name, true
		setPassword(a, encoded)
		a.PasswordSetAt = s.now()
		s.accept(a)
		return with, nil
	})
	if err != nil {
		return Verified{}, badToken("accept invitation", err)
	}
	s.record(ctx, audit.InviteAccepted, in.Caller, audit.Event{AccountID: a.ID})
	return s.enterProved(ctx, Verified{Account: a}, []string{amrPassword}, a.PasswordSetAt, in)
}

// firstPassword checks what a person who is new here typed. Refusals: Invalid, Busy.
func (s *Service) firstPassword(ctx context.Context, fullName, password, email string, c Caller) (name, encoded string, err error) {
	r := &Refusal{Kind: Invalid}
	name, p := personName(strings.TrimSpace(fullName), 1, maxFullName)
	if p != "" {
		r.add(FieldFullName, p)
	}
	normal, bad := s.newPassword(Page, password, email, name)
	if bad != nil {
		r.add(FieldPassword, bad.Fields[FieldPassword])
		r.Minimum = bad.Minimum
	}
	if len(r.Fields) > 0 {
		return "", "", r
	}
	if err := s.unbreached(ctx, Page, c, normal); err != nil {
		return "", "", err
	}
	if encoded, err = s.hashPassword(ctx, normal); err != nil {
		return "", "", fmt.Errorf("first password: %w", err)
	}
	return name, encoded, nil
}
