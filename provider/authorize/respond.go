package authorize

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"latchkey/provider/oauth"
	"latchkey/provider/serve"
)

// answer sends parameters to the client by the request's response mode, with state (RFC 6749 §4.1.2) and iss (RFC 9207 §2).
// posted tells that the browser came here from a form of ours, whose policy forbids a redirect to another origin.
func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request, q *Request, params []serve.Param, posted bool) error {
	if q.State != "" {
		params = append(params, serve.Param{Name: "state", Value: q.State})
	}
	params = append(params, serve.Param{Name: "iss", Value: e.Issuer})
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if q.Mode == oauth.ModeFormPost {
		return e.Pages.FormPost(w, r, q.RedirectURI, params)
	}
	target := withParams(q.RedirectURI, params, q.Mode)
	if posted && isBrowser(r) {
		return e.Pages.HandOff(w, r, target)
	}
	see(w, target)
	return nil
}

// sessionState is the parameter of that name, in answers to requests of OpenID Connect (Session Management §2).
func (e *Endpoint) sessionState(r *http.Request, q *Request) []serve.Param {
	if e.SessionState == nil || !q.Scopes.Has(oauth.OpenID) {
		return nil
	}
	if v := e.SessionState(r, q.Client.ID, q.RedirectURI); v != "" {
		return []serve.Param{{Name: "session_state", Value: v}}
	}
	return nil
}

// refuse sends an error to the client (RFC 6749 §4.1.2.1). It is an answer, so a pushed request is used up by it.
func (e *Endpoint) refuse(w http.ResponseWriter, r *http.Request, q *Request, oe *oauth.Error, posted bool) error {
	rec := serve.RecordOf(r.Context())
	rec.Outcome, rec.Err = string(oe.Code), oe
	if err := e.settle(r.Context(), q); err != nil {
		return err
	}
	params := []serve.Param{{Name: "error", Value: string(oe.Code)}}
	if oe.Description != "" {
		params = append(params, serve.Param{Name: "error_description", Value: oe.Description})
	}
	if q.Prompt.Has(oauth.PromptNone) { // whoever asks without a page wants to know whether the session changed (Session Management §3.1)
		params = append(params, e.sessionState(r, q)...)
	}
	return e.answer(w, r, q, params, posted)
}

// failed answers a request that did not pass.
func (e *Endpoint) failed(w http.ResponseWriter, r *http.Request, q *Request, err error, posted bool) error {
	if errors.Is(err, ErrFlow) {
		return &serve.ProblemError{Problem: serve.Problem{Status: http.StatusBadRequest, Kind: "expired", Back: e.Path + "/"}, Cause: err}
	}
	if q == nil || q.RedirectURI == "" {
		return err
	}
	oe, ok := oauth.AsError(err)
	if !ok {
		if oe, ok = unseen(q, err); !ok {
			return err
		}
	}
	serve.RecordOf(r.Context()).ClientID = q.Client.ID
	return e.refuse(w, r, q, oe, posted)
}

// unseen is a fault of ours as an error for the client, where no person looks on (RFC 6749 §4.1.2.1). A person gets a page instead, from which the
// same step can be tried again.
func unseen(q *Request, err error) (*oauth.Error, bool) {
	a := serve.Explain(err)
	if a.Status < http.StatusInternalServerError || !q.Prompt.Has(oauth.PromptNone) {
		return nil, false
	}
	return oauth.E(a.Code, a.Description).Because(err), true
}

// withParams adds parameters to a redirect URI; its own query is kept (RFC 6749 §3.1.2).
func withParams(uri string, params []serve.Param, mode oauth.ResponseMode) string {
	var b strings.Builder
	for _, p := range params {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.Name) + "=" + url.QueryEscape(p.Value))
	}
	if mode == oauth.ModeFragment {
		return uri + "#" + b.String()
	}
	switch {
	case !strings.Contains(uri, "?"):
		return uri + "?" + b.String()
	case strings.HasSuffix(uri, "?") || strings.HasSuffix(uri, "&"):
		return uri + b.String()
	}
	return uri + "&" + b.String()
}

// isBrowser tells a browser, which applies form-action to redirects, from a program, which follows Location and no Refresh header.
func isBrowser(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Mode") != "" || strings.HasPrefix(r.UserAgent(), "Mozilla/")
}
