package account

import (
	"context"
	"errors"
	"fmt"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// ListAccounts returns at most limit accounts with an ID greater than after, in order of ID.
func (s *Service) ListAccounts(ctx context.Context, after int64, limit int) ([]storage.Account, error) {
	all, err := s.store.ListAccounts(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return all, nil
}

// FindAccount returns the account with that key. Refusals: Gone.
func (s *Service) FindAccount(ctx context.Context, key storage.AccountKey) (storage.Account, error) {
	a, err := s.store.Account(ctx, key)
	if err != nil {
		return storage.Account{}, gone("find account", err)
	}
	return a, nil
}

// VerifySecret is VerifyHash under the limits of sign-in: a secret that somebody chose can be guessed as a password can. Only the
// caller's own failures count: strangers' must not shut an application out. Refusals: Throttled, Busy.
func (s *Service) VerifySecret(ctx context.Context, encoded, secret string, c Caller) (ok bool, err error) {
	slot, err := s.beginWith(ctx, c, s.failureLimits(DoorClient, c, "client "+encoded)[:1])
	if err != nil {
		return false, err
	}
	defer func() {
		if endErr := slot.end(ctx, err == nil && !ok); err == nil && endErr != nil {
			ok, err = false, endErr
		}
	}()
	return s.VerifyHash(ctx, encoded, secret)
}

// VerifyHash says whether a secret matches an argon2id encoding, by the bounded hash workers: for client secrets that people chose.
// Refusals: Busy.
func (s *Service) VerifyHash(ctx context.Context, encoded, secret string) (bool, error) {
	ok, _, err := s.hashes.verify(ctx, encoded, []byte(secret))
	if errors.Is(err, errHashSyntax) {
		return false, nil
	}
	s.hashes.hold(ctx, err)
	return ok, err
}

// SetClaims changes what change names and what an operator vouches for, also of a disabled account. Refusals: Invalid, Gone.
func (s *Service) SetClaims(ctx context.Context, accountID int64, change Profile, vouched Vouched, caller Caller) (storage.Account, error) {
	const tries = 8
	for try := 1; ; try++ {
		a, err := s.Account(ctx, accountID)
		if err != nil {
			return storage.Account{}, err
		}
		if err := CheckClaims(&a, change, vouched); err != nil {
			return storage.Account{}, err
		}
		now := s.now()
		a.UpdatedAt = now
		written, err := s.store.ReplaceAccount(ctx, a, storage.Effects{}, now)
		if errors.Is(err, storage.ErrConflict) && try < tries {
			continue
		}
		if err != nil {
			return storage.Account{}, gone("set claims", err)
		}
		s.record(ctx, audit.ProfileChanged, caller, audit.Event{AccountID: accountID, Detail: "operator"})
		return written, nil
	}
}

// CheckClaims makes of a what SetClaims would, and writes nothing. Refusals: Invalid; then nothing of a is to be used.
func CheckClaims(a *storage.Account, change Profile, vouched Vouched) error {
	if _, err := change.apply(a); err != nil {
		return err
	}
	e := &edit{a: a, r: &Refusal{Kind: Invalid}}
	if v := vouched.EmailVerified; v != nil {
		e.vouch(FieldEmailVerified, a.Email, *v, &a.EmailVerified)
	}
	if v := vouched.PhoneVerified; v != nil {
		e.vouch(FieldPhoneVerified, a.Phone, *v, &a.PhoneVerified)
	}
	return e.refused()
}

// vouch sets whether what is proven; nothing cannot be.
func (e *edit) vouch(field, what string, proven bool, out *bool) {
	if proven && what == "" {
		e.r.add(field, Missing)
		return
	}
	*out = proven
}
