package account

import (
	"context"
	"encoding/base64"
	"errors"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// tokenBytes is the randomness of a mailed token: 48 characters of base64url.
const tokenBytes = 36

// tokenHash is how a mailed token is stored. ok is false where the text cannot be one of ours.
func tokenHash(token string) (string, bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return "", false
	}
	if _, err := base64.RawURLEncoding.Strict().DecodeString(token); err != nil {
		return "", false
	}
	return digest(token), true
}

// newToken makes a mailed token and its record.
func (s *Service) newToken(p storage.Purpose, data []byte) (string, storage.OneTime, error) {
	token, err := s.secret(tokenBytes)
	if err != nil {
		return "", storage.OneTime{}, err
	}
	ttl := s.config.ResetTTL
	switch p {
	case storage.PurposeVerify:
		ttl = s.config.VerifyTTL
	case storage.PurposeRevoke:
		ttl = s.config.RevokeTTL
	case storage.PurposeEmail:
		ttl = s.config.VerifyTTL
	case storage.PurposeEmailUndo:
		ttl = s.config.Lifecycle.EmailUndo
	case storage.PurposeSignIn:
		ttl = s.config.Lifecycle.SignInTTL
	case storage.PurposeInvite:
		ttl = s.config.Lifecycle.InviteTTL
	}
	now := s.now()
	return token, storage.OneTime{
		OneTimeKey: storage.OneTimeKey{Purpose: p, Hash: digest(token)}, Data: data, CreatedAt: now, ExpiresAt: now.Add(ttl),
	}, nil
}

// ForgotPassword asks for a mail with a reset link. Refusals: Throttled.
//
// What it does, and so its time, does not depend on whether the address is known: nobody looks. The request itself is queued durably,
// sealed, and the courier, after the answer, finds the account and queues the mail (see [Service.Expand]). A crash in between loses
// nothing.
func (s *Service) ForgotPassword(ctx context.Context, email string, caller Caller) error {
	return s.request(ctx, mailForgot, email, caller, "", s.config.Limits.Forgot.limit("forgot", emailDigest(email)))
}

// token finds a mailed token and its account. Tokens that are not good count as failures of the caller's address.
// Refusals: BadToken, Throttled.
func (s *Service) token(ctx context.Context, p storage.Purpose, token string, caller Caller) (storage.OneTime, storage.Account, error) {
	one, a, err := s.peek(ctx, p, token)
	return one, a, s.countBadToken(ctx, caller, err)
}

// countBadToken is err, which counts as a failure where it is BadToken. Refusals: Throttled, where there were too many.
func (s *Service) countBadToken(ctx context.Context, caller Caller, err error) error {
	if IsKind(err, BadToken) {
		if limitErr := s.Failed(ctx, DoorReset, caller); limitErr != nil {
			return limitErr
		}
	}
	return err
}

// peek finds a mailed token and its account without using or counting it. Refusals: BadToken.
func (s *Service) peek(ctx context.Context, p storage.Purpose, token string) (storage.OneTime, storage.Account, error) {
	hash, ok := tokenHash(token)
	if !ok {
		return storage.OneTime{}, storage.Account{}, &Refusal{Kind: BadToken}
	}
	one, err := s.store.OneTime(ctx, storage.OneTimeKey{Purpose: p, Hash: hash}, s.now())
	if err != nil {
		return storage.OneTime{}, storage.Account{}, badToken("load token", err)
	}
	a, err := s.active(ctx, one.AccountID)
	if IsKind(err, Gone) {
		err = &Refusal{Kind: BadToken}
	}
	return one, a, err
}

func badToken(verb string, err error) error {
	if errors.Is(err, storage.ErrNotFound) || IsKind(err, Gone) {
		return &Refusal{Kind: BadToken}
	}
	return gone(verb, err)
}

// PeekReset tells for whom a reset token is, without using it. Refusals: BadToken.
func (s *Service) PeekReset(ctx context.Context, token string) (storage.Account, error) {
	_, a, err := s.peek(ctx, storage.PurposeReset, token)
	return a, err
}

// ResetPassword sets a new password with a mailed token. The token is spent, older ones are void, every session and grant of the
// account (offline ones too) ends, and the notice is queued: all in the one write that sets the password, or not at all.
// Refusals: BadToken, Invalid, PasswordReused, Throttled, Busy. A refusal leaves the token good.
func (s *Service) ResetPassword(ctx context.Context, token, password string, dialect Dialect, caller Caller) (storage.Account, error) {
	if err := s.AttemptAny(ctx, caller); err != nil {
		return storage.Account{}, err
	}
	one, a, err := s.token(ctx, storage.PurposeReset, token, caller)
	if err != nil {
		return storage.Account{}, err
	}
	return s.reset(ctx, one, a, password, dialect, caller, true)
}

// ResetPasswordOnly is ResetPassword of the page for somebody who wants to stay signed in elsewhere. Where the address was never proven everything ends all
// the same: whoever signed up with it may have been somebody else.
func (s *Service) ResetPasswordOnly(ctx context.Context, token, password string, caller Caller) (storage.Account, error) {
	if err := s.AttemptAny(ctx, caller); err != nil {
		return storage.Account{}, err
	}
	one, a, err := s.token(ctx, storage.PurposeReset, token, caller)
	if err != nil {
		return storage.Account{}, err
	}
	return s.reset(ctx, one, a, password, Page, caller, false)
}

