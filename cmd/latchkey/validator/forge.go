package validator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"
)

// Request is what tokens are made of.
type Request struct {
	// As is AsAccess, which "" means, or AsID. Kinds are the names of the kinds; none means all.
	As    string   `json:"as,omitempty"`
	Kinds []string `json:"kinds,omitempty"`
	// Client is `client_id`, Audience `aud` of access tokens, Subject `sub`, Scope `scope`, Nonce that of ID tokens. Where Subject is "" the client acts for
	// itself (RFC 9068 §2.2).
	Client   string `json:"client,omitempty"`
	Audience string `json:"audience,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Scope    string `json:"scope,omitempty"`
	Nonce    string `json:"nonce,omitempty"`
	// Alg signs; Lifetime is in seconds.
	Alg      string `json:"alg,omitempty"`
	Lifetime int64  `json:"lifetime,omitempty"`
	// KeysAt is where a token says that its key is: base URL of the intruder's /jwks.json and /cert.pem.
	KeysAt string `json:"keys_at,omitempty"`
}

// maxLifetime is a day, in seconds.
const maxLifetime = 24 * 60 * 60

// Token is one that was made.
type Token struct {
	Kind
	Token string `json:"token"`
}

// Answer is what [Mint.Make] made.
type Answer struct {
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`
	// Alg signed the good ones.
	Alg    string  `json:"alg"`
	Tokens []Token `json:"tokens"`
	// JWKS and Certificate are the intruder's: what KeysAt must serve, so that a validator which fetches them takes his token.
	JWKS        string `json:"intruder_jwks,omitempty"`
	Certificate string `json:"intruder_certificate,omitempty"`
}

// forge makes the tokens of one request.
type forge struct {
	*Mint
	Request
	at  time.Time
	key *key
}

// object is a JSON object.
type object map[string]any

// Make makes tokens. Errors: ErrRequest.
func (m *Mint) Make(q Request) (Answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &forge{Mint: m, Request: q, at: m.cfg.Now()}
	if err := f.complete(); err != nil {
		return Answer{}, err
	}
	kinds, unknown := find(f.As, q.Kinds)
	if unknown != "" {
		return Answer{}, fmt.Errorf("%w: there is no kind %q", ErrRequest, unknown)
	}
	// The withdrawn key first: withdrawing one publishes another, which what comes after may be signed with.
	if _, err := m.withdrawnOf(f.Alg); err != nil {
		return Answer{}, err
	}
	var err error
	if f.key, err = m.signerOf(f.Alg); err != nil {
		return Answer{}, err
	}
	out := Answer{Issuer: m.cfg.Issuer, Audience: f.audience(), Alg: f.Alg, JWKS: m.intruder.jwks(), Certificate: m.intruder.pem()}
	for _, k := range kinds {
		t, err := k.make(f)
		if err != nil {
			return Answer{}, fmt.Errorf("%s: %w", k.Name, err)
		}
		out.Tokens = append(out.Tokens, Token{Kind: k, Token: t})
	}
	return out, nil
}

// complete checks the request and fills what it leaves open.
func (f *forge) complete() error {
	f.As, f.Client = cmp.Or(f.As, AsAccess), cmp.Or(f.Client, f.cfg.Client)
	f.Audience = cmp.Or(f.Audience, f.cfg.Audience)
	switch f.As {
	case AsAccess:
		f.Alg = cmp.Or(f.Alg, f.cfg.AccessAlg)
	case AsID:
		f.Alg, f.Subject = cmp.Or(f.Alg, "RS256"), cmp.Or(f.Subject, "somebody") // OpenID Connect Core §2
	default:
		return fmt.Errorf("%w: tokens stand for %q or %q", ErrRequest, AsAccess, AsID)
	}
	f.Subject = cmp.Or(f.Subject, f.Client)
	f.KeysAt = cmp.Or(f.KeysAt, "https://intruder.example")
	if f.Lifetime == 0 {
		f.Lifetime = int64(f.cfg.TTL / time.Second)
	}
	if f.Lifetime < 1 || f.Lifetime > maxLifetime {
		return fmt.Errorf("%w: the lifetime must be from one second to a day", ErrRequest)
	}
	return nil
}

// audience is what a validator compares `aud` with.
func (f *forge) audience() string {
	if f.As == AsID {
		return f.Client
	}
	return f.Audience
}

// secs is the time of the request and some seconds.
func (f *forge) secs(d time.Duration) int64 { return f.at.Add(d).Unix() }

// head is the header of a good token.
func (f *forge) head() object {
	typ := "at+jwt" // RFC 9068 §2.1
	if f.As == AsID {
		typ = "JWT"
	}
	return object{"alg": f.Alg, "kid": f.key.kid, "typ": typ}
}

// claims are those of a good token.
func (f *forge) claims() object {
	if f.As == AsID {
		return f.idClaims()
	}
	return f.accessClaims()
}

func (f *forge) accessClaims() object {
	c := object{"iss": f.cfg.Issuer, "sub": f.Subject, "aud": f.Audience, "client_id": f.Client, "iat": f.secs(0), "exp": f.secs(0) + f.Lifetime, "jti": random(16)}
	if f.Scope != "" {
		c["scope"] = f.Scope
	}
	return c
}

func (f *forge) idClaims() object {
	c := object{"iss": f.cfg.Issuer, "sub": f.Subject, "aud": f.Client, "azp": f.Client, "iat": f.secs(0), "exp": f.secs(0) + f.Lifetime, "auth_time": f.secs(-time.Minute)}
	if f.Nonce != "" {
		c["nonce"] = f.Nonce
	}
	return c
}

// with is the object with some members changed, and without those that are nil.
func (o object) with(changes object) object {
	out := object{}
	for _, from := range []object{o, changes} {
		for k, v := range from {
			if out[k] = v; v == nil {
				delete(out, k)
			}
		}
	}
	return out
}

func (o object) json() []byte {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // strings, numbers and lists of them
	}
	return b
}

// signed is a token of that header and those claims with the issuer's signature.
func (f *forge) signed(head, claims object) (string, error) {
	return f.raw(head.json(), claims.json(), f.key)
}

// raw signs whatever the two parts are, by the algorithm of the key.
func (f *forge) raw(head, payload []byte, k *key) (string, error) {
	in := input(head, payload)
	sig, err := k.sign(k.alg, in)
	if err != nil {
		return "", err
	}
	return compact(in, sig), nil
}

// good is a good token.
func (f *forge) good() (string, error) { return f.signed(f.head(), f.claims()) }

// claimed is a good token but for some claims; headed one but for some header parameters.
func claimed(changes func(f *forge) object) func(*forge) (string, error) {
	return func(f *forge) (string, error) { return f.signed(f.head(), f.claims().with(changes(f))) }
}

func headed(changes func(f *forge) object) func(*forge) (string, error) {
	return func(f *forge) (string, error) { return f.signed(f.head().with(changes(f)), f.claims()) }
}

// changed is what becomes of the text of a good token.
func changed(change func(string) string) func(*forge) (string, error) {
	return func(f *forge) (string, error) {
		t, err := f.good()
		return change(t), err
	}
}
