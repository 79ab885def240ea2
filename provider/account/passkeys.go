package account

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"latchkey/provider/audit"
	"latchkey/provider/passkey"
	"latchkey/storage"
)

// The kinds of refusal that passkeys have.
const (
	PasskeyStale   Kind = "passkey_stale"   // the question is too old, of another browser, or was answered before: ask again
	PasskeyUnknown Kind = "passkey_unknown" // nobody has it (any more): the browser may forget it
	PasskeyRefused Kind = "passkey_refused" // the answer does not hold
	PasskeyTaken   Kind = "passkey_taken"   // this credential is registered already
	PasskeysFull   Kind = "passkeys_full"   // the account has [storage.PasskeysMax]
	LastWayIn      Kind = "last_way_in"     // without it nothing would let its owner in
)

// FieldPasskeyName is the name of a passkey, in Refusal.Fields. It has at most maxPasskeyName characters.
const (
	FieldPasskeyName = "passkey_name"
	maxPasskeyName   = 60
)

// The kinds of mail about passkeys.
const (
	MailPasskeyAdded   = "passkey_added"
	MailPasskeyRemoved = "passkey_removed"
	MailPasskeyCounter = "passkey_counter" // its counter went back: there may be a copy of it
)

// PasskeyAnswer is what a browser answers to a question.
type PasskeyAnswer struct {
	// Browser is the value of the cookie that the question was bound to. Ticket came with the question; Answer is the credential as JSON (§5.1).
	Browser, Ticket string
	Answer          []byte
	Caller          Caller
}

// handleOf is the user handle: the bytes of the account's subject, which says nothing of the person (§14.6.1).
func handleOf(a storage.Account) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(a.Sub, "-", ""))
	if err != nil || len(b) != 16 {
		return nil, fmt.Errorf("subject of account %d is no UUID", a.ID)
	}
	return b, nil
}

