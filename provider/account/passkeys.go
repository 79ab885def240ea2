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

// Passkeys lists the passkeys of an account, oldest first.
func (s *Service) Passkeys(ctx context.Context, accountID int64) ([]storage.Passkey, error) {
	list, err := s.store.ListPasskeys(ctx, accountID)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	return list, nil
}

// PasskeySignals is what browsers are told of an account's passkeys, so that they offer those that there are and no others (§5.1.10).
type PasskeySignals struct {
	// Party is the Relying Party ID, Handle the user handle as base64url. IDs are the credentials that there are.
	Party, Handle     string
	Name, DisplayName string
	IDs               []string
}

// PasskeySignals tells what browsers may know of the account. Faults only.
func (s *Service) PasskeySignals(ctx context.Context, a storage.Account) (PasskeySignals, error) {
	u, err := s.userOf(ctx, a)
	if err != nil {
		return PasskeySignals{}, err
	}
	out := PasskeySignals{Party: s.passkeys.ID(), Handle: passkeyID(u.Handle), Name: u.Name, DisplayName: u.DisplayName, IDs: []string{}}
	for _, k := range u.Keys {
		out.IDs = append(out.IDs, passkeyID(k.ID))
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
	if err := s.addPasskeyNotice(&with, MailPasskeyAdded, a, in.Caller); err != nil {
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

// RenamePasskey gives it another name. Refusals: Invalid, Gone.
func (s *Service) RenamePasskey(ctx context.Context, accountID int64, id, name string, caller Caller) error {
	name, problem := personName(name, 1, maxPasskeyName)
	if problem != "" {
		return invalid(FieldPasskeyName, problem)
	}
	if _, err := s.store.TouchPasskey(ctx, accountID, id, storage.PasskeyChange{Name: name}, s.now()); err != nil {
		return gone("rename passkey", err)
	}
	s.record(ctx, audit.PasskeyRenamed, caller, audit.Event{AccountID: accountID})
	return nil
}

// RemovePasskey removes it, and tells its owner by mail. Refusals: LastWayIn, Gone.
func (s *Service) RemovePasskey(ctx context.Context, accountID int64, id string, caller Caller) error {
	a, err := s.active(ctx, accountID)
	if err != nil {
		return err
	}
	keys, err := s.Passkeys(ctx, a.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(keys, func(k storage.Passkey) bool { return k.ID == id })
	if i < 0 {
		return &Refusal{Kind: Gone}
	}
	if len(s.waysIn(a, len(keys)-1)) == 0 {
		return &Refusal{Kind: LastWayIn}
	}
	var with storage.Effects
	if err := s.addPasskeyNotice(&with, MailPasskeyRemoved, a, caller); err != nil {
		return err
	}
	if err := s.store.DeletePasskey(ctx, a.ID, id, with, s.now()); err != nil {
		return gone("remove passkey", err)
	}
	if err := s.keepWayIn(ctx, a.ID, keys[i]); err != nil {
		return err
	}
	s.wakeFor(with)
	s.record(ctx, audit.PasskeyRemoved, caller, audit.Event{AccountID: a.ID})
	return nil
}

// keepWayIn brings a passkey back that was just removed, where the other ways in went in the same moment. Refusals: LastWayIn.
func (s *Service) keepWayIn(ctx context.Context, accountID int64, k storage.Passkey) error {
	a, err := s.active(ctx, accountID)
	if err != nil {
		return err
	}
	ways, err := s.WaysIn(ctx, a)
	if err != nil || len(ways) > 0 {
		return err
	}
	if err := s.store.CreatePasskey(ctx, k, storage.Effects{}, s.now()); err != nil && !errors.Is(err, storage.ErrExists) {
		return fmt.Errorf("bring passkey back: %w", err)
	}
	return &Refusal{Kind: LastWayIn}
}
