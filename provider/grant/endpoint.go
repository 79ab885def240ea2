package grant

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// Request is an authenticated token request.
type Request struct {
	// Client is shared with the tokens that come of it, and changed by nobody.
	Client *storage.Client
	Form   oauth.Form
	Now    time.Time
	// Known are the scopes of each resource that is declared.
	Known map[string][]string
	// Admits tells whether a person may use a client; nil: everybody may.
	Admits func(c storage.Client, a storage.Account) bool
}

// Exchanger is one grant.
type Exchanger interface {
	// GrantType is the value of grant_type.
	GrantType() string
	// Exchange checks the request, and yields what was proved. It stands once take has returned nil; where take is nil it stands already.
	// Errors of both: *oauth.Error, or a fault.
	Exchange(ctx context.Context, r *Request) (a *token.Authorization, take Taking, err error)
}

// ClientAuthenticator decides which client sent a request.
type ClientAuthenticator interface {
	Authenticate(ctx context.Context, r *http.Request, f oauth.Form) (storage.Client, error)
}

// TokenIssuer turns an authorization into tokens.
type TokenIssuer interface {
	Issue(ctx context.Context, a *token.Authorization) (*token.Answer, error)
	// Ready says whether tokens can be signed for the client now. Errors: [token.ErrNotYet].
	Ready(c storage.Client) error
}

// Endpoint is the token endpoint (RFC 6749 §3.2).
type Endpoint struct {
	Clients    ClientAuthenticator
	Exchangers []Exchanger
	Issuer     TokenIssuer
	// Resources are the scopes that each declared resource server knows, by its URI: a token for it bears no others (RFC 8707 §2.2).
	Resources map[string][]string
	// Admits tells whether a person may use a client, whatever was granted; nil: everybody may.
	Admits func(c storage.Client, a storage.Account) bool
	Audit  audit.Sink
	Now    func() time.Time
}

// GrantTypes lists the grants served, for discovery.
func (e *Endpoint) GrantTypes() []string {
	var out []string
	for _, x := range e.Exchangers {
		out = append(out, x.GrantType())
	}
	return out
}

// Serve handles a token request.
func (e *Endpoint) Serve(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	rec := serve.RecordOf(ctx)
	form, err := oauth.PostForm(r)
	if err != nil {
		return err
	}
	rec.GrantType = e.word(form.Get("grant_type")) // refusals of clients are counted with it
	c, err := e.Clients.Authenticate(ctx, r, form)
	if err != nil {
		return err
	}
	rec.ClientID = c.ID
	x, err := e.choose(form.Get("grant_type"), c)
	if err != nil {
		return err
	}
	if err := e.Issuer.Ready(c); err != nil {
		return &serve.Unavailable{Cause: err}
	}
	a, take, err := x.Exchange(ctx, &Request{Client: &c, Form: form, Now: e.Now(), Known: e.Resources, Admits: e.Admits})
	if err != nil {
		return err
	}
	rec.AccountID = a.Account.ID
	a.Scopes = a.Scopes.For(a.Resources, e.Resources, token.StandardScopes())
	if err := ceiling(a); err != nil {
		return err
	}
	ans, err := e.issue(ctx, a, take)
	if err != nil {
		return err
	}
	e.Audit.Record(ctx, audit.Event{Name: audit.TokenIssued, Time: e.Now(), AccountID: a.Account.ID, ClientID: c.ID, SID: a.Grant.SID,
		GrantID: a.Grant.ID, Address: rec.Address, RequestID: rec.ID, Detail: x.GrantType()})
	body, err := ans.Encode()
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header()["Pragma"] = noCache // RFC 6749 §5.1
	serve.WriteJSONBytes(w, http.StatusOK, body)
	return nil
}

// noCache is shared, and changed by nobody.
var noCache = []string{"no-cache"}

// word is a grant as a metric label: one that is served, or "other".
func (e *Endpoint) word(grantType string) string {
	for _, x := range e.Exchangers {
		if x.GrantType() == grantType {
			return grantType
		}
	}
	return "other"
}

func (e *Endpoint) choose(grantType string, c storage.Client) (Exchanger, error) {
	if grantType == "" {
		return nil, oauth.E(oauth.InvalidRequest, "grant_type is missing") // RFC 6749 §5.2
	}
	for _, x := range e.Exchangers {
		if x.GrantType() != grantType {
			continue
		}
		if !Allowed(c, grantType) {
			return nil, oauth.E(oauth.UnauthorizedClient, "this client may not use this grant_type") // RFC 6749 §5.2
		}
		return x, nil
	}
	return nil, oauth.E(oauth.UnsupportedGrantType, "grant_type is not supported")
}

// Allowed tells whether a client may use a grant; one that registered none may use authorization_code (RFC 7591 §2).
func Allowed(c storage.Client, grantType string) bool {
	if len(c.GrantTypes) == 0 {
		return grantType == CodeType
	}
	return slices.Contains(c.GrantTypes, grantType)
}

// ceiling holds every token to what its grant and its client may have, whatever the grant's own code did.
func ceiling(a *token.Authorization) error {
	if !a.Scopes.Within(a.Client.Scopes) || (a.Grant.ID != "" && !a.Scopes.Within(a.Grant.Scopes)) {
		return oauth.E(oauth.InvalidScope, "a scope is not allowed for this client") // RFC 6749 §3.3
	}
	return withinAudiences(a.Resources, *a.Client)
}

// narrow returns the resources that a token request asks for, which must be among those granted; all of them where it asks for none.
// None is one that the client lost since: that is found here, before anything one-time is taken.
// open: any of the client's own may be asked for, since nobody was asked to consent.
func narrow(f oauth.Form, granted []string, open bool, c storage.Client) ([]string, error) {
	asked := f.All("resource")
	for _, res := range asked {
		if err := oauth.CheckResource(res); err != nil {
			return nil, err
		}
		if (len(granted) > 0 || !open) && !slices.Contains(granted, res) {
			return nil, oauth.E(oauth.InvalidTarget, "a resource was not granted") // RFC 8707 §2.2
		}
	}
	if len(asked) == 0 {
		asked = granted
	}
	return asked, withinAudiences(asked, c)
}

// narrow returns the resources that the request asks for, as the function of that name does, and refuses them where none of the scopes is of any of
// them: before anything one-time is taken, for nothing could be done with the token.
func (r *Request) narrow(granted []string, scopes oauth.Scopes, open bool) ([]string, error) {
	asked, err := narrow(r.Form, granted, open, *r.Client)
	if err != nil {
		return nil, err
	}
	if len(scopes) > 0 && len(scopes.For(asked, r.Known, token.StandardScopes())) == 0 {
		return nil, oauth.E(oauth.InvalidTarget, "no scope that was granted is one of the resource") // RFC 8707 §2.2
	}
	return asked, nil
}

func withinAudiences(resources []string, c storage.Client) error {
	for _, res := range resources {
		if !slices.Contains(c.Audiences, res) {
			return oauth.E(oauth.InvalidTarget, "a resource is not allowed for this client") // RFC 8707 §2
		}
	}
	return nil
}
