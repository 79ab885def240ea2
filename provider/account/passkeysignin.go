package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"latchkey/provider/audit"
	"latchkey/provider/passkey"
	"latchkey/storage"
)

// PasskeyAsk asks a browser to sign with a passkey: anybody's, where neither of the two is given.
type PasskeyAsk struct {
	// Browser is the value of the cookie that the question is bound to.
	Browser string
	// Step is the ticket of a step that a passkey is to finish; AccountID is who must prove again who they are.
	Step      string
	AccountID int64
	// Two: two factors are asked for.
	Two    bool
	Caller Caller
}

// PasskeySignIn is the answer, and what it is for: as in [PasskeyAsk].
type PasskeySignIn struct {
	PasskeyAnswer
	Step      string
	AccountID int64
	// Persistent, Replace, DeviceToken, Two and Must are those of [Credentials]; a step has them already.
	Persistent  bool
	Replace     string
	DeviceToken string
	Two, Must   bool
	// Trust: this browser stands in for the second factor for a while. For steps only.
	Trust bool
}

// What questions are for. An answer to one is none to another.
const (
	forSignIn = "sign in"
	forStep   = "step"
	forAgain  = "again"
)

// takePasskey bounds the questions that one address may ask: they cost little, and every visit of the sign-in page asks one.
func (s *Service) takePasskey(ctx context.Context, c Caller) error {
	return s.take(ctx, c, s.config.Limits.Passkey.limit("passkey", AddressKey(c.Address)))
}

// AskPasskey makes the question. Nothing is stored. Refusals: Throttled, StepGone, Gone, PasskeyUnknown where the account has none.
func (s *Service) AskPasskey(ctx context.Context, in PasskeyAsk) (passkey.Question, error) {
	if err := s.takePasskey(ctx, in.Caller); err != nil {
		return passkey.Question{}, err
	}
	get := passkey.Get{Purpose: forSignIn, Browser: in.Browser, Verify: in.Two || s.config.Second.Required}
	var a storage.Account
	var err error
	switch {
	case in.Step != "":
		get.Purpose, get.Verify = forStep, false // the second of two kinds, whoever holds it
		_, a, err = s.passkeyStep(ctx, in.Step, in.Caller)
	case in.AccountID != 0:
		get.Purpose = forAgain
		a, err = s.active(ctx, in.AccountID)
		get.Verify = get.Verify || a.TOTP != nil || s.SecondRequired(a)
	default:
		return s.passkeys.AskGet(get)
	}
	if err != nil {
		return passkey.Question{}, err
	}
	user, err := s.userOf(ctx, a)
	if err != nil {
		return passkey.Question{}, err
	}
	if len(user.Keys) == 0 {
		return passkey.Question{}, &Refusal{Kind: PasskeyUnknown} // without a list the browser would offer any
	}
	get.From = &user
	return s.passkeys.AskGet(get)
}

// passkeyStep opens the ticket of a step that a passkey can finish. Refusals: StepGone.
func (s *Service) passkeyStep(ctx context.Context, sealed string, caller Caller) (opening, storage.Account, error) {
	in, a, need, err := s.step(ctx, sealed, caller)
	if err == nil && (need != NeedSecond || slices.Contains(in.AMR, amrKey)) { // one key is one factor, however often it signs
		err = &Refusal{Kind: StepGone}
	}
	return in, a, err
}

// SignInPasskey lets in whoever's passkey signed, renews the session of who proves it again, or finishes a step.
//
// Refusals: Throttled, PasskeyStale, PasskeyUnknown, PasskeyRefused, WrongCredentials (the account may not sign in), StepGone, StepNeeded.
func (s *Service) SignInPasskey(ctx context.Context, in PasskeySignIn) (SignedIn, error) {
	if err := s.AttemptAny(ctx, in.Caller); err != nil {
		return SignedIn{}, err
	}
	open := opening{Dialect: Page, Caller: in.Caller, Persistent: in.Persistent, Replace: in.Replace, DeviceToken: in.DeviceToken, Two: in.Two, Must: in.Must}
	purpose, mustBe := forSignIn, in.AccountID
	switch {
	case in.Step != "":
		step, owner, err := s.passkeyStep(ctx, in.Step, in.Caller)
		if err != nil {
			return SignedIn{}, err
		}
		open, purpose, mustBe = step, forStep, owner.ID
		open.Second, open.Trust = true, in.Trust
	case in.AccountID != 0:
		purpose = forAgain
	}
	a, proof, err := s.provePasskey(ctx, purpose, in.PasskeyAnswer, mustBe)
	if err != nil {
		return SignedIn{}, err
	}
	open.AMR, open.Key = passkeyAMR(open.AMR, proof.UserVerified), passkeyID(proof.Key.ID)
	return s.enter(ctx, open, a)
}

// passkeyAMR adds a passkey to what was proved before. One whose user was verified is two factors: something they have, and something they know or are.
func passkeyAMR(before []string, verified bool) []string {
	amr := joinAMR(before, amrKey, amrUser)
	if verified {
		amr = joinAMR(amr, amrTwo)
	}
	return amr
}

