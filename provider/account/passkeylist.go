package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Passkeys lists the passkeys of an account, oldest first.
func (s *Service) Passkeys(ctx context.Context, accountID int64) ([]storage.Passkey, error) {
	list, err := s.store.ListPasskeys(ctx, accountID)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	return list, nil
}

// PasskeySignals is what browsers are told of an account's passkeys, so that they offer those that there are and no others (§5.1.10).
type PasskeySignals struct {
	// Party is the Relying Party ID, Handle the user handle as base64url. IDs are the credentials that there are.
	Party, Handle     string
	Name, DisplayName string
	IDs               []string
}

// PasskeySignals tells what browsers may know of the account. Faults only.
func (s *Service) PasskeySignals(ctx context.Context, a storage.Account) (PasskeySignals, error) {
	u, err := s.userOf(ctx, a)
	if err != nil {
		return PasskeySignals{}, err
	}
	out := PasskeySignals{Party: s.passkeys.ID(), Handle: passkeyID(u.Handle), Name: u.Name, DisplayName: u.DisplayName, IDs: []string{}}
	for _, k := range u.Keys {
		out.IDs = append(out.IDs, passkeyID(k.ID))
	}
	return out, nil
}

// RenamePasskey gives it another name. Refusals: Invalid, Gone.
func (s *Service) RenamePasskey(ctx context.Context, accountID int64, id, name string, caller Caller) error {
	name, problem := personName(name, 1, maxPasskeyName)
	if problem != "" {
		return invalid(FieldPasskeyName, problem)
	}
	if _, err := s.store.TouchPasskey(ctx, accountID, id, storage.PasskeyChange{Name: name}, s.now()); err != nil {
		return gone("rename passkey", err)
	}
	s.record(ctx, audit.PasskeyRenamed, caller, audit.Event{AccountID: accountID})
	return nil
}

// RemovePasskey removes it, and tells its owner by mail; with the last second factor go the recovery codes that stood in for it, and browsers that did.
// Refusals: LastWayIn, FactorRequired, Gone.
func (s *Service) RemovePasskey(ctx context.Context, accountID int64, id string, caller Caller) error {
	a, err := s.active(ctx, accountID)
	if err != nil {
		return err
	}
	keys, err := s.Passkeys(ctx, a.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(keys, func(k storage.Passkey) bool { return k.ID == id })
	if i < 0 {
		return &Refusal{Kind: Gone}
	}
	if err := s.mayHave(a, len(keys)-1); err != nil {
		return err
	}
	var with storage.Effects
	if len(keys) == 1 && a.TOTP == nil {
		with.Void = []storage.Purpose{storage.PurposeRecoveryCode, storage.PurposeDevice}
	}
	if err := s.addNoticeOf(&with, MailPasskeyRemoved, a, caller); err != nil {
		return err
	}
	if err := s.store.DeletePasskey(ctx, a.ID, id, with, s.now()); err != nil {
		return gone("remove passkey", err)
	}
	if err := s.keepWayIn(ctx, a.ID, keys[i]); err != nil {
		return err
	}
	s.wakeFor(with)
	s.record(ctx, audit.PasskeyRemoved, caller, audit.Event{AccountID: a.ID})
	return nil
}

// mayHave tells whether an account can do with so many passkeys. Refusals: LastWayIn, FactorRequired.
func (s *Service) mayHave(a storage.Account, passkeys int) error {
	if len(s.waysIn(a, passkeys)) == 0 {
		return &Refusal{Kind: LastWayIn}
	}
	if passkeys == 0 && a.TOTP == nil && s.SecondRequired(a) {
		return &Refusal{Kind: FactorRequired}
	}
	return nil
}

// keepWayIn brings a passkey back that was just removed, where what the account could do without it went in the same moment. Refusals: those of mayHave.
func (s *Service) keepWayIn(ctx context.Context, accountID int64, k storage.Passkey) error {
	a, err := s.active(ctx, accountID)
	if err != nil {
		return err
	}
	keys, err := s.Passkeys(ctx, accountID)
	if err != nil {
		return err
	}
	refused := s.mayHave(a, len(keys))
	if refused == nil {
		return nil
	}
	if err := s.store.CreatePasskey(ctx, k, storage.Effects{}, s.now()); err != nil && !errors.Is(err, storage.ErrExists) {
		return fmt.Errorf("bring passkey back: %w", err)
	}
	return refused
}
