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

const (
	// recoveryCount are given out at once, each of 80 random bits: 16 characters of base32 in groups of four.
	recoveryCount     = 10
	recoveryCodeBytes = 10
	recoveryGroup     = 4
	// recoveryTTL: a sheet of paper in a drawer does not expire.
	recoveryTTL = 100 * 365 * 24 * time.Hour
)

// recoveryKey is a code as it is stored. ok is false where the text cannot be one. Case, spaces and dashes do not count, nor does a 0 or a 1, which base32
// has not, for the letters that they look like.
func recoveryKey(accountID int64, code string) (storage.OneTimeKey, bool) {
	c := strings.ToUpper(spaceless(code))
	c = strings.NewReplacer("0", "O", "1", "I", "8", "B").Replace(c)
	if len(c) != recoveryCodeBytes*8/5 {
		return storage.OneTimeKey{}, false
	}
	if _, err := base32Text.DecodeString(c); err != nil {
		return storage.OneTimeKey{}, false
	}
	return storage.OneTimeKey{Purpose: storage.PurposeRecoveryCode, Hash: digest(fmt.Sprintf("%d %s", accountID, c))}, true
}

// newRecoveryCodes makes codes in place of the former ones.
func (s *Service) newRecoveryCodes(accountID int64, with *storage.Effects) ([]string, error) {
	now := s.now()
	codes := make([]string, 0, recoveryCount)
	with.Void = append(with.Void, storage.PurposeRecoveryCode)
	for i := range recoveryCount {
		b := s.randomBytes(recoveryCodeBytes)
		if b == nil {
			return nil, errors.New("read random bytes")
		}
		text := base32Text.EncodeToString(b)
		var groups []string
		for at := 0; at < len(text); at += recoveryGroup {
			groups = append(groups, text[at:at+recoveryGroup])
		}
		code := strings.Join(groups, "-")
		key, _ := recoveryKey(accountID, code)
		with.Put = append(with.Put, storage.OneTime{OneTimeKey: key, AccountID: accountID, CreatedAt: now.Add(time.Duration(i)), ExpiresAt: now.Add(recoveryTTL)})
		codes = append(codes, code)
	}
	return codes, nil
}

// useRecoveryCode takes a code and tells its owner by mail, in one write: of any number of callers one succeeds. Refusals: WrongCode.
func (s *Service) useRecoveryCode(ctx context.Context, a storage.Account, code string, c Caller) error {
	key, ok := recoveryKey(a.ID, code)
	if !ok {
		return &Refusal{Kind: WrongCode}
	}
	with := storage.Effects{Take: &key}
	if err := s.addNoticeOf(&with, MailRecoveryCodeUsed, a, c); err != nil {
		return err
	}
	err := s.store.ApplyEffects(ctx, a.ID, with, s.now())
	if errors.Is(err, storage.ErrNotFound) {
		return &Refusal{Kind: WrongCode}
	}
	if err != nil {
		return fmt.Errorf("use recovery code: %w", err)
	}
	s.wakeFor(with)
	return nil
}

// RenewRecoveryCodes makes new codes for somebody who has a second factor; the former ones are void, and a mail tells of it. They are returned this once.
// Refusals: NoMethod (there is no factor that they could stand in for), Gone.
func (s *Service) RenewRecoveryCodes(ctx context.Context, a storage.Account, c Caller) ([]string, error) {
	set, err := s.SecondMethods(ctx, a, nil)
	if err != nil {
		return nil, err
	}
	if len(set) == 0 {
		return nil, &Refusal{Kind: NoMethod}
	}
	var with storage.Effects
	codes, err := s.newRecoveryCodes(a.ID, &with)
	if err != nil {
		return nil, err
	}
	if err := s.addNoticeOf(&with, MailRecoveryCodes, a, c); err != nil {
		return nil, err
	}
	if err := s.store.ApplyEffects(ctx, a.ID, with, s.now()); err != nil {
		return nil, gone("store recovery codes", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.RecoveryCodesMade, c, audit.Event{AccountID: a.ID})
	return codes, nil
}
