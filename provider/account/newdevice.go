package account

import (
	"context"
	"fmt"

	"latchkey/storage"
)

// addOpening adds what a sign-in causes beside its session: a full second factor stops a recovery that waits, and the owner is told by mail of a browser
// that is not known.
func (s *Service) addOpening(ctx context.Context, with *storage.Effects, in opening, a storage.Account, device knownDevice) error {
	if in.Second || twoFactors(in.AMR) {
		with.Void = append(with.Void, recoveryPurposes()...)
	}
	if !s.config.Lifecycle.DeviceMail || in.Dialect != Page || device.known() || !a.EmailVerified {
		return nil
	}
	known, err := s.store.ListOneTimes(ctx, a.ID, storage.PurposeDevice, s.now())
	if err != nil {
		return fmt.Errorf("list devices: %w", err)
	}
	if len(known) == 0 {
		return nil // the account's first sign-in, of which nobody needs to be told
	}
	return s.addWarning(with, a, MailNewDevice, in.Caller, Letter{Agent: cut(in.Caller.UserAgent, 256)})
}
