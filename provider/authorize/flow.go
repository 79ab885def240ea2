package authorize

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"latchkey/provider/oauth"
	"latchkey/provider/token"
)

// FlowTTL is how long a pending request lives.
const FlowTTL = 30 * time.Minute

const flowPurpose = "authorize flow"

// ErrFlow: the flow expired, is broken, or belongs to another browser.
var ErrFlow = errors.New("no such flow in this browser")

// pending is what travels, sealed: the request as it was sent. It is judged again at every step, so that a client or key that changed
// meanwhile counts.
type pending struct {
	Form      string    `json:"f"`
	StartedAt time.Time `json:"t"`
	Chosen    string    `json:"c,omitempty"`
}

// Vault seals with authentication.
type Vault interface {
	Seal(purpose, context string, plain []byte) ([]byte, error)
	Open(purpose, context string, sealed []byte) ([]byte, error)
}

// cookieName of the value that binds flows to this browser: a flow is useless without it.
func (e *Endpoint) cookieName() string {
	if e.Secure {
		if e.Path == "" {
			return "__Host-lk_flow"
		}
		return "__Secure-lk_flow"
	}
	return "lk_flow"
}

// browser returns the binding value of the request's browser, "" if it has none.
func (e *Endpoint) browser(r *http.Request) string {
	all := r.CookiesNamed(e.cookieName())
	if len(all) != 1 || len(all[0].Value) != 22 {
		return ""
	}
	return all[0].Value
}

// bind returns the browser's binding value, and gives it one if it has none.
func (e *Endpoint) bind(w http.ResponseWriter, r *http.Request) string {
	if v := e.browser(r); v != "" {
		return v
	}
	v := token.Random(16)
	path := e.Path
	if path == "" {
		path = "/"
	}
	http.SetCookie(w, &http.Cookie{Name: e.cookieName(), Value: v, Path: path, Secure: e.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return v
}

func (e *Endpoint) seal(q *Request, browser string) (string, error) {
	plain, err := json.Marshal(pending{Form: q.Form.Encode(), StartedAt: q.StartedAt, Chosen: q.Chosen})
	if err != nil {
		return "", fmt.Errorf("encode flow: %w", err)
	}
	b, err := e.Vault.Seal(flowPurpose, browser, plain)
	if err != nil {
		return "", fmt.Errorf("seal flow: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// unseal restores a request and judges it again. Errors: ErrFlow, or what the rules say.
func (e *Endpoint) unseal(r *http.Request, sealed string) (*Request, error) {
	browser := e.browser(r)
	if browser == "" || len(sealed) > 16<<10 {
		return nil, ErrFlow
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return nil, ErrFlow
	}
	plain, err := e.Vault.Open(flowPurpose, browser, b)
	if err != nil {
		return nil, ErrFlow
	}
	var p pending
	if err := json.Unmarshal(plain, &p); err != nil {
		return nil, ErrFlow
	}
	if e.Now().Sub(p.StartedAt) > FlowTTL {
		return nil, ErrFlow
	}
	form, err := oauth.QueryForm(p.Form)
	if err != nil {
		return nil, ErrFlow
	}
	q := &Request{Form: form, StartedAt: p.StartedAt, Chosen: p.Chosen}
	return q, e.judge(r.Context(), q)
}

// View is a flow as pages need to know it.
type View struct {
	Request *Request
	// Who is signed in; nil for nobody.
	Who *Person
	// Next is what the dispatcher would do now.
	Next Decision
	// Granted are the scopes of the request that were granted before.
	Granted oauth.Scopes
	// Host that the person returns to.
	Host string
}

// Open shows a flow to a page. Errors: ErrFlow, or a fault.
func (e *Endpoint) Open(r *http.Request, sealed string) (View, error) {
	q, err := e.unseal(r, sealed)
	if err != nil {
		return View{}, err
	}
	who, granted, err := e.known(r, q)
	if err != nil {
		return View{}, err
	}
	v := View{Request: q, Who: who, Next: decide(q, who, granted, e.Now()), Granted: q.Scopes.And(granted.Scopes)}
	if u, err := url.Parse(q.RedirectURI); err == nil {
		v.Host = u.Host
		if v.Host == "" {
			v.Host = u.Scheme
		}
	}
	return v, nil
}

// ResumePath is the dispatcher's address for a flow.
func (e *Endpoint) ResumePath(sealed string) string {
	return e.Path + ResumeRoute + "?flow=" + url.QueryEscape(sealed)
}

// Choose marks that the person goes on with the session sid. Errors: ErrFlow, or a fault.
func (e *Endpoint) Choose(r *http.Request, sealed, sid string) (string, error) {
	q, err := e.unseal(r, sealed)
	if err != nil {
		return "", err
	}
	q.Chosen = sid
	return e.seal(q, e.browser(r))
}