// provePasskey judges an answer, sees to it that it serves once, and notes the use. mustBe is whose passkey it must be, 0 for anybody's.
func (s *Service) provePasskey(ctx context.Context, purpose string, in PasskeyAnswer, mustBe int64) (storage.Account, passkey.Proof, error) {
	var a storage.Account
	proof, err := s.passkeys.Got(purpose, in.Browser, in.Ticket, in.Answer, func(handle, id []byte) (passkey.User, error) {
		var user passkey.User
		var err error
		a, user, err = s.ownerOf(ctx, handle, id)
		return user, err
	})
	if err != nil {
		return a, proof, s.passkeyRefusal(ctx, in.Caller, a.ID, err)
	}
	if mustBe != 0 && a.ID != mustBe {
		return a, proof, &Refusal{Kind: PasskeyRefused}
	}
	if !s.admits(a) {
		s.record(ctx, audit.SignInFailed, in.Caller, audit.Event{AccountID: a.ID, Detail: "passkey"})
		return a, proof, &Refusal{Kind: WrongCredentials}
	}
	if err := s.spendPasskey(ctx, proof); err != nil {
		return a, proof, err
	}
	return a, proof, s.usePasskey(ctx, a, proof, in.Caller)
}

// ownerOf finds who has a credential. Errors: passkey.ErrUnknown.
func (s *Service) ownerOf(ctx context.Context, handle, id []byte) (storage.Account, passkey.User, error) {
	k, err := s.store.Passkey(ctx, passkeyID(id))
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Account{}, passkey.User{}, passkey.ErrUnknown
	}
	if err != nil {
		return storage.Account{}, passkey.User{}, fmt.Errorf("look for passkey: %w", err)
	}
	a, err := s.store.Account(ctx, storage.AccountKey{ID: k.AccountID})
	if errors.Is(err, storage.ErrNotFound) { // deleted a moment ago
		return storage.Account{}, passkey.User{}, passkey.ErrUnknown
	}
	if err != nil {
		return storage.Account{}, passkey.User{}, fmt.Errorf("load account of passkey: %w", err)
	}
	if a.Sub != subOf(handle) {
		return a, passkey.User{}, passkey.ErrRefused // §7.2 step 6
	}
	user, err := s.userOf(ctx, a)
	return a, user, err
}

// admits tells whether an account may sign in at all, whatever is proved.
func (s *Service) admits(a storage.Account) bool {
	return !a.Disabled && (a.EmailVerified || a.EmailKey == "" || !s.config.RequireVerified)
}

// spendPasskey sees to it that a question is answered once. It comes after the signature: strangers cause no write. Refusals: PasskeyStale.
func (s *Service) spendPasskey(ctx context.Context, proof passkey.Proof) error {
	err := s.store.SpendOnce(ctx, "passkey "+proof.Challenge, proof.Expires, s.now())
	if errors.Is(err, storage.ErrSpent) {
		return &Refusal{Kind: PasskeyStale}
	}
	if err != nil {
		return fmt.Errorf("spend challenge: %w", err)
	}
	return nil
}

// usePasskey notes the use. A counter that did not go up says that there may be a copy of the key (§6.1.1): nobody comes in by it, and its owner is told.
// Refusals: PasskeyRefused, PasskeyUnknown.
func (s *Service) usePasskey(ctx context.Context, a storage.Account, proof passkey.Proof, c Caller) error {
	_, err := s.store.TouchPasskey(ctx, a.ID, passkeyID(proof.Key.ID), storage.PasskeyChange{Used: true, SignCount: int64(proof.Key.SignCount), BackedUp: proof.Key.BackedUp}, s.now())
	switch {
	case errors.Is(err, storage.ErrNotFound): // removed a moment ago
		return &Refusal{Kind: PasskeyUnknown}
	case errors.Is(err, storage.ErrConflict):
		s.record(ctx, audit.PasskeyCounter, c, audit.Event{AccountID: a.ID})
		if err := s.mailPasskeyCounter(ctx, a, c); err != nil {
			return err
		}
		return &Refusal{Kind: PasskeyRefused}
	case err != nil:
		return fmt.Errorf("note use of passkey: %w", err)
	}
	return nil
}

// passkeyRefusal turns what a ceremony says into a refusal; faults stay faults.
func (s *Service) passkeyRefusal(ctx context.Context, c Caller, accountID int64, err error) error {
	kind := PasskeyRefused
	switch {
	case errors.Is(err, passkey.ErrTicket):
		return &Refusal{Kind: PasskeyStale}
	case errors.Is(err, passkey.ErrUnknown):
		kind = PasskeyUnknown
	case !errors.Is(err, passkey.ErrRefused):
		return err
	}
	s.record(ctx, audit.SignInFailed, c, audit.Event{AccountID: accountID, Detail: string(kind)})
	return &Refusal{Kind: kind}
}
