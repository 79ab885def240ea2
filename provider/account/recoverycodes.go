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

// keptPurpose is the [Vault] purpose of codes that wait in a browser until their owner has written them down, for keptTTL at most.
const (
	keptPurpose = "recovery codes"
	keptTTL     = 30 * time.Minute
)

type keptCodes struct {
	Codes     []string  `json:"c"`
	ExpiresAt time.Time `json:"x"`
}

// newRecoveryCodes makes codes in place of the former ones, and keeps them for somebody's browser.
func (s *Service) newRecoveryCodes(a storage.Account, with *storage.Effects) (kept string, err error) {
	now := s.now()
	codes := make([]string, 0, recoveryCount)
	with.Void = append(with.Void, storage.PurposeRecoveryCode)
	for range recoveryCount {
		b := s.randomBytes(recoveryCodeBytes)
		if b == nil {
			return "", errors.New("read random bytes")
		}
		text := base32Text.EncodeToString(b)
		var groups []string
		for at := 0; at < len(text); at += recoveryGroup {
			groups = append(groups, text[at:at+recoveryGroup])
		}
		code := strings.Join(groups, "-")
		key, _ := recoveryKey(a.ID, code)
		with.Put = append(with.Put, storage.OneTime{OneTimeKey: key, AccountID: a.ID, CreatedAt: now, ExpiresAt: now.Add(recoveryTTL)})
		codes = append(codes, code)
	}
	return s.sealText(keptPurpose, a.Sub, keptCodes{codes, now.Add(keptTTL)})
}

// KeptCodes are recovery codes that were just made, for their owner to write down: nothing but this browser has them. Refusals: StepGone.
func (s *Service) KeptCodes(a storage.Account, kept string) ([]string, error) {
	var k keptCodes
	if err := s.openText(keptPurpose, a.Sub, kept, &k); err != nil || !s.now().Before(k.ExpiresAt) {
		return nil, &Refusal{Kind: StepGone}
	}
	return k.Codes, nil
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

// RenewRecoveryCodes makes new codes for somebody who has a second factor; the former ones are void, and a mail tells of it. See [Service.KeptCodes].
// Refusals: NoMethod (there is no factor that they could stand in for), Gone.
func (s *Service) RenewRecoveryCodes(ctx context.Context, a storage.Account, c Caller) (kept string, err error) {
	set, err := s.SecondMethods(ctx, a, nil)
	if err != nil {
		return "", err
	}
	if len(set) == 0 {
		return "", &Refusal{Kind: NoMethod}
	}
	var with storage.Effects
	if kept, err = s.newRecoveryCodes(a, &with); err != nil {
		return "", err
	}
	if err := s.addNoticeAbout(&with, MailRecoveryCodes, a, c, noticed{Codes: with.Put[0].CreatedAt}); err != nil {
		return "", err
	}
	if err := s.store.ApplyEffects(ctx, a.ID, with, s.now()); err != nil {
		return "", gone("store recovery codes", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.RecoveryCodesMade, c, audit.Event{AccountID: a.ID})
	return kept, nil
}
