package account

import (
	"context"
	"errors"
	"fmt"

	"latchkey/storage"
)

// addPasskeyNotice tells the owner what happened to their passkeys, with a link that ends every session.
func (s *Service) addPasskeyNotice(with *storage.Effects, kind string, a storage.Account, c Caller) error {
	if a.EmailKey == "" {
		return nil
	}
	token, one, err := s.newToken(storage.PurposeRevoke, nil)
	if err != nil {
		return err
	}
	one.AccountID = a.ID
	m, err := s.mail(kind, a, c, Letter{When: s.now(), Where: c.Address, Undo: s.links.Revoke(token)}, s.config.NoticeTTL)
	if err != nil {
		return err
	}
	with.Put, with.Mail = append(with.Put, one), append(with.Mail, m)
	return nil
}

// mailPasskeyCounter tells the owner that a passkey's counter did not go up; now and then, however often it happens.
func (s *Service) mailPasskeyCounter(ctx context.Context, a storage.Account, c Caller) error {
	taken, err := s.store.TakeAttempts(ctx, []storage.Limit{s.config.Limits.Mail.limit("counter", accountName(a.ID))}, s.now())
	if err != nil {
		return fmt.Errorf("count mail: %w", err)
	}
	if !taken.OK {
		return nil
	}
	var with storage.Effects
	if err := s.addPasskeyNotice(&with, MailPasskeyCounter, a, c); err != nil {
		return err
	}
	if err := s.store.ApplyEffects(ctx, a.ID, with, s.now()); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("queue notice: %w", err)
	}
	s.wakeFor(with)
	return nil
}
