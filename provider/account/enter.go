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
	// Seen is the browser as the account knew it a moment ago, where that was looked up; see [Service.browserOf].
	Seen knownDevice

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
	device, err := s.browserOf(ctx, in, a)
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
		if err := s.applyOpening(ctx, in, a, with, now); err != nil {
			return SignedIn{}, err
		}
		s.wakeFor(with)
	}
	if with.Session != nil && in.byAccountAlone(a) {
		return out, nil // the account was as it was read when the session became durable
	}
	return out, s.stillGood(ctx, in, a, out.Session.SID)
}

// byAccountAlone: nothing but the account's own record, which is a, says whether what was proved still counts.
func (in opening) byAccountAlone(a storage.Account) bool {
	return in.Key == "" && (!in.Second || a.TOTP != nil)
}

// applyOpening stores a session, and what is known of its browser, in one write, for the account as it was read: a reset or a disabling that became durable
// since would not end this session. One that comes later will. What else may change of an account meanwhile is looked at again.
func (s *Service) applyOpening(ctx context.Context, in opening, a storage.Account, with storage.Effects, now time.Time) error {
	if with.Session != nil {
		with.Version = a.Version
	}
	const tries = 8
	for try := 1; ; try++ {
		err := s.store.ApplyEffects(ctx, a.ID, with, now)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, storage.ErrNotFound) && with.Take != nil: // the former token of the browser went meanwhile
			with.Take = nil
		case errors.Is(err, storage.ErrNotFound): // deleted a moment ago
			return &Refusal{Kind: WrongCredentials}
		case errors.Is(err, storage.ErrConflict) && try < tries:
			current, same, err := s.unchanged(ctx, a)
			if err != nil {
				return err
			}
			if !same {
				return s.changedMeanwhile(ctx, in, a)
			}
			with.Version = current.Version
		default:
			return fmt.Errorf("create session: %w", err)
		}
	}
}

// unchanged reads the account again, and tells whether whoever proved to be a is still let in for that.
func (s *Service) unchanged(ctx context.Context, a storage.Account) (current storage.Account, same bool, err error) {
	current, err = s.store.Account(ctx, storage.AccountKey{ID: a.ID})
	if errors.Is(err, storage.ErrNotFound) {
		return current, false, nil
	}
	if err != nil {
		return current, false, fmt.Errorf("load account: %w", err)
	}
	return current, !current.Shut() && current.PasswordSetAt.Equal(a.PasswordSetAt) && sameTOTP(current.TOTP, a.TOTP), nil
}

// stillGood looks at the account again now that the session exists, where not all that was proved is in the account's record, and where the session is an old
// one that was renewed: see [Service.applyOpening].
func (s *Service) stillGood(ctx context.Context, in opening, a storage.Account, sid string) error {
	current, same, err := s.unchanged(ctx, a)
	if err != nil {
		return err
	}
	if same {
		if same, err := s.stillProves(ctx, in, current); same || err != nil {
			return err
		}
	}
	if _, err := s.store.EndSessions(ctx, storage.EndScope{AccountID: a.ID, SID: sid}, s.now()); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return s.changedMeanwhile(ctx, in, a)
}

func (s *Service) changedMeanwhile(ctx context.Context, in opening, a storage.Account) error {
	s.record(ctx, audit.SignInFailed, in.Caller, audit.Event{AccountID: a.ID, Detail: "changed_meanwhile"})
	return &Refusal{Kind: WrongCredentials}
}

// stillProves tells whether what was proved is still of the account: the passkey, and something that a second factor could be.
func (s *Service) stillProves(ctx context.Context, in opening, a storage.Account) (bool, error) {
	if in.byAccountAlone(a) {
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
