package account

import (
	"context"
	"fmt"
	"slices"

	"latchkey/storage"
)

// SecondMethods are the ways in which an account can prove a second factor beside what amr says was proved, the best first. A passkey that was used
// already proves nothing more.
func (s *Service) SecondMethods(ctx context.Context, a storage.Account, amr []string) ([]Method, error) {
	var out []Method
	if a.TOTP != nil {
		out = append(out, MethodTOTP)
	}
	if s.passkeys != nil && !slices.Contains(amr, amrKey) {
		keys, err := s.store.ListPasskeys(ctx, a.ID)
		if err != nil {
			return nil, fmt.Errorf("list passkeys: %w", err)
		}
		if len(keys) > 0 {
			out = append(out, MethodPasskey)
		}
	}
	if len(out) == 0 {
		return nil, nil // recovery codes stand in for something that was set up
	}
	codes, err := s.recoveryCodes(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	if codes > 0 {
		out = append(out, MethodRecovery)
	}
	return out, nil
}

// recoveryCodes counts those that are left.
func (s *Service) recoveryCodes(ctx context.Context, accountID int64) (int, error) {
	all, err := s.store.ListOneTimes(ctx, accountID, storage.PurposeRecoveryCode, s.now())
	if err != nil {
		return 0, fmt.Errorf("list recovery codes: %w", err)
	}
	return len(all), nil
}
