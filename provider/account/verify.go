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

// verification is the data of a verify token.
type verification struct {
	EmailKey string `json:"email_key"`
	Flow     string `json:"flow,omitempty"`
	// SignIn: a mail that signs in was asked for, and this is what came of it.
	SignIn bool `json:"sign_in,omitempty"`
}

// addVerification adds a mail that asks to confirm the account's address. Older links are void.
func (s *Service) addVerification(with *storage.Effects, a storage.Account, c Caller, flow string, signIn bool) error {
	data, err := json.Marshal(verification{EmailKey: a.EmailKey, Flow: flow, SignIn: signIn})
	if err != nil {
		return fmt.Errorf("encode verification: %w", err)
	}
	token, one, err := s.newToken(storage.PurposeVerify, data)
	if err != nil {
		return err
	}
	one.AccountID = a.ID
	with.Void, with.Put = append(with.Void, storage.PurposeVerify, storage.PurposeCode), append(with.Put, one)
	l := Letter{Link: s.links.Verify(token, flow), Expires: one.ExpiresAt, When: s.now(), Where: c.Address}
	if c.Ask != "" { // so that a telephone's mail can serve a computer
		code, of, err := s.newCode(AskVerify, c.Ask, data, s.config.VerifyTTL)
		if err != nil {
			return err
		}
		of.AccountID, l.Code = a.ID, code
		with.Put = append(with.Put, of)
	}
	m, err := s.mail(MailVerify, a, c, l, s.config.VerifyTTL)
	if err != nil {
		return err
	}
	with.Mail = append(with.Mail, m)
	return nil
}

// sendVerification makes such a mail of the request with that ID. signIn: what was asked for is a mail that signs in.
func (s *Service) sendVerification(ctx context.Context, a storage.Account, c Caller, flow, request string, signIn bool) error {
	with := storage.Effects{Finish: request}
	if err := s.addVerification(&with, a, c, flow, signIn); err != nil {
		return err
	}
	if err := s.addClaim(ctx, &with, a, signIn); err != nil {
		return err
	}
	err := s.store.ApplyEffects(ctx, a.ID, with, s.now())
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("queue verification: %w", err)
	}
	s.wake()
	return nil
}

// ResendVerification asks for the verification mail again, at most once a minute. As with ForgotPassword nobody looks whether the address is known.
// Refusals: Throttled.
func (s *Service) ResendVerification(ctx context.Context, email string, caller Caller, flow string) error {
	return s.request(ctx, mailResend, email, caller, flow, s.config.Limits.Mail.limit("verify", emailDigest(email)), resendLimit("verify", email))
}

// PeekVerify tells the address that a token proves without using it. Refusals: BadToken, AlreadyVerified.
func (s *Service) PeekVerify(ctx context.Context, token string) (string, error) {
	one, a, err := s.peek(ctx, storage.PurposeVerify, token)
	if err != nil {
		return "", s.orProved(ctx, token, err)
	}
	if _, err := proven(one, a); err != nil {
		return "", err
	}
	return a.Email, nil
}

// proven reads the token's data and makes sure that the account still has the address.
func proven(one storage.OneTime, a storage.Account) (verification, error) {
	var v verification
	if err := json.Unmarshal(one.Data, &v); err != nil {
		return v, fmt.Errorf("decode verification: %w", err)
	}
	if v.EmailKey == "" || v.EmailKey != a.EmailKey {
		return v, &Refusal{Kind: BadToken}
	}
	return v, nil
}

// Verified is what came of the proof of an address.
type Verified struct {
	Account storage.Account
	// Flow is what the mail was asked for with.
	Flow string
	// SignedIn is the session that the proof is worth; nil where it is worth none, or where something is still needed.
	SignedIn *SignedIn
	// Disowned: what had been set before somebody proved the address is gone, the password among it.
	Disowned bool
}

// VerifyEmail uses the token. ask is what this browser waits for, the zero value for nothing. Where the mail was asked for to sign in, and the address was
// not proven until now, whoever set a password may have been somebody else: that goes, with all that was set up beside it, and the proof signs in, as the
// mail would have. The browser that signed up, by ask, keeps its password, and is signed in by it where that was lately. Refusals: BadToken, AlreadyVerified, Throttled; StepNeeded
// and WrongCredentials beside what was proved, where only signing in was refused.
func (s *Service) VerifyEmail(ctx context.Context, token string, ask Ask, in MailEntry) (Verified, error) {
	if err := s.AttemptAny(ctx, in.Caller); err != nil {
		return Verified{}, err
	}
	one, a, err := s.peek(ctx, storage.PurposeVerify, token)
	if err = s.orProved(ctx, token, err); err != nil {
		return Verified{}, s.countBadToken(ctx, in.Caller, err)
	}
	return s.verify(ctx, one, a, ask, in)
}

