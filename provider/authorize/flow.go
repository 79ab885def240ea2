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
	"latchkey/provider/serve"
	"latchkey/provider/token"
)

// FlowTTL is how long a pending request lives.
const FlowTTL = 30 * time.Minute

// The purposes of sealing: a flow is bound to a browser, a posted request to none.
const (
	flowPurpose   = "authorize flow"
	postedPurpose = "authorize posted"
)

// maxSealed bounds what is opened: maxRequest, sealed and encoded, is well below.
const maxSealed = 12 << 10

// ErrFlow: the flow expired, is broken, or belongs to another browser.
var ErrFlow = errors.New("no such flow in this browser")

// pending is what travels, sealed: the effective request and how it was proved, so that nothing is fetched or verified again. It is judged
// again at every step, so that a client or key that changed meanwhile counts.
type pending struct {
	Form      string    `json:"f"`
	StartedAt time.Time `json:"t"`
	Chosen    string    `json:"c,omitempty"`
	Declined  string    `json:"n,omitempty"`
	Pushed    string    `json:"p,omitempty"`
	Signed    bool      `json:"s,omitempty"`
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
	return e.sealAs(flowPurpose, q, browser)
}

func (e *Endpoint) sealAs(purpose string, q *Request, browser string) (string, error) {
	plain, err := json.Marshal(pending{Form: q.Form.Encode(), StartedAt: q.StartedAt, Chosen: q.Chosen, Declined: q.Declined, Pushed: q.Pushed, Signed: q.Signed})
	if err != nil {
		return "", fmt.Errorf("encode flow: %w", err)
	}
	b, err := e.Vault.Seal(purpose, browser, plain)
	if err != nil {
		return "", fmt.Errorf("seal flow: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// unseal restores a request and judges it again. Errors: ErrFlow, or what the rules say.
func (e *Endpoint) unseal(r *http.Request, sealed string) (*Request, error) {
	browser := e.browser(r)
	if browser == "" {
		return nil, ErrFlow
	}
	q, err := e.unsealAs(flowPurpose, sealed, browser)
	if err != nil {
		return nil, err
	}
	return q, e.judge(r.Context(), q)
}

func (e *Endpoint) unsealAs(purpose, sealed, browser string) (*Request, error) {
	if len(sealed) > maxSealed {
		return nil, ErrFlow
	}
	b, err := oauth.DecodeBase64(sealed)
	if err != nil {
		return nil, ErrFlow
	}
	plain, err := e.Vault.Open(purpose, browser, b)
	if err != nil {
		return nil, ErrFlow
	}
	var p pending
	if err := json.Unmarshal(plain, &p); err != nil {
		return nil, ErrFlow
	}
	if e.Now().Sub(p.StartedAt) >= FlowTTL {
		return nil, ErrFlow
	}
	form, err := oauth.QueryForm(p.Form)
	if err != nil {
		return nil, ErrFlow
	}
	return &Request{Form: form, StartedAt: p.StartedAt, Chosen: p.Chosen, Declined: p.Declined, Pushed: p.Pushed, Signed: p.Signed}, nil
}

// restart takes a request that was posted, maybe from another site, to a GET of our own: cookies with SameSite come with that one alone.
// What is sealed here is bound to no browser, so it is worth no more than the request was: it begins anew when it comes. A pushed request
// goes as it came, by reference, so that it lives no longer for it.
func (e *Endpoint) restart(w http.ResponseWriter, q *Request, sent oauth.Form) error {
	if q.Pushed != "" {
		see(w, e.Path+Route+"?"+url.Values{"client_id": {q.Client.ID}, "request_uri": {sent.Get("request_uri")}}.Encode())
		return nil
	}
	sealed, err := e.sealAs(postedPurpose, q, "")
	if err != nil {
		return err
	}
	see(w, e.Path+ResumeRoute+"?request="+url.QueryEscape(sealed))
	return nil
}

func (e *Endpoint) restarted(w http.ResponseWriter, r *http.Request, sealed string) error {
	q, err := e.unsealAs(postedPurpose, sealed, "")
	if err != nil {
		return e.failed(w, r, nil, err, false)
	}
	q.StartedAt, q.Chosen, q.Declined = e.Now(), "", ""
	if err := e.judge(r.Context(), q); err != nil {
		return e.failed(w, r, q, err, false)
	}
	serve.RecordOf(r.Context()).ClientID = q.Client.ID
	return e.proceed(w, r, q, false)
}
