package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// mailAskSignIn is a request for a mail that signs in.
const mailAskSignIn = requestPrefix + "signin"

// MailEntry is what a browser says beside a mailed link or code that signs in.
type MailEntry struct {
	Caller     Caller
	Persistent bool
	// Replace and DeviceToken are as in [Credentials].
	Replace, DeviceToken string
	// Two and Must are as in [Credentials].
	Two, Must bool
}

// signInData is the data of a token that signs in.
type signInData struct {
	EmailKey string `json:"email_key"`
	Flow     string `json:"flow,omitempty"`
}

// AskSignIn asks for a mail that signs in: a link for any browser, and a code for the one with caller.Ask. As with ForgotPassword nobody looks
// whether the address is known. Refusals: SignUpClosed where there is no such way in, Throttled.
func (s *Service) AskSignIn(ctx context.Context, email string, caller Caller, flow string) error {
	if !s.config.Lifecycle.MailSignIn {
		return &Refusal{Kind: Gone}
	}
	return s.request(ctx, mailAskSignIn, email, caller, flow, s.config.Limits.Mail.limit("signin", emailDigest(email)), resendLimit("signin", email))
}

// resendLimit keeps mails of one class to one address apart.
func resendLimit(class, email string) storage.Limit {
	return storage.Limit{Key: "again." + class + ":" + emailDigest(email), Max: 1, Window: resendEvery}
}

// sendSignIn makes a link, a code and their mail of the request with that ID. Where the address is not proven a mail that asks to prove it goes out
// instead, whose link takes away what was set before: whoever signed up with somebody else's address knows a password of the account.
func (s *Service) sendSignIn(ctx context.Context, a storage.Account, c Caller, flow, request string) error {
	if !a.EmailVerified {
		c.Ask = "" // its browser waits for another code
		return s.sendVerification(ctx, a, c, flow, request, true)
	}
	data, err := json.Marshal(signInData{EmailKey: a.EmailKey, Flow: flow})
	if err != nil {
		return fmt.Errorf("encode sign-in: %w", err)
	}
	token, one, err := s.newToken(storage.PurposeSignIn, data)
	if err != nil {
		return err
	}
	one.AccountID = a.ID
	l := Letter{Link: s.links.Mailed(LinkSignIn, token), Expires: one.ExpiresAt, When: s.now(), Where: c.Address}
	with := storage.Effects{Finish: request, Void: []storage.Purpose{storage.PurposeSignIn, storage.PurposeCode}, Put: []storage.OneTime{one}}
	if c.Ask != "" {
		code, of, err := s.newCode(AskSignIn, c.Ask, data, s.config.Lifecycle.SignInTTL)
		if err != nil {
			return err
		}
		of.AccountID, l.Code = a.ID, code
		with.Put = append(with.Put, of)
	}
	m, err := s.mail(MailSignIn, a, c, l, s.config.Lifecycle.SignInTTL)
	if err != nil {
		return err
	}
	with.Mail = []storage.Mail{m}
	return s.applyRequest(ctx, a.ID, with, "queue sign-in")
}

// applyRequest makes mail of a request in the write that removes it. Where that is gone, or the account is, somebody else dealt with it.
func (s *Service) applyRequest(ctx context.Context, accountID int64, with storage.Effects, verb string) error {
	err := s.store.ApplyEffects(ctx, accountID, with, s.now())
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	s.wakeFor(with)
	return nil
}

// PeekSignIn tells for whom a mailed link is, without using it. Refusals: BadToken.
func (s *Service) PeekSignIn(ctx context.Context, token string) (storage.Account, error) {
	one, a, err := s.peek(ctx, storage.PurposeSignIn, token)
	if err != nil {
		return storage.Account{}, err
	}
	_, err = signInOf(one, a)
	return a, err
}

// signInOf reads the token's data and makes sure that the account still has the address.
func signInOf(one storage.OneTime, a storage.Account) (signInData, error) {
	var d signInData
	if err := json.Unmarshal(one.Data, &d); err != nil {
		return d, fmt.Errorf("decode sign-in: %w", err)
	}
	if d.EmailKey == "" || d.EmailKey != a.EmailKey || !a.EmailVerified || a.Disabled {
		return d, &Refusal{Kind: BadToken}
	}
	return d, nil
}

