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
	return s.sendVerification(ctx, a, c, r.Flow, m.ID, false)
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
