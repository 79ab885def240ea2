package account

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/storage"
)

// addStops adds a mail to every address of the account, the present one and those that can still be brought back, each with a link of its own that
// stops the recovery.
func (s *Service) addStops(ctx context.Context, with *storage.Effects, a storage.Account, kind string, c Caller, readyAt time.Time) error {
	former, err := s.formerEmails(ctx, a.ID)
	if err != nil {
		return err
	}
	present, ok := ParseEmail(a.Email)
	if !ok || present.Key != a.EmailKey {
		return fmt.Errorf("account %d: the address does not match its key", a.ID)
	}
	seen := map[string]bool{}
	for _, to := range append([]string{present.Address}, former...) {
		e, ok := ParseEmail(to)
		if !ok || seen[e.Key] {
			continue
		}
		seen[e.Key] = true
		token, one, err := s.newToken(storage.PurposeRecoverStop, nil)
		if err != nil {
			return err
		}
		one.ExpiresAt = readyAt.Add(s.config.Lifecycle.RecoveryTTL)
		l := Letter{To: e.Address, Name: displayName(a), Link: s.links.Mailed(LinkRecoveryStop, token), Due: readyAt}
		if c.Address != "" { // what is told later happened nowhere
			l.When, l.Where = s.now(), c.Address
		}
		m, err := s.sealed(kind, a.ID, localeOf(c, a), l, max(s.config.NoticeTTL, readyAt.Sub(s.now()))) // tried for as long as it can be stopped
		if err != nil {
			return err
		}
		with.Put, with.Mail = append(with.Put, one), append(with.Mail, m)
	}
	return nil
}

// expandRecovery makes the mails of a record that waited with a recovery. Where that was stopped or finished meanwhile it comes to nothing.
func (s *Service) expandRecovery(ctx context.Context, m storage.Mail, plain []byte) error {
	var r recoveryRequest
	if err := json.Unmarshal(plain, &r); err != nil {
		return fmt.Errorf("decode request: %w", err)
	}
	_, a, err := s.peek(ctx, storage.PurposeRecover, r.Token)
	if IsKind(err, BadToken) {
		return nil
	}
	if err != nil {
		return err
	}
	c := Caller{Locale: r.Locale}
	with := storage.Effects{Finish: m.ID}
	if m.Kind == mailRecoveryHalf {
		if err := s.addStops(ctx, &with, a, MailRecoveryHalf, c, r.ReadyAt); err != nil {
			return err
		}
		return s.applyRequest(ctx, a.ID, with, "queue reminder")
	}
	if !a.EmailVerified {
		return s.applyRequest(ctx, a.ID, with, "give up recovery")
	}
	ready, err := s.mail(MailRecoveryReady, a, c, Letter{Link: s.links.Mailed(LinkRecovery, r.Token), Expires: r.ReadyAt.Add(s.config.Lifecycle.RecoveryTTL)},
		s.config.Lifecycle.RecoveryTTL)
	if err != nil {
		return err
	}
	with.Mail = []storage.Mail{ready}
	return s.applyRequest(ctx, a.ID, with, "queue end of wait")
}
