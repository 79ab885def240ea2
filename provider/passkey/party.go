package passkey

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
)

// TTL is how long the answer to a question may take.
const TTL = 5 * time.Minute

// MaxAnswer bounds what a browser answers with, in bytes.
const MaxAnswer = 32 << 10

// The reasons for which an answer is not taken. ErrRefused wraps what was wrong, for logs.
var (
	// ErrTicket: the question is not ours, not this browser's, for something else, or too old.
	ErrTicket = errors.New("passkey: no such question")
	// ErrRefused: the answer does not hold.
	ErrRefused = errors.New("passkey: answer refused")
	// ErrUnknown: nobody has that credential. The function that finds owners returns it.
	ErrUnknown = errors.New("passkey: unknown credential")
)

// Vault seals what travels with a page, bound to a purpose and a context.
type Vault interface {
	Seal(purpose, context string, plain []byte) ([]byte, error)
	Open(purpose, context string, sealed []byte) ([]byte, error)
}

// Config is who asks.
type Config struct {
	// ID is the Relying Party ID: the host that people sign in at, or a parent domain of it (§5.1.2).
	ID string
	// Name is shown by some browsers.
	Name string
	// Origins are those that answers may come from, such as https://id.example.com: compared byte by byte.
	Origins []string
}

// Party asks and judges. It is safe for concurrent use.
type Party struct {
	config Config
	lib    *webauthn.WebAuthn
	vault  Vault
	now    func() time.Time
}

// New makes a Party. It refuses an ID that is no domain, and having no origins.
func New(c Config, vault Vault, now func() time.Time) (*Party, error) {
	if vault == nil || now == nil {
		return nil, errors.New("passkey: vault and now are required")
	}
	lib, err := webauthn.New(&webauthn.Config{RPID: c.ID, RPDisplayName: c.Name, RPOrigins: c.Origins, AttestationPreference: protocol.PreferNoAttestation})
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	if c.ID == "" {
		return nil, errors.New("passkey: the ID is required")
	}
	return &Party{config: c, lib: lib, vault: vault, now: now}, nil
}

// ID is the Relying Party ID.
func (p *Party) ID() string { return p.config.ID }

// Origins are those that answers may come from.
func (p *Party) Origins() []string { return slices.Clone(p.config.Origins) }

// User is whose credentials these are.
type User struct {
	// Handle has 1 to 64 bytes and says nothing of the person (§14.6.1).
	Handle []byte
	// Name tells accounts apart; DisplayName is how the person is called.
	Name, DisplayName string
	Keys              []Key
}

// Key is a credential.
type Key struct {
	ID []byte
	// PublicKey is the COSE key.
	PublicKey []byte
	// AAGUID tells the kind of authenticator; 16 bytes, all zero where it does not say.
	AAGUID     []byte
	Transports []string
	SignCount  uint32
	// BackupEligible never changes; BackedUp does (§6.1.3).
	BackupEligible, BackedUp bool
	// UserVerified: the authenticator verified its user when it made or used the credential.
	UserVerified bool
}

// Question is what the browser is given: PublicKey is for PublicKeyCredential.parseRequestOptionsFromJSON or parseCreationOptionsFromJSON (§5.1.8, §5.1.9),
// Ticket comes back with the answer.
type Question struct {
	Ticket    string          `json:"ticket"`
	PublicKey json.RawMessage `json:"publicKey"`
}

// Proof is an answer that holds.
type Proof struct {
	// Key is the credential: as it was made, or, of a signature, with the counter and the backup state that the authenticator now tells.
	Key Key
	// Handle is whose it is.
	Handle []byte
	// UserVerified: the authenticator verified its user, by PIN or body, in this ceremony.
	UserVerified bool
	// Challenge names the question, for making sure that it serves once. It is of no use after Expires.
	Challenge string
	Expires   time.Time
}

// algorithms that keys may have: ES256, RS256 and EdDSA, in order of preference (§5.4).
func algorithms() []protocol.CredentialParameter {
	var out []protocol.CredentialParameter
	for _, alg := range []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgES256, webauthncose.AlgEdDSA, webauthncose.AlgRS256} {
		out = append(out, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: alg})
	}
	return out
}

// The methods below make a User what the library wants.

type subject struct{ user User }

// WebAuthnID implements [webauthn.User].
func (s subject) WebAuthnID() []byte { return s.user.Handle }

// WebAuthnName implements [webauthn.User].
func (s subject) WebAuthnName() string { return s.user.Name }

// WebAuthnDisplayName implements [webauthn.User].
func (s subject) WebAuthnDisplayName() string { return s.user.DisplayName }

// WebAuthnCredentials implements [webauthn.User].
func (s subject) WebAuthnCredentials() []webauthn.Credential {
	var out []webauthn.Credential
	for _, k := range s.user.Keys {
		c := webauthn.Credential{ID: k.ID, PublicKey: k.PublicKey, Authenticator: webauthn.Authenticator{AAGUID: k.AAGUID, SignCount: k.SignCount},
			Flags: webauthn.CredentialFlags{BackupEligible: k.BackupEligible, BackupState: k.BackedUp}}
		for _, t := range k.Transports {
			c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
		}
		out = append(out, c)
	}
	return out
}

func (u User) descriptors() []protocol.CredentialDescriptor {
	var out []protocol.CredentialDescriptor
	for _, c := range (subject{u}).WebAuthnCredentials() {
		out = append(out, c.Descriptor())
	}
	return out
}