// subOf reverses handleOf; "" where it is none of ours.
func subOf(handle []byte) string {
	if len(handle) != 16 {
		return ""
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", handle[:4], handle[4:6], handle[6:8], handle[8:10], handle[10:])
}

func passkeyID(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

// userOf is an account with its credentials, as ceremonies know it.
func (s *Service) userOf(ctx context.Context, a storage.Account) (passkey.User, error) {
	handle, err := handleOf(a)
	if err != nil {
		return passkey.User{}, err
	}
	keys, err := s.store.ListPasskeys(ctx, a.ID)
	if err != nil {
		return passkey.User{}, fmt.Errorf("list passkeys: %w", err)
	}
	name := a.Email
	if name == "" {
		name = a.Username
	}
	out := passkey.User{Handle: handle, Name: name, DisplayName: displayName(a)}
	if out.DisplayName == "" {
		out.DisplayName = name
	}
	for _, k := range keys {
		id, err := base64.RawURLEncoding.DecodeString(k.ID)
		if err != nil {
			return passkey.User{}, fmt.Errorf("decode ID of passkey: %w", err)
		}
		out.Keys = append(out.Keys, passkey.Key{ID: id, PublicKey: k.PublicKey, AAGUID: k.AAGUID, Transports: k.Transports, SignCount: uint32(k.SignCount),
			BackupEligible: k.BackupEligible, BackedUp: k.BackedUp})
	}
	return out, nil
}

// AskNewPasskey asks a browser to make a passkey for the account. quiet: it may do so without asking, where it just filled the password.
// Refusals: Gone, PasskeysFull, Throttled.
func (s *Service) AskNewPasskey(ctx context.Context, accountID int64, browser string, quiet bool, caller Caller) (passkey.Question, error) {
	if err := s.takePasskey(ctx, caller); err != nil {
		return passkey.Question{}, err
	}
	a, err := s.active(ctx, accountID)
	if err != nil {
		return passkey.Question{}, err
	}
	user, err := s.userOf(ctx, a)
	if err != nil {
		return passkey.Question{}, err
	}
	if len(user.Keys) >= storage.PasskeysMax {
		return passkey.Question{}, &Refusal{Kind: PasskeysFull}
	}
	return s.passkeys.AskCreate(passkey.Create{Browser: browser, For: user, Quiet: quiet})
}

// AddPasskey stores the passkey that a browser made, and tells its owner by mail. It is called by who makes such passkeys, where that is known, else by name.
// Refusals: Gone, Throttled, PasskeyStale, PasskeyRefused, PasskeyTaken, PasskeysFull.
func (s *Service) AddPasskey(ctx context.Context, accountID int64, in PasskeyAnswer, name string) (storage.Passkey, error) {
	if err := s.AttemptAny(ctx, in.Caller); err != nil {
		return storage.Passkey{}, err
	}
	a, err := s.active(ctx, accountID)
	if err != nil {
		return storage.Passkey{}, err
	}
	return s.addPasskey(ctx, a, in, name)
}

func (s *Service) addPasskey(ctx context.Context, a storage.Account, in PasskeyAnswer, name string) (storage.Passkey, error) {
	handle, err := handleOf(a)
	if err != nil {
		return storage.Passkey{}, err
	}
	proof, err := s.passkeys.Made(in.Browser, in.Ticket, handle, in.Answer)
	if err != nil {
		return storage.Passkey{}, s.passkeyRefusal(ctx, in.Caller, a.ID, err)
	}
	if err := s.spendPasskey(ctx, proof); err != nil {
		return storage.Passkey{}, err
	}
	if p := passkey.Provider(proof.Key.AAGUID); p != "" {
		name = p
	}
	if name, err = s.freePasskeyName(ctx, a.ID, name); err != nil {
		return storage.Passkey{}, err
	}
	now := s.now()
	k := storage.Passkey{ID: passkeyID(proof.Key.ID), AccountID: a.ID, Name: name, PublicKey: proof.Key.PublicKey, AAGUID: proof.Key.AAGUID,
		Transports: proof.Key.Transports, SignCount: int64(proof.Key.SignCount), BackupEligible: proof.Key.BackupEligible, BackedUp: proof.Key.BackedUp,
		UserVerified: proof.UserVerified, CreatedAt: now}
	var with storage.Effects
	if err := s.addNoticeAbout(&with, MailPasskeyAdded, a, in.Caller, noticed{Passkey: k.ID}); err != nil {
		return storage.Passkey{}, err
	}
	switch err := s.store.CreatePasskey(ctx, k, with, now); {
	case errors.Is(err, storage.ErrExists):
		return storage.Passkey{}, &Refusal{Kind: PasskeyTaken} // §7.1 step 26
	case errors.Is(err, storage.ErrFull):
		return storage.Passkey{}, &Refusal{Kind: PasskeysFull}
	case err != nil:
		return storage.Passkey{}, gone("create passkey", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.PasskeyAdded, in.Caller, audit.Event{AccountID: a.ID})
	return k, nil
}

// AskEnrolPasskey and EnrolPasskey do the same for a sign-in that needs a second factor set up, and the latter goes on with it. Refusals: StepGone too.
func (s *Service) AskEnrolPasskey(ctx context.Context, step, browser string, caller Caller) (passkey.Question, error) {
	_, a, err := s.enrolStep(ctx, step, caller)
	if err != nil {
		return passkey.Question{}, err
	}
	return s.AskNewPasskey(ctx, a.ID, browser, false, caller)
}

// EnrolPasskey is told at AskEnrolPasskey. Refusals: those of AddPasskey, StepGone, StepNeeded.
func (s *Service) EnrolPasskey(ctx context.Context, step string, in PasskeyAnswer, name string) (SignedIn, error) {
	open, a, err := s.enrolStep(ctx, step, in.Caller)
	if err != nil {
		return SignedIn{}, err
	}
	if err := s.AttemptAny(ctx, in.Caller); err != nil {
		return SignedIn{}, err
	}
	k, err := s.addPasskey(ctx, a, in, name)
	if err != nil {
		return SignedIn{}, err
	}
	open.AMR, open.Key, open.Second = passkeyAMR(open.AMR, k.UserVerified), k.ID, true
	return s.enter(ctx, open, a)
}

// enrolStep opens the ticket of a step that a new passkey can finish. Refusals: StepGone, NoMethod.
func (s *Service) enrolStep(ctx context.Context, sealed string, caller Caller) (opening, storage.Account, error) {
	in, a, need, err := s.step(ctx, sealed, caller)
	switch {
	case err != nil:
		return in, a, err
	case need != NeedEnrol:
		return in, a, &Refusal{Kind: StepGone}
	case !slices.Contains(s.offered(), MethodPasskey):
		return in, a, &Refusal{Kind: NoMethod}
	}
	return in, a, nil
}

// freePasskeyName puts a number behind a name that another passkey of the account has.
func (s *Service) freePasskeyName(ctx context.Context, accountID int64, name string) (string, error) {
	keys, err := s.Passkeys(ctx, accountID)
	if err != nil {
		return "", err
	}
	name = strings.TrimSpace(cut(name, maxPasskeyName-4))
	for n, free := 1, name; ; n++ {
		if n > 1 {
			free = name + " " + strconv.Itoa(n)
		}
		if !slices.ContainsFunc(keys, func(k storage.Passkey) bool { return k.Name == free }) {
			return free, nil
		}
	}
}
