package account

import (
	"context"
	"errors"
	"fmt"

	"latchkey/storage"
)

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
	if err := s.addNoticeOf(&with, MailPasskeyCounter, a, c); err != nil {
		return err
	}
	if err := s.store.ApplyEffects(ctx, a.ID, with, s.now()); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("queue notice: %w", err)
	}
	s.wakeFor(with)
	return nil
}