// SignInByLink uses a mailed link, in any browser, and returns the flow that the mail was asked for with. Where something is still needed the flow
// comes beside the refusal. Refusals: BadToken, Throttled, StepNeeded, WrongCredentials.
func (s *Service) SignInByLink(ctx context.Context, token string, in MailEntry) (SignedIn, string, error) {
	if err := s.AttemptAny(ctx, in.Caller); err != nil {
		return SignedIn{}, "", err
	}
	one, a, err := s.token(ctx, storage.PurposeSignIn, token, in.Caller)
	if err != nil {
		return SignedIn{}, "", err
	}
	return s.enterByMail(ctx, one, a, in)
}

// SignInByCode uses a mailed code in the browser that asked for it, whose wait is ask. Refusals: BadToken (the code is not right), CodeVoid, Throttled,
// StepNeeded, WrongCredentials.
func (s *Service) SignInByCode(ctx context.Context, ask Ask, code string, in MailEntry) (SignedIn, error) {
	one, a, err := s.code(ctx, AskSignIn, ask.ID, code, in.Caller)
	if err != nil {
		return SignedIn{}, err
	}
	out, _, err := s.enterByMail(ctx, one, a, in)
	return out, err
}

func (s *Service) enterByMail(ctx context.Context, one storage.OneTime, a storage.Account, in MailEntry) (SignedIn, string, error) {
	d, err := signInOf(one, a)
	if err != nil {
		return SignedIn{}, "", err
	}
	err = s.store.ApplyEffects(ctx, a.ID, storage.Effects{
		Take: &one.OneTimeKey, Void: []storage.Purpose{storage.PurposeSignIn, storage.PurposeCode},
	}, s.now())
	if err != nil {
		return SignedIn{}, "", badToken("sign in by mail", err)
	}
	out, err := s.enter(ctx, opening{Dialect: Page, Caller: in.Caller, Persistent: in.Persistent, Replace: in.Replace, DeviceToken: in.DeviceToken,
		AMR: []string{amrOTP}, Two: in.Two, Must: in.Must}, a)
	return out, d.Flow, err
}

// code finds what a mailed code stands for. Tries are counted for the browser's wait before anything is looked up: after the fifth the code is void.
// Refusals: BadToken, CodeVoid, Throttled.
func (s *Service) code(ctx context.Context, kind AskKind, ask, typed string, c Caller) (storage.OneTime, storage.Account, error) {
	if err := s.AttemptAny(ctx, c); err != nil {
		return storage.OneTime{}, storage.Account{}, err
	}
	tries := storage.Limit{Key: "code:" + digest("ask " + ask)[:32], Max: codeTries, Window: max(s.config.VerifyTTL, s.config.Lifecycle.SignInTTL)}
	taken, err := s.store.TakeAttempts(ctx, []storage.Limit{tries}, s.now())
	if err != nil {
		return storage.OneTime{}, storage.Account{}, fmt.Errorf("count code: %w", err)
	}
	if !taken.OK {
		s.record(ctx, audit.Throttled, c, audit.Event{Detail: "code"})
		return storage.OneTime{}, storage.Account{}, &Refusal{Kind: CodeVoid}
	}
	code, ok := normalCode(typed)
	if !ok || ask == "" {
		return storage.OneTime{}, storage.Account{}, &Refusal{Kind: BadToken}
	}
	one, err := s.store.OneTime(ctx, storage.OneTimeKey{Purpose: storage.PurposeCode, Hash: codeHash(kind, ask, code)}, s.now())
	if err != nil {
		return storage.OneTime{}, storage.Account{}, badToken("load code", err)
	}
	a, err := s.active(ctx, one.AccountID)
	if IsKind(err, Gone) {
		err = &Refusal{Kind: BadToken}
	}
	return one, a, err
}
