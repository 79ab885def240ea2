package authorize

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// Paths below the issuer's path.
const (
	Route       = "/authorize"
	ResumeRoute = "/authorize/resume"
)

// Store is what the endpoint reads and writes, always for somebody who is signed in.
type Store interface {
	Account(ctx context.Context, key storage.AccountKey) (storage.Account, error)
	Consent(ctx context.Context, accountID int64, clientID string) (storage.Consent, error)
	PutConsent(ctx context.Context, c storage.Consent, now time.Time) error
	CreateGrant(ctx context.Context, g storage.Grant, now time.Time) error
	TouchSession(ctx context.Context, sid string, change storage.SessionChange, now time.Time) (storage.Session, error)
}

// Clients finds clients.
type Clients interface {
	Client(ctx context.Context, id string) (storage.Client, error)
	// Used is told of a client that got an answer.
	Used(ctx context.Context, c storage.Client)
}

// Sessions finds the browser's session.
type Sessions interface {
	Current(r *http.Request) (storage.Session, bool, error)
}

// Tokens makes tokens and knows their lifetimes.
type Tokens interface {
	Issue(ctx context.Context, a *token.Authorization) (*token.Answer, error)
	Ready(c storage.Client) error
	CodeTTL() time.Duration
	AccessTTL(c storage.Client) time.Duration
	RefreshTTL(c storage.Client) time.Duration
}

// Hints knows our own ID tokens, and whom they name.
type Hints interface {
	VerifyIDHint(ctx context.Context, raw string) (token.ID, error)
	HintNames(hint token.ID, c storage.Client, a storage.Account) bool
}

// Pages draws what leaves for a client.
type Pages interface {
	HandOff(w http.ResponseWriter, r *http.Request, target string) error
	FormPost(w http.ResponseWriter, r *http.Request, action string, params []serve.Param) error
}

// Endpoint is the authorization endpoint and its dispatcher.
type Endpoint struct {
	// Issuer is `iss`. Path is the issuer's path, "" for none. Secure is whether it is https.
	Issuer, Path string
	Secure       bool
	// SignInPath, SignUpPath and ConsentPath are the pages' addresses; they take the parameter flow. SignUpPath is "" where nobody can sign up.
	SignInPath, SignUpPath, ConsentPath string
	// ResponseTypes are those that are on, in canonical order; nil means code alone. Of these a client may use what its own list has; what an
	// operator put on a client's list is on for that client in any case.
	ResponseTypes []string
	// ACRs are the authentication context classes that a sign-in here can reach.
	ACRs []string
	// Resources are the scopes that each declared resource server knows, by its URI: a token for it bears no others (RFC 8707 §2.2).
	Resources map[string][]string
	// RequirePAR refuses what was not pushed, of every client (RFC 9126 §5). PushTTL is how long a pushed request may be used; 0 means
	// [DefaultPushTTL].
	RequirePAR bool
	PushTTL    time.Duration

	// Objects verifies request objects; nil: none is taken. Fetch gets those at a request_uri; nil: none is.
	Objects Objects
	Fetch   Fetcher

	// Admits tells whether a person may use a client; nil: everybody may.
	Admits func(c storage.Client, a storage.Account) bool

	// CanStepUp tells whether somebody can prove a second factor beside what the session has; with must, also whether they can set one up. nil: nobody can.
	CanStepUp func(ctx context.Context, a storage.Account, s storage.Session, must bool) (bool, error)

	// SessionState makes session_state (Session Management §2), "" for none. It may be nil.
	SessionState func(r *http.Request, clientID, redirectURI string) string

	Clients       Clients
	Authenticator Authenticator
	Store         Store
	Pushed        Pushed
	Limits        Limits
	Sessions      Sessions
	Tokens        Tokens
	Hints         Hints
	Vault         Vault
	Pages         Pages
	Audit         audit.Sink
	Now           func() time.Time
}

// Serve takes a new request, by GET or POST (OpenID Connect Core §3.1.2.1).
func (e *Endpoint) Serve(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(r)
	if err != nil {
		return err
	}
	q := &Request{Form: form, StartedAt: e.Now()}
	if err := e.resolve(r.Context(), q); err != nil {
		return e.failed(w, r, q, e.channel(r.Context(), q, err), false)
	}
	if err := e.judge(r.Context(), q); err != nil {
		return e.failed(w, r, q, err, false)
	}
	serve.RecordOf(r.Context()).ClientID = q.Client.ID
	if r.Method == http.MethodPost {
		return e.restart(w, q, form)
	}
	return e.proceed(w, r, q, false)
}

