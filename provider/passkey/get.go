package passkey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Get asks for a signature.
type Get struct {
	// Purpose is what the signature is for: an answer to one is none to another. Browser names the browser, and must be hard to guess.
	Purpose, Browser string
	// From is whose passkey it must be; nil means anybody's, found by what the authenticator knows (§1.2.1 "discoverable").
	From *User
	// Verify: the authenticator must verify its user. Else it is asked to, and [Proof.UserVerified] says whether it did.
	Verify bool
}

// AskGet makes the question.
func (p *Party) AskGet(g Get) (Question, error) {
	uv := protocol.VerificationPreferred
	if g.Verify {
		uv = protocol.VerificationRequired
	}
	opts := []webauthn.LoginOption{webauthn.WithUserVerification(uv)}
	t := ticket{Verify: g.Verify}
	if g.From != nil {
		if len(g.From.Handle) == 0 {
			return Question{}, errors.New("passkey: a user without handle")
		}
		t.Handle = g.From.Handle
		opts = append(opts, webauthn.WithAllowedCredentials(g.From.descriptors()))
	}
	asked, state, err := p.lib.BeginDiscoverableLogin(opts...)
	if err != nil {
		return Question{}, fmt.Errorf("begin assertion: %w", err)
	}
	t.Challenge = state.Challenge
	return p.question(getCeremony, g.Purpose, g.Browser, t, asked.Response)
}

func (p *Party) question(ceremony, purpose, browser string, t ticket, options any) (Question, error) {
	sealed, err := p.seal(ceremony, purpose, browser, t)
	if err != nil {
		return Question{}, err
	}
	raw, err := json.Marshal(options)
	if err != nil {
		return Question{}, fmt.Errorf("encode options: %w", err)
	}
	return Question{Ticket: sealed, PublicKey: raw}, nil
}

// Find returns the owner of a credential, with it among their Keys. handle is nil where the authenticator did not say. Errors: ErrUnknown, or a fault.
type Find func(handle, id []byte) (User, error)

// Got judges the answer to a question of AskGet (§7.2). Whether the counter went up is the caller's to see: it changes with every use.
// Errors: ErrTicket, ErrUnknown, ErrRefused, and faults of find.
func (p *Party) Got(purpose, browser, sealed string, answer []byte, find Find) (Proof, error) {
	t, err := p.unseal(getCeremony, purpose, browser, sealed)
	if err != nil {
		return Proof{}, err
	}
	if len(answer) > MaxAnswer {
		return Proof{}, fmt.Errorf("%w: %d bytes", ErrRefused, len(answer))
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Proof{}, refused(err)
	}
	if err := p.fromUs(parsed.Response.CollectedClientData.Origin); err != nil {
		return Proof{}, err
	}
	handle := parsed.Response.UserHandle
	switch {
	case len(t.Handle) == 0 && len(handle) == 0:
		return Proof{}, fmt.Errorf("%w: no user handle", ErrRefused) // §7.2 step 6
	case len(t.Handle) > 0 && len(handle) > 0 && !bytes.Equal(t.Handle, handle):
		return Proof{}, fmt.Errorf("%w: another user", ErrRefused)
	case len(handle) == 0:
		handle = t.Handle
	}
	user, err := find(handle, parsed.RawID)
	if err != nil {
		return Proof{}, err
	}
	if !bytes.Equal(user.Handle, handle) {
		return Proof{}, fmt.Errorf("%w: another user", ErrRefused) // §7.2 step 6
	}
	state := webauthn.SessionData{Challenge: t.Challenge, RelyingPartyID: p.config.ID, UserID: handle}
	if t.Verify {
		state.UserVerification = protocol.VerificationRequired
	}
	used, err := p.lib.ValidateLogin(subject{user}, state, parsed)
	if err != nil {
		return Proof{}, refused(err)
	}
	// What this signature says, which is not what the library makes of it for the record.
	k, said := keyOf(*used), parsed.Response.AuthenticatorData
	k.SignCount, k.BackedUp, k.UserVerified = said.Counter, said.Flags.HasBackupState(), said.Flags.HasUserVerified()
	return Proof{Key: k, Handle: handle, UserVerified: k.UserVerified, Challenge: t.Challenge, Expires: t.expires()}, nil
}

// refused wraps what the library says. Its details are for logs.
func refused(err error) error {
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		return fmt.Errorf("%w: %s", ErrRefused, e.Details)
	}
	return fmt.Errorf("%w: %w", ErrRefused, err)
}

func keyOf(c webauthn.Credential) Key {
	k := Key{ID: c.ID, PublicKey: c.PublicKey, AAGUID: c.Authenticator.AAGUID, SignCount: c.Authenticator.SignCount,
		BackupEligible: c.Flags.BackupEligible, BackedUp: c.Flags.BackupState, UserVerified: c.Flags.UserVerified}
	for _, t := range c.Transport {
		k.Transports = append(k.Transports, string(t))
	}
	return k
}

// AnswerID is the credential that an answer names, nil where it names none: for telling the browser which one is not known here.
func AnswerID(answer []byte) []byte {
	if len(answer) > MaxAnswer {
		return nil
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil
	}
	return parsed.RawID
}
