package account

import (
	"context"
	"errors"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// The kinds of mail that tell of factors.
const (
	MailFactorAdded      = "factor_added"       // two-step sign-in is on
	MailFactorReplaced   = "factor_replaced"    // another app took the place of the one that there was
	MailFactorRemoved    = "factor_removed"     // it is off, by its owner or an operator
	MailRecoveryCodes    = "recovery_codes"     // new recovery codes were made
	MailRecoveryCodeUsed = "recovery_code_used" // one of them let somebody in
)

// The kinds of refusal that factors have.
const (
	FactorExists   Kind = "factor_exists"   // another app was set up, or removed, since this one was begun
	FactorUsed     Kind = "factor_used"     // there is no second factor that was not proved
	FactorRequired Kind = "factor_required" // the rules ask for a second factor, and this is the last
	NoMethod       Kind = "no_method"       // the operator turned the method off, or there is nothing that it belongs to
)

// TwoStep is how an account stands with second factors.
type TwoStep struct {
	// Since is when the app was set up; zero where none is.
	Since time.Time
	// Passkeys and Codes count what there is; Codes are the recovery codes left.
	Passkeys, Codes int
	// Required: the rules ask for a second factor. CanAdd: an app can be set up.
	Required, CanAdd bool
}

// On says whether an app is set up.
func (t TwoStep) On() bool { return !t.Since.IsZero() }

// TwoStep tells how an account stands.
func (s *Service) TwoStep(ctx context.Context, a storage.Account) (TwoStep, error) {
	keys, err := s.store.ListPasskeys(ctx, a.ID)
	if err != nil {
		return TwoStep{}, gone("list passkeys", err)
	}
	out := TwoStep{Passkeys: len(keys), Required: s.SecondRequired(a), CanAdd: s.allows(MethodTOTP)}
	if a.TOTP != nil {
		out.Since = a.TOTP.ConfirmedAt
	}
	out.Codes, err = s.recoveryCodes(ctx, a.ID)
	return out, err
}

// ConfirmTOTP turns two-step sign-in on, or puts another app in the place of the one that there is: a code of the app that BeginTOTP set up proves that it works, and the session has two factors from then on.
// It returns the recovery codes, to be kept in the browser (see [Service.KeptCodes]). Browsers that stood in for a second factor do not any more.
// Refusals: StepGone (the set-up expired), WrongCode (the same ticket goes on), Throttled, FactorExists, NoMethod, Gone.
func (s *Service) ConfirmTOTP(ctx context.Context, a storage.Account, sess storage.Session, sealed, code string, c Caller) (kept string, err error) {
	if _, kept, err = s.confirmTOTP(ctx, a, sealed, code, c); err != nil {
		return "", err
	}
	amr := joinAMR(sess.AMR, amrOTP)
	if _, err := s.store.TouchSession(ctx, sess.SID, storage.SessionChange{AMR: amr, ACR: oauth.ACROf(amr)}, s.now()); err != nil {
		return "", gone("note factor in session", err)
	}
	return kept, nil
}

func (s *Service) confirmTOTP(ctx context.Context, a storage.Account, sealed, code string, c Caller) (written storage.Account, kept string, err error) {
	if !s.allows(MethodTOTP) {
		return a, "", &Refusal{Kind: NoMethod}
	}
	p, err := s.pendingTOTP(a, sealed)
	if err != nil {
		return a, "", err
	}
	if err := s.proveApp(ctx, a.ID, p.Secret, code, c); err != nil {
		return a, "", err
	}
	box, err := s.sealTOTP(a, p.Secret)
	if err != nil {
		return a, "", err
	}
	with := storage.Effects{Void: []storage.Purpose{storage.PurposeDevice}}
	if kept, err = s.newRecoveryCodes(a, &with); err != nil {
		return a, "", err
	}
	at := s.now()
	kind := MailFactorAdded
	if a.TOTP != nil {
		kind = MailFactorReplaced
	}
	if err := s.addNoticeAbout(&with, kind, a, c, noticed{App: at, Codes: at}); err != nil {
		return a, "", err
	}
	written, err = s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		if !p.fits(*a) {
			return with, &Refusal{Kind: FactorExists}
		}
		a.TOTP = &storage.TOTP{Sealed: box, ConfirmedAt: at}
		return with, nil
	})
	if err != nil {
		return a, "", gone("turn two-step on", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.FactorAdded, c, audit.Event{AccountID: a.ID, Detail: string(MethodTOTP)})
	return written, kept, nil
}