func (s *Service) reset(ctx context.Context, one storage.OneTime, a storage.Account, password string, dialect Dialect, caller Caller, end bool) (storage.Account, error) {
	with := storage.Effects{Take: &one.OneTimeKey}
	if end || !a.EmailVerified {
		with.End = &storage.EndScope{Offline: true}
	}
	if !a.EmailVerified { // what a stranger set up who signed up with the address goes with the stranger's password
		with.DropPasskeys, with.Void = true, append(recoveryPurposes(), storage.PurposeRecoveryCode, storage.PurposeDevice, storage.PurposeEmail)
		if err := s.addOwner(&with); err != nil {
			return storage.Account{}, err
		}
	}
	unproven := !a.EmailVerified
	a, err := s.replacePassword(ctx, a, password, dialect, caller, with)
	if err != nil {
		return storage.Account{}, badToken("reset password", err)
	}
	s.record(ctx, audit.PasswordReset, caller, audit.Event{AccountID: a.ID})
	if unproven {
		return a, s.dropConsents(ctx, a.ID, caller)
	}
	return a, nil
}

// ChangePassword sets a new password for somebody who knows the current one. Other sessions end, with their grants and offline ones.
// Refusals: WrongPassword, Invalid, PasswordReused, Throttled, Busy, Gone.
func (s *Service) ChangePassword(ctx context.Context, accountID int64, current, next, keepSID string, caller Caller) error {
	a, err := s.confirm(ctx, accountID, current, caller, "")
	if err != nil {
		return err
	}
	end := storage.EndScope{ExceptSID: keepSID, Offline: true}
	_, err = s.replacePassword(ctx, a, next, Page, caller, storage.Effects{End: &end})
	if IsKind(err, BadToken) { // the password that was checked is no longer the one in force
		err = &Refusal{Kind: WrongPassword}
	}
	if err != nil {
		return gone("change password", err)
	}
	s.record(ctx, audit.PasswordChanged, caller, audit.Event{AccountID: accountID})
	return nil
}

// SetPassword sets a password by the word of an operator; all sessions and grants end. The reuse rule does not hold. Refusals: Invalid,
// Busy, Gone.
func (s *Service) SetPassword(ctx context.Context, accountID int64, password string, caller Caller) error {
	a, err := s.Account(ctx, accountID)
	if err != nil {
		return err
	}
	normal, refused := s.newPassword(Page, password, a.Username, a.Email, a.FullName)
	if refused != nil {
		return refused
	}
	end := storage.EndScope{Offline: true}
	if _, err := s.writePassword(ctx, a, normal, caller, storage.Effects{End: &end}); err != nil {
		return gone("set password", err)
	}
	s.record(ctx, audit.PasswordChanged, caller, audit.Event{AccountID: accountID, Detail: "operator"})
	return nil
}

// replacePassword checks the new password and puts it in force with the effects.
func (s *Service) replacePassword(ctx context.Context, a storage.Account, password string, d Dialect, c Caller, with storage.Effects) (storage.Account, error) {
	normal, refused := s.newPassword(d, password, a.Username, a.Email, a.FullName, a.FirstName, a.LastName)
	if refused != nil {
		return storage.Account{}, refused
	}
	if err := s.unbreached(ctx, d, c, normal); err != nil {
		return storage.Account{}, err
	}
	again, err := s.reused(ctx, a, normal)
	if err != nil {
		return storage.Account{}, err
	}
	if again {
		return storage.Account{}, &Refusal{Kind: PasswordReused}
	}
	return s.writePassword(ctx, a, normal, c, with)
}

func (s *Service) writePassword(ctx context.Context, a storage.Account, normal []byte, c Caller, with storage.Effects) (storage.Account, error) {
	encoded, err := s.hashPassword(ctx, normal)
	if err != nil {
		return storage.Account{}, err
	}
	// What waits in a mailbox goes too: a change of address that somebody else asked for, an invitation.
	with.Void = append(with.Void, storage.PurposeReset, storage.PurposeSignIn, storage.PurposeCode, storage.PurposeEmail, storage.PurposeInvite, storage.PurposeDevice)
	if err := s.addNoticeOf(&with, MailPasswordChanged, a, c); err != nil {
		return storage.Account{}, err
	}
	set := a.PasswordSetAt
	written, err := s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		if !a.PasswordSetAt.Equal(set) {
			// Somebody else set a password since this one was checked against the old ones.
			return storage.Effects{}, storage.ErrConflict
		}
		setPassword(a, encoded)
		a.PasswordSetAt = s.now()
		if with.DropPasskeys {
			a.TOTP = nil
		}
		return with, nil
	})
	if errors.Is(err, storage.ErrConflict) {
		return storage.Account{}, &Refusal{Kind: BadToken}
	}
	if err != nil {
		return storage.Account{}, err
	}
	s.wakeFor(with)
	return written, nil
}
