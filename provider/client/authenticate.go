package client

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Method is one way in which a client proves who it is.
type Method interface {
	// Name is the registered name (token_endpoint_auth_method).
	Name() string
	// Claim reads the request: whether it uses this method, for which client_id, with what proof.
	Claim(r *http.Request, f oauth.Form) (Claim, error)
	// Prove checks the proof. Errors: ErrWrong, or a fault.
	Prove(ctx context.Context, c storage.Client, proof string, now time.Time) error
}

// Claim is what a request says of its client.
type Claim struct {
	Used     bool
	ClientID string
	Proof    string
}

// ErrWrong: the proof does not hold.
var ErrWrong = errors.New("wrong client proof")

// Finder finds clients.
type Finder interface {
	Client(ctx context.Context, id string) (storage.Client, error)
	// Used is told of a client that proved itself.
	Used(ctx context.Context, c storage.Client)
}

// Deps is what the methods stand on.
type Deps struct {
	// Slow checks secrets that people chose; nil refuses those.
	Slow SlowVerifier
	// Keys are the clients' own keys; nil: private_key_jwt is not served.
	Keys *Keys
	// Vault opens the secrets of clients; nil: client_secret_jwt is not served.
	Vault Vault
	// Replays remembers assertions; nil: neither of the two is served.
	Replays storage.Replays
	// Audiences are the values of an assertion's aud that mean us: the issuer, and, where older clients are to be served, the addresses of the
	// endpoints that authenticate clients (RFC 7523 §3, RFC 9126 §2). One of them must be there.
	Audiences []string
	// Federation lets other issuers vouch for clients; the zero value trusts none.
	Federation Federation
	Now        func() time.Time
}

// Authenticator decides which client sent a request.
type Authenticator struct {
	finder  Finder
	methods []Method
	algs    []string
	now     func() time.Time
	secrets *secrets
	// onFailure is told of a known client whose proof was wrong.
	onFailure func(ctx context.Context, c storage.Client)
}

// NewAuthenticator makes one with every method that d has what it needs for.
func NewAuthenticator(finder Finder, d Deps) *Authenticator {
	s := newSecrets(d.Slow)
	a := &Authenticator{finder: finder, methods: []Method{basic{s}, post{s}}, secrets: s, now: d.Now}
	judge := &assertions{replays: d.Replays, audiences: d.Audiences}
	if d.Replays != nil && d.Vault != nil {
		a.methods, a.algs = append(a.methods, secretAssertion{judge, d.Vault}), append(a.algs, AssertionMACs()...)
	}
	if d.Replays != nil && d.Keys != nil {
		a.methods, a.algs = append(a.methods, keyAssertion{judge, d.Keys, &federated{d.Federation, d.Keys, d.Audiences}}), append(a.algs, AcceptedAlgs()...)
	}
	a.methods = append(a.methods, none{})
	return a
}

// AssertionAlgs lists the algorithms of assertions that are served, for discovery (token_endpoint_auth_signing_alg_values_supported); nil if none
// are.
func (a *Authenticator) AssertionAlgs() []string { return slices.Clone(a.algs) }

// OnFailure makes f be told of every known client whose proof was wrong. It is for the assembly, before the first request.
func (a *Authenticator) OnFailure(f func(ctx context.Context, c storage.Client)) { a.onFailure = f }

func (a *Authenticator) failed(ctx context.Context, c storage.Client) {
	if a.onFailure != nil {
		a.onFailure(ctx, c)
	}
}

// Methods lists the names of the methods served, for discovery.
func (a *Authenticator) Methods() []string {
	var out []string
	for _, m := range a.methods {
		out = append(out, m.Name())
	}
	return out
}

// errInvalidClient is the one answer for every failure, so that a client cannot be guessed.
func errInvalidClient() *oauth.Error {
	return oauth.E(oauth.InvalidClient, "client authentication failed")
}

// Authenticate returns the client of the request. Errors: *oauth.Error with InvalidClient or InvalidRequest, or a fault.
func (a *Authenticator) Authenticate(ctx context.Context, r *http.Request, f oauth.Form) (storage.Client, error) {
	method, claim, err := a.claim(r, f)
	if err != nil {
		return storage.Client{}, err
	}
	c, err := a.finder.Client(ctx, claim.ClientID)
	if errors.Is(err, ErrUnknown) {
		_ = method.Prove(ctx, decoy, claim.Proof, a.now()) // the same work as for a known client
		return storage.Client{}, errInvalidClient()
	}
	if err != nil {
		return storage.Client{}, err
	}
	if !registered(c, method.Name()) {
		_ = method.Prove(ctx, decoy, claim.Proof, a.now())
		a.failed(ctx, c)
		return storage.Client{}, errInvalidClient().Because(errors.New("method " + method.Name() + " is not the registered one"))
	}
	switch err := method.Prove(ctx, c, claim.Proof, a.now()); {
	case errors.Is(err, ErrWrong):
		a.failed(ctx, c)
		return storage.Client{}, errInvalidClient().Because(err)
	case err != nil:
		return storage.Client{}, err
	}
	a.finder.Used(ctx, c)
	return c, nil
}

// claim finds the one method that the request uses (RFC 6749 §2.3: at most one).
func (a *Authenticator) claim(r *http.Request, f oauth.Form) (Method, Claim, error) {
	var method Method
	var claim Claim
	for _, m := range a.methods {
		c, err := m.Claim(r, f)
		if err != nil {
			return nil, Claim{}, err
		}
		if !c.Used {
			continue
		}
		if method != nil {
			return nil, Claim{}, oauth.E(oauth.InvalidRequest, "more than one client authentication method")
		}
		method, claim = m, c
	}
	if method == nil {
		return nil, Claim{}, errInvalidClient()
	}
	if id := f.Get("client_id"); id != "" && id != claim.ClientID {
		return nil, Claim{}, oauth.E(oauth.InvalidRequest, "client_id differs from the authenticated client")
	}
	return method, claim, nil
}

// registered tells whether the client may use the method. A client that registered none may send its secret either way.
func registered(c storage.Client, method string) bool {
	if c.AuthMethod == "" {
		return len(c.Secrets) > 0 && (method == BasicMethod || method == PostMethod)
	}
	return c.AuthMethod == method
}

// Anybodys tells whether anybody could speak as the client: it proves nothing, or it made itself. What it makes us write or fetch is to be bounded by
// the address that it comes from.
func Anybodys(c storage.Client) bool { return c.AuthMethod == NoneMethod || c.Registered }
