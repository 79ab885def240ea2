package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// devTTL is how long a walk through the playground may take.
const devTTL = 15 * time.Minute

// pace is what an application keeps between its request and the answer. It is sealed into a cookie.
type pace struct {
	Verifier string    `json:"v"`
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Scope    string    `json:"o"`
	Prompt   string    `json:"p,omitempty"`
	Claims   string    `json:"c,omitempty"`
	Began    time.Time `json:"t"`
}

// devScopes are those that the playground offers.
var devScopes = []string{"profile", "email", "phone", "address", "groups", "offline_access"}

// DevScopes are the scopes of the playground's client.
func DevScopes() []string { return append([]string{"openid"}, devScopes...) }

type playgroundView struct {
	*frame
	Scopes []choice
	Prompt []choice
	Claims field
}

func (s *Site) devPlayground(w http.ResponseWriter, r *http.Request) error {
	f := s.devFrame(r, "/dev/playground", "dev.playground")
	return s.draw(w, r, http.StatusOK, "portal", "dev_playground", f.playground([]string{"profile", "email"}, "", ""))
}

func (f *frame) playground(scopes []string, prompt, claims string) *playgroundView {
	v := &playgroundView{frame: f}
	for _, name := range devScopes {
		c := choice{Value: name, Label: f.T("dev.scope." + name)}
		for _, on := range scopes {
			c.Current = c.Current || on == name
		}
		v.Scopes = append(v.Scopes, c)
	}
	for _, p := range []string{"", "login", "consent", "none"} {
		v.Prompt = append(v.Prompt, choice{p, f.T("dev.prompt." + p), p == prompt})
	}
	v.Claims = f.put(field{Name: "claims", Label: f.T("dev.claims"), Hint: f.T("dev.claims.hint", "example", idClaim("email")), Value: claims, Autocomplete: "off", Raw: true, Dir: "ltr", Rows: 2, Optional: true, Max: 1024})
	return v
}

// idClaim is a claims parameter that asks for a claim in the ID token (OpenID Connect Core §5.5).
func idClaim(claim string) string { return `{"id_token":{"` + claim + `":null}}` }

// random256 is 256 random bits in base64url (RFC 7636 §4.1).
func random256() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// devStart begins a walk: what the application must remember goes into a cookie.
func (s *Site) devStart(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	k := pace{Verifier: random256(), State: random256()[:22], Nonce: random256()[:22], Scope: "openid", Began: s.now(r), Claims: strings.TrimSpace(form.Get("claims"))}
	for _, name := range devScopes {
		for _, on := range form["scope"] {
			if on == name {
				k.Scope += " " + name
			}
		}
	}
	switch p := form.Get("prompt"); p {
	case "login", "consent", "none":
		k.Prompt = p
	}
	if strings.Contains(k.Scope, "offline_access") && k.Prompt == "" {
		k.Prompt = "consent" // OpenID Connect Core §11
	}
	var object map[string]any
	if k.Claims != "" && (len(k.Claims) > 1024 || json.Unmarshal([]byte(k.Claims), &object) != nil || object == nil) {
		f := s.devFrame(r, "/dev/playground", "dev.playground")
		f.Errors = append(f.Errors, fieldError{"claims", f.T("dev.claims.malformed")})
		return s.draw(w, r, http.StatusUnprocessableEntity, "portal", "dev_playground", f.playground(form["scope"], form.Get("prompt"), form.Get("claims")))
	}
	plain, err := json.Marshal(k)
	if err != nil {
		return err
	}
	sealed, err := s.Dev.Seal(plain)
	if err != nil {
		return err
	}
	s.setCookie(w, "walk", sealed, "/dev", devTTL)
	s.see(w, r, "/dev/request")
	return nil
}

// errNoWalk: this browser began none, or too long ago.
var errNoWalk = errors.New("no walk through the playground")

// walked is the walk of the request's browser.
func (s *Site) walked(r *http.Request) (k pace, err error) {
	sealed := s.cookie(r, "walk")
	if sealed == "" {
		return k, errNoWalk
	}
	plain, err := s.Dev.Open(sealed)
	if err != nil || json.Unmarshal(plain, &k) != nil || s.now(r).Sub(k.Began) > devTTL {
		return pace{}, errNoWalk
	}
	return k, nil
}

type requestView struct {
	*frame
	Endpoint, URL, Verifier string
	Params                  []explained
}

// devRequest shows the authorization request before it is sent (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1).
func (s *Site) devRequest(w http.ResponseWriter, r *http.Request) error {
	k, err := s.walked(r)
	if err != nil {
		s.see(w, r, "/dev/playground")
		return nil
	}
	return s.draw(w, r, http.StatusOK, "portal", "dev_request", s.devFrame(r, "/dev/playground", "dev.request").request(k))
}

func (f *frame) request(k pace) *requestView {
	sum := sha256.Sum256([]byte(k.Verifier))
	v := &requestView{frame: f, Endpoint: f.s.Issuer + "/authorize", Verifier: k.Verifier}
	f.Here = "/dev/playground"
	q := url.Values{}
	for _, p := range [][2]string{
		{"response_type", "code"}, {"client_id", f.s.Dev.ClientID}, {"redirect_uri", f.s.Issuer + DevCallback}, {"scope", k.Scope}, {"state", k.State}, {"nonce", k.Nonce},
		{"code_challenge", base64.RawURLEncoding.EncodeToString(sum[:])}, {"code_challenge_method", "S256"}, {"prompt", k.Prompt}, {"claims", k.Claims},
	} {
		if p[1] != "" {
			q.Set(p[0], p[1])
			v.Params = append(v.Params, explained{p[0], p[1], f.meaning("dev.param." + p[0])})
		}
	}
	v.URL = v.Endpoint + "?" + q.Encode()
	return v
}
