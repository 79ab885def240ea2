package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// noticed is the data of the link in a mail about a new passkey: "it was not me" takes that passkey away.
type noticed struct {
	Passkey string `json:"passkey"`
}

// addPasskeyMade tells the owner that a passkey was made.
func (s *Service) addPasskeyMade(with *storage.Effects, a storage.Account, id string, c Caller) error {
	data, err := json.Marshal(noticed{Passkey: id})
	if err != nil {
		return fmt.Errorf("encode notice: %w", err)
	}
	if err := s.addNoticeOf(with, MailPasskeyAdded, a, c); err != nil || len(with.Put) == 0 {
		return err // without an address nobody is told
	}
	with.Put[len(with.Put)-1].Data = data
	return nil
}

// dropNoticed removes the passkey that a link is about, if it is about one. Whoever follows the link again, because what comes after failed, finds it gone.
func (s *Service) dropNoticed(ctx context.Context, accountID int64, data []byte, c Caller) error {
	var n noticed
	if len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return fmt.Errorf("decode notice: %w", err)
	}
	if n.Passkey == "" {
		return nil
	}
	err := s.store.DeletePasskey(ctx, accountID, n.Passkey, storage.Effects{}, s.now())
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove passkey: %w", err)
	}
	s.record(ctx, audit.PasskeyRemoved, c, audit.Event{AccountID: accountID, Detail: "by_mail"})
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
	if err := s.addNoticeOf(&with, MailPasskeyCounter, a, c); err != nil {
		return err
	}
	if err := s.store.ApplyEffects(ctx, a.ID, with, s.now()); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("queue notice: %w", err)
	}
	s.wakeFor(with)
	return nil
}
