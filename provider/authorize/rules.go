package authorize

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
)

// rule checks one thing and fills in what it learnt.
type rule func(ctx context.Context, e *Endpoint, q *Request) error

// beforeRedirect rules prove that the answer may be sent to the client at all: their failures are pages, never redirects (RFC 6749 §4.1.2.1).
var beforeRedirect = []rule{ruleClient, ruleRedirectURI}

// afterRedirect rules check the rest: their failures go to the client.
var afterRedirect = []rule{
	ruleResponseMode, ruleWellFormed, ruleProvenance, ruleUnsupported, ruleReady, ruleResponseType, ruleImplicit, ruleSize, ruleScope, ruleNonce, rulePKCE, rulePrompt, ruleMaxAge,
	ruleResource, ruleIDTokenHint, ruleClaims, ruleACR,
}

func page(kind, description string, cause error) error {
	return &serve.ProblemError{Problem: serve.Problem{Status: http.StatusBadRequest, Kind: kind, Code: string(oauth.InvalidRequest), Description: description}, Cause: cause}
}

func ruleClient(ctx context.Context, e *Endpoint, q *Request) error {
	id := q.Form.Get("client_id")
	if id == "" || q.Form.Repeated("client_id") {
		return page("unknown_client", "client_id is missing or repeated", nil) // RFC 6749 §4.1.1
	}
	c, err := e.Clients.Client(ctx, id)
	if errors.Is(err, client.ErrUnknown) {
		return page("unknown_client", "client_id names no client", err)
	}
	if err != nil {
		return err
	}
	q.Client = c
	return nil
}

// ruleRedirectURI: byte-equal to a registered one (RFC 9700 §2.1); only a native client's loopback port floats (RFC 8252 §7.3). What a stranger
// registered is none of our own addresses: a form that our page posts there would be taken for the person's.
func ruleRedirectURI(_ context.Context, e *Endpoint, q *Request) error {
	if q.Form.Repeated("redirect_uri") {
		return page("redirect_uri", "redirect_uri is repeated", nil)
	}
	uri := q.Form.Get("redirect_uri")
	if uri == "" {
		scopes, _ := oauth.ParseScopes(q.Form.Get("scope"))
		if len(q.Client.RedirectURIs) != 1 || scopes.Has(oauth.OpenID) { // OpenID Connect Core §3.1.2.1: required
			return page("redirect_uri", "redirect_uri is missing", nil)
		}
		uri = q.Client.RedirectURIs[0] // RFC 6749 §3.1.2.3
	}
	native := q.Client.ApplicationType == "native"
	if !slices.ContainsFunc(q.Client.RedirectURIs, func(reg string) bool { return oauth.MatchRedirectURI(reg, uri, native) }) {
		return page("redirect_uri", "redirect_uri is not registered for this client", nil)
	}
	if q.Client.Registered && oauth.Own(e.Issuer, uri) { // RFC 9700 §4.16
		return page("redirect_uri", "redirect_uri is an address of this server", nil)
	}
	q.RedirectURI, q.RedirectURISent = uri, q.Form.Get("redirect_uri") != ""
	return nil
}

// ruleResponseMode finds by which way the answer leaves, also where the rest of the request is broken: what asks for a token, however
// unlikely, never gets an answer by the query.
func ruleResponseMode(_ context.Context, _ *Endpoint, q *Request) error {
	q.Type = oauth.ParseResponseType(strings.Join(q.Form.All("response_type"), " "))
	if !q.Form.Repeated("state") {
		q.State = q.Form.Get("state")
	}
	asked := q.Form.Get("response_mode")
	if q.Form.Repeated("response_mode") { // ruleWellFormed says so, by the default mode
		asked = ""
	}
	var err error
	if q.Mode, err = oauth.ParseResponseMode(asked, q.Type); err != nil {
		return err
	}
	if len(q.Client.ResponseModes) > 0 && !slices.Contains(q.Client.ResponseModes, string(q.Mode)) {
		q.Mode, _ = oauth.ParseResponseMode("", q.Type)
		return oauth.E(oauth.InvalidRequest, "response_mode is not allowed for this client")
	}
	if q.Mode == oauth.ModeFormPost && !strings.HasPrefix(q.RedirectURI, "https://") && !strings.HasPrefix(q.RedirectURI, "http://") { // Form Post Response Mode §2: it is an HTTP request
		q.Mode, _ = oauth.ParseResponseMode("", q.Type)
		return oauth.E(oauth.InvalidRequest, "response_mode form_post needs an http or https redirect_uri")
	}
	return nil
}