// Prompts lists the values of prompt that are served, for discovery: without create where nobody can sign up (Initiating User Registration §4.1).
func (e *Endpoint) Prompts() []string {
	all := oauth.Prompts()
	if e.SignUpPath != "" {
		return all
	}
	return slices.DeleteFunc(all, func(v string) bool { return v == oauth.PromptCreate })
}

// Resume goes on with a pending request after a step in the browser.
func (e *Endpoint) Resume(w http.ResponseWriter, r *http.Request) error {
	if sealed := r.URL.Query().Get("request"); sealed != "" {
		return e.restarted(w, r, sealed)
	}
	q, err := e.unseal(r, r.URL.Query().Get("flow"))
	if err != nil {
		return e.failed(w, r, q, err, true)
	}
	serve.RecordOf(r.Context()).ClientID = q.Client.ID
	return e.proceed(w, r, q, true)
}

// judge runs the rules in order. A failure of the first table is returned as it is; one of the second is an *oauth.Error for the client.
func (e *Endpoint) judge(ctx context.Context, q *Request) error {
	for _, rules := range [][]rule{beforeRedirect, afterRedirect} {
		for _, rule := range rules {
			if err := rule(ctx, e, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// proceed does what comes next.
func (e *Endpoint) proceed(w http.ResponseWriter, r *http.Request, q *Request, posted bool) error {
	if err := e.next(w, r, q, posted); err != nil {
		return e.failed(w, r, q, err, posted)
	}
	return nil
}

// known reads who is signed in and what they allowed this client.
func (e *Endpoint) known(r *http.Request, q *Request) (*Person, storage.Consent, error) {
	ctx := r.Context()
	s, ok, err := e.Sessions.Current(r)
	if err != nil || !ok {
		return nil, storage.Consent{}, err
	}
	a, err := e.Store.Account(ctx, storage.AccountKey{ID: s.AccountID})
	if errors.Is(err, storage.ErrNotFound) || (err == nil && a.Shut()) {
		return nil, storage.Consent{}, nil
	}
	if err != nil {
		return nil, storage.Consent{}, fmt.Errorf("read account: %w", err)
	}
	granted, err := e.Store.Consent(ctx, a.ID, q.Client.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, storage.Consent{}, fmt.Errorf("read consent: %w", err)
	}
	barred := e.Admits != nil && !e.Admits(q.Client, a)
	who := &Person{Session: s, Account: a, Named: e.named(q, a), Barred: barred}
	if e.CanStepUp != nil && q.WantsTwo() && !reached(q, who) {
		if who.Second, err = e.CanStepUp(ctx, a, s, q.MustTwo()); err != nil {
			return nil, storage.Consent{}, err
		}
	}
	return who, granted, nil
}

// named tells whether every hint of the request names the account.
func (e *Endpoint) named(q *Request, a storage.Account) bool {
	return !slices.ContainsFunc(q.Hints, func(h Hint) bool {
		return !slices.ContainsFunc(h.IDs, func(id token.ID) bool { return e.Hints.HintNames(id, h.Client, a) })
	})
}

// next does what decide says.
func (e *Endpoint) next(w http.ResponseWriter, r *http.Request, q *Request, posted bool) error {
	who, granted, err := e.known(r, q)
	if err != nil {
		return err
	}
	switch d := decide(q, who, granted).(type) {
	case SignIn:
		if d.Create {
			return e.redirect(w, r, q, e.SignUpPath)
		}
		return e.redirect(w, r, q, e.SignInPath)
	case Consent:
		return e.redirect(w, r, q, e.ConsentPath)
	case Barred:
		rec := serve.RecordOf(r.Context())
		e.Audit.Record(r.Context(), audit.Event{Name: audit.ClientBarred, Time: e.Now(), AccountID: who.Account.ID, ClientID: q.Client.ID, SID: who.Session.SID,
			Address: rec.Address, RequestID: rec.ID})
		return e.redirect(w, r, q, e.ConsentPath)
	case Refuse:
		return e.refuse(w, r, q, d.Err, posted)
	case Issue:
		return e.issue(w, r, q, who, posted)
	default:
		return fmt.Errorf("decision %T is not handled", d)
	}
}

// redirect goes to a page of ours with the request sealed.
func (e *Endpoint) redirect(w http.ResponseWriter, r *http.Request, q *Request, path string) error {
	sealed, err := e.seal(q, e.bind(w, r))
	if err != nil {
		return err
	}
	see(w, path+"?flow="+url.QueryEscape(sealed))
	return nil
}

// see redirects by GET; not http.Redirect, which would rewrite the address (RFC 9700 §4.12: 303).
func see(w http.ResponseWriter, location string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}
