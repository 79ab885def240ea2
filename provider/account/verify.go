package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Kinds of queued records that are no mail yet, or never will be: requests whose answer must not depend on whether the address is
// known. [Service.Expand] makes mail of them.
const (
	mailForgot  = "request.forgot"
	mailResend  = "request.resend"
	mailNothing = "request.nothing"
)

// mailRequest is the sealed content of such a record.
type mailRequest struct {
	EmailKey  string `json:"email_key"`
	Locale    string `json:"locale,omitempty"`
	Address   string `json:"address,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	Flow      string `json:"flow,omitempty"`
	Ask       string `json:"ask,omitempty"`
}

// emailDigest is an address as limits know it: by its canonical form, or as typed where it has none.
func emailDigest(email string) string {
	if e, ok := ParseEmail(email); ok {
		email = e.Key
	}
	return digest(email)[:32]
}

// request queues a request for a mail to an address. Text that is no address is queued too, and comes to nothing.
func (s *Service) request(ctx context.Context, kind, email string, c Caller, flow string, budgets ...storage.Limit) error {
	if err := s.take(ctx, c, append([]storage.Limit{s.addressLimit(c)}, budgets...)...); err != nil {
		return err
	}
	e, ok := ParseEmail(email)
	if !ok {
		kind = mailNothing
	}
	m, err := s.sealed(kind, 0, normalLocale(c.Locale), mailRequest{
		EmailKey: e.Key, Locale: c.Locale, Address: c.Address, RequestID: c.RequestID, Flow: flow, Ask: c.Ask,
	}, s.config.ResetTTL)
	if err != nil {
		return err
	}
	if err := s.outbox.QueueMail(ctx, []storage.Mail{m}, s.now()); err != nil {
		return fmt.Errorf("queue request: %w", err)
	}
	s.wake()
	return nil
}

// Expand takes a leased record of the outbox. mail is true where it is a mail, to be composed and sent. Otherwise it was a request:
// nil says that it has been dealt with and can be finished, any error that it should be tried again. A mail comes to be in the write that
// removes the request, so that a process which dies in between sends one link and not two, the first of them void.
func (s *Service) Expand(ctx context.Context, m storage.Mail) (mail bool, err error) {
	if m.Kind == mailNothing {
		return false, nil
	}
	if !strings.HasPrefix(m.Kind, requestPrefix) {
		return true, nil
	}
	plain, err := s.vault.Open(MailVaultPurpose, m.ID, m.Sealed)
	if err != nil {
		return false, fmt.Errorf("open request: %w", err)
	}
	switch m.Kind {
	case mailForgot, mailResend, mailAskSignIn:
		return false, s.expandAddress(ctx, m, plain)
	case mailAskEmail:
		return false, s.expandEmail(ctx, m.ID, plain)
	case mailDeletion:
		return false, s.expandDeletion(ctx, m.ID, plain)
	case mailRecoveryHalf, mailRecoveryReady:
		return false, s.expandRecovery(ctx, m, plain)
	}
	return false, fmt.Errorf("request of an unknown kind %q", m.Kind)
}

// expandAddress makes the mail that was asked for one address.
func (s *Service) expandAddress(ctx context.Context, m storage.Mail, plain []byte) error {
	var r mailRequest
	if err := json.Unmarshal(plain, &r); err != nil {
		return fmt.Errorf("decode request: %w", err)
	}
	a, err := s.store.Account(ctx, storage.AccountKey{EmailKey: r.EmailKey})
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("look for address: %w", err)
	}
	if err != nil || a.Disabled || m.Kind == mailResend && a.EmailVerified {
		return s.sendNothing(ctx)
	}
	c := Caller{Address: r.Address, RequestID: r.RequestID, Locale: r.Locale, Ask: r.Ask}
	switch m.Kind {
	case mailForgot:
		return s.sendReset(ctx, a, c, m.ID)
	case mailAskSignIn:
		return s.sendSignIn(ctx, a, c, r.Flow, m.ID)
	}
	return s.sendVerification(ctx, a, c, r.Flow, m.ID)
}

// sendNothing queues a record that comes to nothing, where there is nobody to write to: the load that a request leaves behind, which
// the next request could measure, is then the same too.
func (s *Service) sendNothing(ctx context.Context) error {
	m, err := s.sealed(mailNothing, 0, "", Letter{}, s.config.ResetTTL)
	if err != nil {
		return err
	}
	if err := s.outbox.QueueMail(ctx, []storage.Mail{m}, s.now()); err != nil {
		return fmt.Errorf("queue nothing: %w", err)
	}
	s.wake()
	return nil
}

// sendReset makes a link and its mail of the request with that ID.
func (s *Service) sendReset(ctx context.Context, a storage.Account, c Caller, request string) error {
	token, one, err := s.newToken(storage.PurposeReset, nil)
	if err != nil {
		return err
	}
	one.AccountID = a.ID
	// The mail dies with its link.
	m, err := s.mail(MailReset, a, c, Letter{Link: s.links.Reset(token), Expires: one.ExpiresAt, When: s.now(), Where: c.Address}, s.config.ResetTTL)
	if err != nil {
		return err
	}
	err = s.store.ApplyEffects(ctx, a.ID, storage.Effects{
		Finish: request, Void: []storage.Purpose{storage.PurposeReset}, Put: []storage.OneTime{one}, Mail: []storage.Mail{m},
	}, s.now())
	if errors.Is(err, storage.ErrNotFound) {
		return nil // the account went away, or another process dealt with the request
	}
	if err != nil {
		return fmt.Errorf("queue reset: %w", err)
	}
	s.wake()
	s.record(ctx, audit.ResetRequested, c, audit.Event{AccountID: a.ID})
	return nil
}

// verification is the data of a verify token.
type verification struct {
	EmailKey string `json:"email_key"`
	Flow     string `json:"flow,omitempty"`
}

// addVerification adds a mail that asks to confirm the account's address. Older links are void.
func (s *Service) addVerification(with *storage.Effects, a storage.Account, c Caller, flow string) error {
	data, err := json.Marshal(verification{EmailKey: a.EmailKey, Flow: flow})
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

func (s *Service) sendVerification(ctx context.Context, a storage.Account, c Caller, flow, request string) error {
	with := storage.Effects{Finish: request}
	if err := s.addVerification(&with, a, c, flow); err != nil {
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

// PeekVerify tells the address that a token proves without using it. Refusals: BadToken.
func (s *Service) PeekVerify(ctx context.Context, token string) (string, error) {
	one, a, err := s.peek(ctx, storage.PurposeVerify, token)
	if err != nil {
		return "", err
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

// VerifyEmail uses the token and returns the account and the flow that sign-up was given. Refusals: BadToken, Throttled.
func (s *Service) VerifyEmail(ctx context.Context, token string, caller Caller) (storage.Account, string, error) {
	if err := s.AttemptAny(ctx, caller); err != nil {
		return storage.Account{}, "", err
	}
	one, a, err := s.token(ctx, storage.PurposeVerify, token, caller)
	if err != nil {
		return storage.Account{}, "", err
	}
	return s.verify(ctx, one, a, caller)
}

// VerifyByCode is VerifyEmail by the code of the mail, in the browser that asked for it, whose wait is ask. Refusals: BadToken (the code is not right),
// CodeVoid, Throttled.
func (s *Service) VerifyByCode(ctx context.Context, ask Ask, code string, caller Caller) (storage.Account, string, error) {
	one, a, err := s.code(ctx, AskVerify, ask.ID, code, caller)
	if err != nil {
		return storage.Account{}, "", err
	}
	return s.verify(ctx, one, a, caller)
}

func (s *Service) verify(ctx context.Context, one storage.OneTime, a storage.Account, caller Caller) (storage.Account, string, error) {
	var v verification
	a, err := s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		var err error
		if v, err = proven(one, *a); err != nil {
			return storage.Effects{}, err
		}
		a.EmailVerified = true
		return storage.Effects{Take: &one.OneTimeKey, Void: []storage.Purpose{storage.PurposeVerify, storage.PurposeCode}}, nil
	})
	if err != nil {
		return storage.Account{}, "", badToken("verify address", err)
	}
	s.record(ctx, audit.EmailVerified, caller, audit.Event{AccountID: a.ID})
	return a, v.Flow, nil
}
