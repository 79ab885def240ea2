package passkey

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// MaxID bounds the ID of a credential, in bytes (§7.1 step 25).
const MaxID = 1023

// Create asks for a new credential.
type Create struct {
	// Browser names the browser, and must be hard to guess.
	Browser string
	// For is who it is for; an authenticator that has one of the Keys already makes no other (§5.4 excludeCredentials).
	For User
	// Quiet: the browser may make it without asking, where it just filled the person's password (§5.1.3, conditional mediation).
	Quiet bool
}

// AskCreate makes the question.
func (p *Party) AskCreate(c Create) (Question, error) {
	if len(c.For.Handle) == 0 {
		return Question{}, errors.New("passkey: a user without handle")
	}
	choice := protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
		UserVerification: protocol.VerificationPreferred}
	mediation := protocol.MediationDefault
	if c.Quiet {
		mediation = protocol.MediationConditional
	}
	asked, state, err := p.lib.BeginMediatedRegistration(subject{c.For}, mediation, webauthn.WithAuthenticatorSelection(choice),
		webauthn.WithExclusions(c.For.descriptors()), webauthn.WithCredentialParameters(algorithms()))
	if err != nil {
		return Question{}, fmt.Errorf("begin registration: %w", err)
	}
	return p.question(createCeremony, "", c.Browser, ticket{Challenge: state.Challenge, Handle: c.For.Handle, Quiet: c.Quiet}, asked.Response)
}

// Made judges the answer to a question of AskCreate for the user with that handle (§7.1). Errors: ErrTicket, ErrRefused.
func (p *Party) Made(browser, sealed string, handle, answer []byte) (Proof, error) {
	t, err := p.unseal(createCeremony, "", browser, sealed)
	if err != nil {
		return Proof{}, err
	}
	if !bytes.Equal(t.Handle, handle) {
		return Proof{}, ErrTicket // somebody else signed in meanwhile
	}
	if len(answer) > MaxAnswer {
		return Proof{}, fmt.Errorf("%w: %d bytes", ErrRefused, len(answer))
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Proof{}, refused(err)
	}
	if err := p.fromUs(parsed.Response.CollectedClientData.Origin); err != nil {
		return Proof{}, err
	}
	if len(parsed.RawID) > MaxID {
		return Proof{}, fmt.Errorf("%w: an ID of %d bytes", ErrRefused, len(parsed.RawID))
	}
	state := webauthn.SessionData{Challenge: t.Challenge, RelyingPartyID: p.config.ID, UserID: t.Handle, CredParams: algorithms()}
	if t.Quiet {
		state.Mediation = protocol.MediationConditional // nobody touched anything: no user presence is asked for (§7.1 step 15)
	}
	made, err := p.lib.CreateCredential(subject{User{Handle: t.Handle}}, state, parsed)
	if err != nil {
		return Proof{}, refused(err)
	}
	return Proof{Key: keyOf(*made), Handle: t.Handle, UserVerified: made.Flags.UserVerified, Challenge: t.Challenge, Expires: t.expires()}, nil
}
