package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// opening is a session that is about to be opened, by somebody who proved to be a.
type opening struct {
	Dialect Dialect
	Caller  Caller
	// Persistent: "keep me signed in".
	Persistent bool
	// Replace is the SID of this browser's session, "" if none (see [Credentials]).
	Replace string
	// AMR is what was proved (RFC 8176), see [joinAMR].
	AMR []string
	// DeviceToken is the value of the browser's cookie of known devices, "" if none.
	DeviceToken string

	// Since is when the first of AMR was proved; zero for now.
	Since time.Time
	// Key is the ID of the passkey that is among AMR, "" for none.
	Key string
	// Second: a second factor was proved, whether or not it makes "mfa" of AMR. Two: one is asked for where there is one, and no known device stands in for
	// it. Must: where there is none, one is to be set up.
	Second, Two, Must bool
	// Trust: this browser is not to be asked for a second factor for a while.
	Trust bool
	// Step is the ID of the step that led here, "" for none; the step is over by StepEnds anyway.
	Step     string
	StepEnds time.Time
}

// The values of `amr` (RFC 8176 §2) that are used. A passkey gives pop and user, and mfa where it verified its user; one-time passwords, recovery
// codes, and what was mailed are otp.
const (
	amrPassword = "pwd"
	amrOTP      = "otp"
	amrKey      = "pop"
	amrUser     = "user"
	amrTwo      = "mfa"
)

// joinAMR adds what was proved to what was proved before. "mfa" is among it where two different kinds were (RFC 8176 §2), and never without.
func joinAMR(before []string, more ...string) []string {
	all := slices.Clone(before)
	for _, v := range more {
		if !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	kinds := 0
	for _, kind := range []string{amrPassword, amrOTP, amrKey} {
		if slices.Contains(all, kind) {
			kinds++
		}
	}
	if kinds > 1 && !slices.Contains(all, amrTwo) {
		all = append(all, amrTwo)
	}
	return all
}

// enter lets somebody in who proved to be a: the one way to a session, whatever proved it. Where something is still needed it opens none, and
// refuses with StepNeeded, which says what; whoever did that step comes back here with what more was proved.
//
// Refusals: StepNeeded, StepGone (its step was used before), WrongCredentials (the account changed meanwhile).
func (s *Service) enter(ctx context.Context, in opening, a storage.Account) (SignedIn, error) {
	device, err := s.findDevice(ctx, a.ID, in.DeviceToken)
	if err != nil {
		return SignedIn{}, err
	}
	need, methods, err := s.missing(ctx, in, a, device)
	if err != nil {
		return SignedIn{}, err
	}
	if need != "" {
		return SignedIn{}, s.stepNeeded(in, a, need, methods)
	}
	if err := s.spendStep(ctx, in); err != nil {
		return SignedIn{}, err
	}
	out, err := s.openSession(ctx, in, a, device)
	if err != nil {
		return SignedIn{}, err
	}
	s.record(ctx, audit.SignIn, in.Caller, audit.Event{AccountID: a.ID, SID: out.Session.SID, Detail: string(in.Dialect)})
	return out, nil
}

// missing says what else a sign-in needs, "" for nothing: the second factor before anything that only its owner may do.
func (s *Service) missing(ctx context.Context, in opening, a storage.Account, device knownDevice) (StepNeed, []Method, error) {
	need, methods, err := s.missingFactor(ctx, in, a, device)
	if need == "" && err == nil {
		need, err = missingDeletion(in, a)
	}
	if need == "" && err == nil {
		need = s.missingTerms(in, a)
	}
	return need, methods, err
}

// openSession makes the session, or renews the one that the browser has.
func (s *Service) openSession(ctx context.Context, in opening, a storage.Account, device knownDevice) (SignedIn, error) {
	now := s.now()
	out := SignedIn{Account: a}
	with, err := s.keepDevice(ctx, in, a, device, &out)
	if err != nil {
		return SignedIn{}, err
	}
	if err := s.addOpening(ctx, &with, in, a, device); err != nil {
		return SignedIn{}, err
	}
	renewed, err := s.renewSession(ctx, in, a, &out, now)
	if err != nil {
		return SignedIn{}, err
	}
	if !renewed {
		if out.Session, out.Secret, err = s.newSession(in, now); err != nil {
			return SignedIn{}, err
		}
		out.Session.AccountID = a.ID
		with.Session = &out.Session
	}
	if with.Session != nil || len(with.Put) > 0 || len(with.Void) > 0 {
		if err := s.applyOpening(ctx, a.ID, with, now); err != nil {
			return SignedIn{}, err
		}
		s.wakeFor(with)
	}
	return out, s.stillGood(ctx, in, a, out.Session.SID)
}

// applyOpening stores the session, and what is known of its browser, in one write.
func (s *Service) applyOpening(ctx context.Context, accountID int64, with storage.Effects, now time.Time) error {
	err := s.store.ApplyEffects(ctx, accountID, with, now)
	if errors.Is(err, storage.ErrNotFound) && with.Take != nil { // the former token of the browser went meanwhile
		with.Take = nil
		err = s.store.ApplyEffects(ctx, accountID, with, now)
	}
	if errors.Is(err, storage.ErrNotFound) { // deleted a moment ago
		return &Refusal{Kind: WrongCredentials}
	}
	if err != nil {
		return fmt.Errorf("create session: %w", err)
	}
	return nil
}

// stillGood looks at the account again now that the session exists. A reset or a disabling that became durable after the password was
// checked and before the session was stored has not ended this session; one that comes later will.
func (s *Service) stillGood(ctx context.Context, in opening, a storage.Account, sid string) error {
	current, err := s.store.Account(ctx, storage.AccountKey{ID: a.ID})
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("load account: %w", err)
	}
	if err == nil && !current.Shut() && current.PasswordSetAt.Equal(a.PasswordSetAt) && sameTOTP(current.TOTP, a.TOTP) {
		if same, err := s.stillProves(ctx, in, current); same || err != nil {
			return err
		}
	}
	if _, err := s.store.EndSessions(ctx, storage.EndScope{AccountID: a.ID, SID: sid}, s.now()); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	s.record(ctx, audit.SignInFailed, in.Caller, audit.Event{AccountID: a.ID, Detail: "changed_meanwhile"})
	return &Refusal{Kind: WrongCredentials}
}

// stillProves tells whether what was proved is still of the account: the passkey, and something that a second factor could be.
func (s *Service) stillProves(ctx context.Context, in opening, a storage.Account) (bool, error) {
	if in.Key == "" && (!in.Second || a.TOTP != nil) {
		return true, nil
	}
	keys, err := s.Passkeys(ctx, a.ID)
	if err != nil {
		return false, err
	}
	if in.Key != "" && !slices.ContainsFunc(keys, func(k storage.Passkey) bool { return k.ID == in.Key }) {
		return false, nil
	}
	return !in.Second || a.TOTP != nil || len(keys) > 0, nil
}
