package account

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// FirstAccount is what the person says who sets an issuer up.
type FirstAccount struct {
	Code, Email, FullName, Password string
	Caller                          Caller
}

// SetupOpen tells whether the first account can be made here: that is on, and there is no account at all.
func (s *Service) SetupOpen(ctx context.Context) (bool, error) {
	if !s.config.Lifecycle.Setup || s.setupCode == "" || s.setupDone.Load() {
		return false, nil
	}
	some, err := s.store.ListAccounts(ctx, 0, 1)
	if err != nil {
		return false, fmt.Errorf("look for accounts: %w", err)
	}
	if len(some) > 0 {
		s.setupDone.Store(true)
	}
	return len(some) == 0, nil
}

// SetupCode is the code to make the first account with; "" where there is nothing to set up. Every replica has the same.
func (s *Service) SetupCode(ctx context.Context) (string, error) {
	open, err := s.SetupOpen(ctx)
	if err != nil || !open {
		return "", err
	}
	return s.setupCode, nil
}

// setupBytes is the randomness of the code: 16 characters.
const setupBytes = 10

// spellSetup writes what the code is made of, in groups of four letters and digits; "" where there is nothing.
func spellSetup(secret []byte) string {
	if len(secret) < setupBytes {
		return ""
	}
	text := base32.StdEncoding.EncodeToString(secret[:setupBytes])
	var groups []string
	for len(text) > 0 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(groups, "-")
}

// plainSetup is a code without what people put between its characters.
func plainSetup(code string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(strings.TrimSpace(code)))
}

// setupFor is how long one of several people who set up at the same time keeps the others out.
const setupFor = time.Minute

// SetUp makes the first account: its address counts as proven, and it is in the groups of the configuration. Of any number of people, at any replicas,
// one succeeds. Refusals: Gone (it is set up), Invalid (the code too), SetupTaken (somebody else is at it), Throttled, Busy.
func (s *Service) SetUp(ctx context.Context, in FirstAccount) (storage.Account, error) {
	if open, err := s.SetupOpen(ctx); err != nil || !open {
		return storage.Account{}, errors.Join(err, &Refusal{Kind: Gone})
	}
	if err := s.AttemptAny(ctx, in.Caller); err != nil {
		return storage.Account{}, err
	}
	if subtle.ConstantTimeCompare([]byte(plainSetup(in.Code)), []byte(plainSetup(s.setupCode))) != 1 {
		if err := s.Failed(ctx, DoorReset, in.Caller); err != nil {
			return storage.Account{}, err
		}
		return storage.Account{}, invalid(FieldSetup, WrongSetup)
	}
	a, err := s.invited(Invitation{Email: in.Email, FullName: strings.TrimSpace(in.FullName), Groups: s.config.Lifecycle.SetupGroups, Locale: in.Caller.Locale})
	name, encoded, err2 := s.firstPassword(ctx, in.FullName, in.Password, in.Email, in.Caller)
	if err = joinInvalid(err, err2); err != nil {
		return storage.Account{}, err
	}
	now := s.now()
	err = s.store.SpendOnce(ctx, "setup", now.Add(setupFor), now)
	if errors.Is(err, storage.ErrSpent) {
		return storage.Account{}, &Refusal{Kind: SetupTaken, RetryAfter: setupFor}
	}
	if err != nil {
		return storage.Account{}, fmt.Errorf("set up: %w", err)
	}
	// Looked at once more: whoever was here a moment ago has made one.
	if open, err := s.SetupOpen(ctx); err != nil || !open {
		return storage.Account{}, errors.Join(err, &Refusal{Kind: Gone})
	}
	a.FullName, a.EmailVerified, a.PasswordSetAt = name, true, now
	setPassword(&a, encoded)
	if a, err = s.store.CreateAccount(ctx, a, storage.Effects{}, now); err != nil {
		return storage.Account{}, gone("set up", err)
	}
	s.record(ctx, audit.SetUp, in.Caller, audit.Event{AccountID: a.ID})
	return a, nil
}

// joinInvalid puts the fields of two refusals together, in the order of the form; anything else goes first.
func joinInvalid(first, second error) error {
	a, aok := errors.AsType[*Refusal](first)
	b, bok := errors.AsType[*Refusal](second)
	switch {
	case first == nil:
		return second
	case second == nil || !aok || !bok || a.Kind != Invalid || b.Kind != Invalid:
		return first
	}
	out := &Refusal{Kind: Invalid, Minimum: b.Minimum}
	for _, r := range []*Refusal{a, b} {
		for _, f := range r.Order {
			out.add(f, r.Fields[f])
		}
	}
	return out
}