// proveApp is prove for an app that is no factor yet.
func (s *Service) proveApp(ctx context.Context, accountID int64, secret []byte, code string, c Caller) (err error) {
	slot, err := s.beginWith(ctx, c, s.failureLimits(DoorSecond, c, accountName(accountID)+" new")[:1])
	if err != nil {
		return err
	}
	defer func() {
		if endErr := slot.end(ctx, IsKind(err, WrongCode)); err == nil && endErr != nil {
			err = endErr
		}
	}()
	return s.useTOTP(ctx, accountID, secret, code)
}

// EnrolTOTP does for a sign-in that needs a second factor set up what ConfirmTOTP does, and goes on with it. Refusals: those of ConfirmTOTP; and StepNeeded, where the app is set up and something else is needed.
func (s *Service) EnrolTOTP(ctx context.Context, ticket, setup string, p Proof) (out SignedIn, kept string, err error) {
	in, a, need, err := s.step(ctx, ticket, p.Caller)
	if err != nil {
		return out, "", err
	}
	if need != NeedEnrol {
		return out, "", &Refusal{Kind: StepGone}
	}
	a, kept, err = s.confirmTOTP(ctx, a, setup, p.Code, p.Caller)
	if err != nil {
		return out, "", err
	}
	in.AMR, in.Second = joinAMR(in.AMR, amrOTP), true
	out, err = s.enter(ctx, in, a)
	return out, kept, err
}

// RemoveTOTP turns two-step sign-in off; recovery codes go along, where no passkey is left that they stand in for. Refusals: FactorRequired, Gone.
func (s *Service) RemoveTOTP(ctx context.Context, a storage.Account, c Caller) error {
	state, err := s.TwoStep(ctx, a)
	if err != nil {
		return err
	}
	if state.Required && state.Passkeys == 0 {
		return &Refusal{Kind: FactorRequired}
	}
	with := storage.Effects{Void: []storage.Purpose{storage.PurposeDevice}}
	if state.Passkeys == 0 {
		with.Void = append(with.Void, storage.PurposeRecoveryCode)
	}
	if err := s.addNoticeOf(&with, MailFactorRemoved, a, c); err != nil {
		return err
	}
	_, err = s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		if a.TOTP == nil {
			return with, errUnchanged
		}
		a.TOTP = nil
		return with, nil
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	if err != nil {
		return gone("turn two-step off", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.FactorRemoved, c, audit.Event{AccountID: a.ID, Detail: string(MethodTOTP)})
	return nil
}

// ResetFactors takes every second factor of an account away, by an operator's word, also of a disabled account: the app, passkeys and recovery codes.
// Every session and grant ends, and a notice is mailed. Refusals: Gone.
func (s *Service) ResetFactors(ctx context.Context, accountID int64, c Caller) error {
	const tries = 8
	for try := 1; ; try++ {
		a, err := s.Account(ctx, accountID)
		if err != nil {
			return err
		}
		with := storage.Effects{DropPasskeys: true, Void: []storage.Purpose{storage.PurposeRecoveryCode, storage.PurposeDevice}, End: &storage.EndScope{Offline: true}}
		if err := s.addNoticeOf(&with, MailFactorRemoved, a, c); err != nil {
			return err
		}
		now := s.now()
		a.TOTP, a.UpdatedAt = nil, now
		_, err = s.store.ReplaceAccount(ctx, a, with, now)
		if errors.Is(err, storage.ErrConflict) && try < tries {
			continue
		}
		if err != nil {
			return gone("reset factors", err)
		}
		s.wakeFor(with)
		s.record(ctx, audit.FactorsReset, c, audit.Event{AccountID: accountID, Detail: "operator"})
		return nil
	}
}
