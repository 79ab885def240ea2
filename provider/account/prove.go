package account

import (
	"context"
	"slices"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Proof is a second factor as it was typed.
type Proof struct {
	// Code of an app, or a recovery code: which of the two is told by its shape, where Method is "".
	Code   string
	Method Method
	// Trust: this browser is not to be asked again for a while.
	Trust  bool
	Caller Caller
}

func (p Proof) method() Method {
	switch {
	case p.Method != "":
		return p.Method
	case looksLikeTOTP(p.Code):
		return MethodTOTP
	}
	return MethodRecovery
}

// StepView is a step as its page needs to know it.
type StepView struct {
	Account storage.Account
	Need    StepNeed
	Methods []Method
	// Trust is how long this browser could stand in for the second factor; 0 where it cannot.
	Trust time.Duration
	// Replace is the session that is there already, "" for none.
	Replace string
}

// PeekStep tells what a ticket is about. Refusals: StepGone.
func (s *Service) PeekStep(ctx context.Context, sealed string, c Caller) (StepView, error) {
	in, a, need, err := s.step(ctx, sealed, c)
	if err != nil {
		return StepView{}, err
	}
	v := StepView{Account: a, Need: need, Replace: in.Replace}
	switch need {
	case NeedSecond:
		v.Methods, err = s.SecondMethods(ctx, a, in.AMR)
		if !in.Two {
			v.Trust = s.config.Second.Remember
		}
	case NeedEnrol:
		v.Methods = s.offered()
	}
	return v, err
}

// ProveSecond goes on with a sign-in by a code. Refusals: StepGone, WrongCode, Throttled, StepNeeded (something else), WrongCredentials.
func (s *Service) ProveSecond(ctx context.Context, sealed string, p Proof) (SignedIn, error) {
	in, a, need, err := s.step(ctx, sealed, p.Caller)
	if err != nil {
		return SignedIn{}, err
	}
	if need != NeedSecond {
		return SignedIn{}, &Refusal{Kind: StepGone}
	}
	in.Trust = p.Trust && !in.Two
	return s.enterWithCode(ctx, in, a, p)
}

// enterWithCode enters with what was proved, and a code.
func (s *Service) enterWithCode(ctx context.Context, in opening, a storage.Account, p Proof) (SignedIn, error) {
	if err := s.prove(ctx, in, a, p); err != nil {
		return SignedIn{}, err
	}
	in.AMR, in.Second = joinAMR(in.AMR, amrOTP), true
	return s.enter(ctx, in, a)
}

// prove checks a code of an account and uses it up, under limits of its own: whoever comes this far knows the first factor, so strangers to the account
// do not. Refusals: WrongCode, Throttled, Busy.
func (s *Service) prove(ctx context.Context, in opening, a storage.Account, p Proof) (err error) {
	device, err := s.findDevice(ctx, a.ID, in.DeviceToken)
	if err != nil {
		return err
	}
	slot, err := s.beginWith(ctx, p.Caller, s.secondLimits(p.Caller, a.ID, device))
	if err != nil {
		return err
	}
	defer func() {
		if endErr := slot.end(ctx, IsKind(err, WrongCode)); err == nil && endErr != nil {
			err = endErr
		}
	}()
	method := p.method()
	switch {
	case method == MethodTOTP && a.TOTP != nil:
		var secret []byte
		if secret, err = s.openTOTP(a); err == nil {
			err = s.useTOTP(ctx, a.ID, secret, p.Code)
		}
	case method == MethodRecovery:
		err = s.useRecoveryCode(ctx, a, p.Code, p.Caller)
	default:
		err = &Refusal{Kind: WrongCode}
	}
	switch {
	case err == nil:
		s.record(ctx, audit.SecondFactor, p.Caller, audit.Event{AccountID: a.ID, Detail: string(method)})
	case IsKind(err, WrongCode):
		s.record(ctx, audit.SecondFactorFailed, p.Caller, audit.Event{AccountID: a.ID, Detail: string(method)})
		if slices.Contains(in.AMR, amrPassword) && !device.known() {
			if mailErr := s.tellPasswordKnown(ctx, a, p.Caller); mailErr != nil {
				return mailErr
			}
		}
	}
	return err
}

// StepUp asks somebody who is signed in for the second factor alone: what they proved before stays proved, at its time. Refusals: StepNeeded, with the
// step, which is to set one up where must is and there is none; FactorUsed, where the session has two factors or nothing that the account has would add one,
// or one could be set up and the person did not sign in lately: a session that somebody took over must not add a factor.
func (s *Service) StepUp(ctx context.Context, a storage.Account, sess storage.Session, must bool, deviceToken string, c Caller) error {
	if !firstFactor(sess.AMR) || twoFactors(sess.AMR) {
		return &Refusal{Kind: FactorUsed}
	}
	in := opening{Dialect: Dialect(sess.Kind), Caller: c, Persistent: sess.Persistent, Replace: sess.SID, AMR: sess.AMR, DeviceToken: deviceToken,
		Since: sess.AuthTime, Two: true, Must: must}
	need, methods, err := s.missingFactor(ctx, in, a, knownDevice{})
	if err != nil {
		return err
	}
	if need == "" || need == NeedEnrol && !s.lately(sess) {
		return &Refusal{Kind: FactorUsed}
	}
	return s.stepNeeded(in, a, need, methods)
}

// CanStepUp tells whether StepUp would ask for something.
func (s *Service) CanStepUp(ctx context.Context, a storage.Account, sess storage.Session, must bool) (bool, error) {
	if !firstFactor(sess.AMR) || twoFactors(sess.AMR) {
		return false, nil
	}
	need, _, err := s.missingFactor(ctx, opening{AMR: sess.AMR, Two: true, Must: must}, a, knownDevice{})
	return need != "" && (need != NeedEnrol || s.lately(sess)), err
}

// firstFactor tells whether a code beside what was proved makes two factors: a code that was mailed and one of an app are of one kind.
func firstFactor(amr []string) bool {
	return slices.Contains(amr, amrPassword) || slices.Contains(amr, amrKey)
}

// Reprove lets somebody who is signed in prove again who they are, by their password and, where they have turned it on, a second factor. The session
// stays the same one. in.Login and in.Persistent do not count. Refusals: WrongPassword, Invalid, Throttled, Busy, Gone, StepNeeded.
func (s *Service) Reprove(ctx context.Context, sess storage.Session, in Credentials) (SignedIn, error) {
	a, err := s.confirm(ctx, sess.AccountID, in.Password, in.Caller, in.DeviceToken)
	if err != nil {
		return SignedIn{}, err
	}
	o := opening{Dialect: Dialect(sess.Kind), Caller: in.Caller, Persistent: sess.Persistent, Replace: sess.SID, AMR: []string{amrPassword},
		DeviceToken: in.DeviceToken, Two: true}
	out, err := s.enter(ctx, o, a)
	if IsKind(err, WrongCredentials) {
		err = &Refusal{Kind: Gone} // it changed while its password was checked
	}
	return out, err
}