// VerifyByCode is VerifyEmail by the code of the mail, in the browser that asked for it, whose wait is ask. Refusals: also CodeVoid; BadToken where the code
// is not right.
func (s *Service) VerifyByCode(ctx context.Context, ask Ask, code string, in MailEntry) (Verified, error) {
	one, a, err := s.code(ctx, AskVerify, ask.ID, code, in.Caller)
	if err != nil {
		return Verified{}, err
	}
	return s.verify(ctx, one, a, ask, in)
}

func (s *Service) verify(ctx context.Context, one storage.OneTime, a storage.Account, ask Ask, in MailEntry) (Verified, error) {
	claimed, err := s.claimed(ctx, a)
	if err != nil {
		return Verified{}, err
	}
	var v verification
	var out Verified
	out.Account, err = s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		var err error
		if v, err = proven(one, *a); err != nil {
			return storage.Effects{}, err
		}
		with := storage.Effects{Take: &one.OneTimeKey, Void: []storage.Purpose{storage.PurposeVerify, storage.PurposeCode, storage.PurposeClaim, storage.PurposeInvite}}
		if out.Disowned = claimed && !a.EmailVerified && !waitsForOwner(*a) && !ask.madeBy(*a); out.Disowned {
			s.disown(a, &with)
		}
		a.EmailVerified = true
		with.Put, err = s.provedLinks(ctx, *a)
		return with, err
	})
	if err != nil {
		return Verified{}, badToken("verify address", err)
	}
	out.Flow = v.Flow
	if out.Disowned {
		s.record(ctx, audit.EmailVerified, in.Caller, audit.Event{AccountID: a.ID, Detail: "disowned"})
		if err := s.dropConsents(ctx, a.ID, in.Caller); err != nil {
			return out, err
		}
	} else {
		s.record(ctx, audit.EmailVerified, in.Caller, audit.Event{AccountID: a.ID})
	}
	switch now := s.now(); {
	case ask.madeBy(out.Account) && now.Before(out.Account.PasswordSetAt.Add(signUpFresh)):
		// Not two factors: the mail proved the address, and whoever has it can set the password anew.
		return s.enterProved(ctx, out, []string{amrPassword}, out.Account.PasswordSetAt, in)
	case v.SignIn && s.config.Lifecycle.MailSignIn && now.Before(one.CreatedAt.Add(s.config.Lifecycle.SignInTTL)):
		return s.enterProved(ctx, out, []string{amrOTP}, now, in)
	}
	return out, nil
}

// signUpFresh is how long after signing up the password of then signs in the browser that it was typed into, when the address is proven there.
const signUpFresh = time.Hour

// enterProved signs in whoever proved an address, by what amr says, which they proved at the time since.
func (s *Service) enterProved(ctx context.Context, v Verified, amr []string, since time.Time, in MailEntry) (Verified, error) {
	got, err := s.enter(ctx, opening{Dialect: Page, Caller: in.Caller, Persistent: in.Persistent, Replace: in.Replace, DeviceToken: in.DeviceToken,
		AMR: amr, Since: since, Two: in.Two, Must: in.Must}, v.Account)
	if err != nil {
		return v, err
	}
	v.SignedIn = &got
	return v, nil
}

// provedLinks are what stands from now on where links of verify were that still live: whoever opens one is told that the address is proven, instead of an alarm.
func (s *Service) provedLinks(ctx context.Context, a storage.Account) ([]storage.OneTime, error) {
	list, err := s.store.ListOneTimes(ctx, a.ID, storage.PurposeVerify, s.now())
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	for i := range list {
		list[i].Purpose = storage.PurposeProved
	}
	return list, nil
}

// orProved is err, or AlreadyVerified where the token is bad because the address that it stands for is proven.
func (s *Service) orProved(ctx context.Context, token string, err error) error {
	if !IsKind(err, BadToken) {
		return err
	}
	one, a, lookErr := s.peek(ctx, storage.PurposeProved, token)
	if IsKind(lookErr, BadToken) {
		return err
	}
	if lookErr != nil {
		return lookErr
	}
	if _, lookErr := proven(one, a); lookErr != nil || !a.EmailVerified {
		return err
	}
	return &Refusal{Kind: AlreadyVerified}
}