func ruleWellFormed(_ context.Context, _ *Endpoint, q *Request) error { return q.Form.Check() }

// ruleProvenance holds a request to the way by which it must come.
func ruleProvenance(_ context.Context, e *Endpoint, q *Request) error {
	// The request of an application behind a proxy is our own: its state is sealed, and PKCE binds its code. A browser carries it, and cannot push.
	if q.Pushed == "" && (e.RequirePAR && q.Client.Forward == nil || q.Client.RequirePAR) {
		return oauth.E(oauth.InvalidRequest, "the request must be pushed") // RFC 9126 §5, §6
	}
	if !q.Signed && q.Client.RequireSignedRequest {
		return oauth.E(oauth.InvalidRequest, "the request must stand in a request object") // RFC 9101 §10.5
	}
	return nil
}

func ruleUnsupported(_ context.Context, _ *Endpoint, q *Request) error {
	if q.Form.Get("registration") != "" {
		return oauth.E(oauth.RegistrationUnsupported, "registration is not supported") // OpenID Connect Core §7.2.1
	}
	return nil
}

// ruleReady: nobody signs in for tokens that cannot be signed yet.
func ruleReady(_ context.Context, e *Endpoint, q *Request) error {
	if err := e.Tokens.Ready(q.Client); err != nil {
		return oauth.E(oauth.TemporarilyUnavailable, "the client's signing algorithm is not in force yet").Because(err) // RFC 6749 §4.1.2.1
	}
	return nil
}

// maxRequest bounds what is carried through the browser while the person signs in.
const maxRequest = 6 << 10

func ruleSize(_ context.Context, _ *Endpoint, q *Request) error {
	if len(q.Form.Encode()) > maxRequest {
		return oauth.E(oauth.InvalidRequest, "the request is too long")
	}
	return nil
}

// ruleScope keeps the scopes that the client may have; others are ignored (RFC 6749 §3.3, OpenID Connect Core §3.1.2.1), and the token
// response says which were granted.
func ruleScope(_ context.Context, _ *Endpoint, q *Request) error {
	asked, err := oauth.ParseScopes(q.Form.Get("scope"))
	if err != nil {
		return err
	}
	q.Asked, q.Scopes = asked, asked.And(q.Client.Scopes)
	if !oauth.Answers(q.Type, "code") || (len(q.Client.GrantTypes) > 0 && !slices.Contains(q.Client.GrantTypes, "refresh_token")) {
		q.Scopes = q.Scopes.Without([]string{oauth.OfflineAccess}) // OpenID Connect Core §11
	}
	if len(q.Scopes) == 0 && len(asked) > 0 {
		return oauth.E(oauth.InvalidScope, "no scope that was asked for is allowed for this client")
	}
	return nil
}

func rulePrompt(_ context.Context, e *Endpoint, q *Request) (err error) {
	q.LoginHint, q.UILocales = q.Form.Get("login_hint"), q.Form.Get("ui_locales")
	if q.Prompt, err = oauth.ParsePrompt(q.Form.Get("prompt")); err != nil {
		return err
	}
	if q.Prompt.Has(oauth.PromptCreate) && e.SignUpPath == "" {
		return oauth.E(oauth.InvalidRequest, "prompt create is not served") // Initiating User Registration §4
	}
	return nil
}

func ruleResource(_ context.Context, e *Endpoint, q *Request) error {
	q.Resources = q.Form.All("resource")
	if len(q.Resources) > oauth.MaxScopes {
		return oauth.E(oauth.InvalidTarget, "too many resources")
	}
	for _, res := range q.Resources {
		if err := oauth.CheckResource(res); err != nil {
			return err
		}
		if !slices.Contains(q.Client.Audiences, res) {
			return oauth.E(oauth.InvalidTarget, "a resource is not allowed for this client") // RFC 8707 §2
		}
	}
	if len(q.Scopes) > 0 && len(q.Scopes.For(q.Resources, e.Resources, token.StandardScopes())) == 0 {
		return oauth.E(oauth.InvalidTarget, "no scope is one of the resource") // RFC 8707 §2.1
	}
	return nil
}
