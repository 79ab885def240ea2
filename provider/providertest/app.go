package providertest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"latchkey/provider/client"
	"latchkey/storage"
)

// What every [App] has: a verifier of RFC 7636 appendix B with its challenge, and a secret.
const (
	Verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	Challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	Secret    = "a-secret-of-32-characters-or-more."
	Callback  = "https://app.example.test/cb"
	API       = "https://api.example.test"
	OtherAPI  = "https://other-api.example.test"
)

// App is a relying party.
type App struct {
	i *Issuer
	storage.Client
	// Prove proves the client in a request to path, where it is not by [Secret]: it adds to the form, or returns a header. nil: by its method.
	Prove func(path string, form url.Values) http.Header
}

// WebClient is a confidential client that may do everything; change what the test is about.
func WebClient(id string, change ...func(*storage.Client)) storage.Client {
	c := storage.Client{
		ID: id, Name: "App " + id, RedirectURIs: []string{Callback}, PostLogoutRedirectURIs: []string{"https://app.example.test/bye"}, ApplicationType: "web",
		AuthMethod: client.BasicMethod, Secrets: []storage.ClientSecret{{ID: "1", Hash: client.HashSecret(Secret)}},
		GrantTypes: []string{"authorization_code", "refresh_token", "client_credentials"}, ResponseTypes: []string{"code"},
		Scopes: []string{"openid", "profile", "email", "phone", "groups", "offline_access", "read", "write"}, Audiences: []string{API, OtherAPI},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

// Public makes a client a public one.
func Public(c *storage.Client) { c.AuthMethod, c.Secrets = client.NoneMethod, nil }

// App is the application of a declared client.
func (i *Issuer) App(id string) *App {
	i.T.Helper()
	c, err := i.Registry.Client(i.T.Context(), id)
	i.must(err)
	return &App{i: i, Client: c}
}

// Authorize is the address of an authorization request; pairs change its parameters, "" takes one away.
func (a *App) Authorize(pairs ...string) string {
	return "/authorize?" + a.Request(pairs...).Encode()
}

// Request is the parameters of an authorization request.
func (a *App) Request(pairs ...string) url.Values {
	v := Query("client_id", a.ID, "response_type", "code", "redirect_uri", a.RedirectURIs[0], "scope", "openid profile", "state", "st", "nonce", "n-1",
		"code_challenge", Challenge, "code_challenge_method", "S256")
	for n := 0; n+1 < len(pairs); n += 2 {
		v.Set(pairs[n], pairs[n+1])
		if pairs[n+1] == "" {
			v.Del(pairs[n])
		}
	}
	return v
}

// SignIn brings a browser all the way from a request to the code, through whatever pages ask. It fails the test where that ends without one.
func (a *App) SignIn(b *Browser, username string, pairs ...string) (code string) {
	a.i.T.Helper()
	p := b.Through(b.Get(a.Authorize(pairs...)), username)
	if p.Left == nil || p.Left.Query().Get("code") == "" {
		a.i.T.Fatalf("no code: %d %q %s left %v", p.Status, p.Title(), p.Body, p.Left)
	}
	return p.Left.Query().Get("code")
}

// Through answers sign-in, sign-up (as username-new) and consent pages until something else comes.
func (b *Browser) Through(p *Page, username string) *Page {
	b.i.T.Helper()
	for range 3 {
		switch {
		case p.Left != nil || p.Status != http.StatusOK:
			return p
		case strings.HasPrefix(p.Title(), "Sign in") || p.Title() == "Choose":
			p = p.Submit("login", username, "password", Password)
		case p.Title() == "Sign up":
			p = p.Submit("username", username+"-new", "password", Password)
		case strings.HasPrefix(p.Title(), "Consent"):
			p = p.Submit("decision", "allow")
		default:
			return p
		}
	}
	return p
}

// Answer is a response of an endpoint that speaks JSON.
type Answer struct {
	Status int
	Header http.Header
	JSON   map[string]any
	Raw    string
}

// Str is a member of the answer as a string, "" if it is none.
func (a Answer) Str(name string) string { s, _ := a.JSON[name].(string); return s }

// Basic is the Authorization header of client_secret_basic.
func Basic(id, secret string) http.Header {
	raw := url.QueryEscape(id) + ":" + url.QueryEscape(secret)
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(raw))}}
}

// Bearer is the Authorization header of an access token.
func Bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// Call sends a request and reads JSON, where there is some.
func (i *Issuer) Call(method, path string, form url.Values, h http.Header) Answer {
	i.T.Helper()
	res := i.Send(method, path, form, h)
	var raw strings.Builder
	if _, err := copyBody(&raw, res); err != nil {
		i.T.Fatal(err)
	}
	a := Answer{Status: res.StatusCode, Header: res.Header, Raw: raw.String()}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") && raw.Len() > 0 {
		i.must(json.Unmarshal([]byte(a.Raw), &a.JSON))
	}
	return a
}

// Post posts to an endpoint as this client, by its registered method.
func (a *App) Post(path string, pairs ...string) Answer {
	a.i.T.Helper()
	form, h := Query(pairs...), http.Header{}
	switch {
	case a.Prove != nil:
		h = a.Prove(path, form)
	case a.AuthMethod == client.BasicMethod:
		h = Basic(a.ID, Secret)
	case a.AuthMethod == client.PostMethod:
		form.Set("client_id", a.ID)
		form.Set("client_secret", Secret)
	default:
		form.Set("client_id", a.ID)
	}
	return a.i.Call(http.MethodPost, path, form, h)
}

// Redeem exchanges a code; pairs come on top of the usual parameters, "" takes one away.
func (a *App) Redeem(code string, pairs ...string) Answer {
	a.i.T.Helper()
	form := []string{"grant_type", "authorization_code", "code", code, "redirect_uri", a.RedirectURIs[0], "code_verifier", Verifier}
	v := Query(form...)
	for n := 0; n+1 < len(pairs); n += 2 {
		v.Set(pairs[n], pairs[n+1])
		if pairs[n+1] == "" {
			v.Del(pairs[n])
		}
	}
	var flat []string
	for name := range v {
		flat = append(flat, name, v.Get(name))
	}
	return a.Post("/token", flat...)
}

// Refresh exchanges a refresh token.
func (a *App) Refresh(token string, pairs ...string) Answer {
	a.i.T.Helper()
	return a.Post("/token", append([]string{"grant_type", "refresh_token", "refresh_token", token}, pairs...)...)
}

// Userinfo asks for the claims.
func (i *Issuer) Userinfo(access string) Answer {
	i.T.Helper()
	return i.Call(http.MethodGet, "/userinfo", nil, Bearer(access))
}
