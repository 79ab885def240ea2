package main

import (
	"errors"
	"net/http"
	"strings"

	"latchkey/provider/authorize"
	"latchkey/provider/oauth"
	"latchkey/web"
)

// flows shows the dispatcher of /authorize to the pages. The endpoint is set once the provider is assembled, which needs the pages first.
type flows struct{ endpoint *authorize.Endpoint }

var _ web.Flows = (*flows)(nil)

// Open implements [web.Flows].
func (f *flows) Open(r *http.Request, sealed string) (web.Flow, error) {
	v, err := f.endpoint.Open(r, sealed)
	if err != nil {
		return web.Flow{}, err
	}
	q, c := v.Request, v.Request.Client
	out := web.Flow{
		Sealed: sealed, ClientID: c.ID, ClientName: c.Name, ClientHost: v.Host, ClientURI: c.URI, PolicyURI: c.PolicyURI, TermURI: c.TOSURI,
		LoginHint: q.LoginHint, UILocales: q.UILocales, Scopes: []string{}, GrantedScopes: v.Granted, Resources: q.Resources,
	}
	if out.ClientName == "" {
		out.ClientName = c.ID
	}
	switch next := v.Next.(type) {
	case authorize.SignIn:
		out.Reauth = next.Reauth && v.Who != nil
		out.ChooseAccount = next.Choose && v.Who != nil
	case authorize.Consent:
		out.GrantedScopes = v.Granted.Without(next.Scopes)
		for _, s := range next.Scopes {
			if !strings.HasPrefix(s, "(") { // the mark of a request without scopes
				out.Scopes = append(out.Scopes, s)
			}
		}
	}
	return out, nil
}

// Resume implements [web.Flows].
func (f *flows) Resume(sealed string) string { return f.endpoint.ResumePath(sealed) }

// Choose implements [web.Flows].
func (f *flows) Choose(r *http.Request, sealed, sid string) (string, error) {
	return f.endpoint.Choose(r, sealed, sid)
}

// Allow implements [web.Flows].
func (f *flows) Allow(r *http.Request, sealed string) error { return f.endpoint.Allow(r, sealed) }

// Deny implements [web.Flows].
func (f *flows) Deny(w http.ResponseWriter, r *http.Request, sealed string) error {
	return f.endpoint.Deny(w, r, sealed)
}

// isFlowError tells a flow that ended from a fault.
func isFlowError(err error) bool {
	_, refused := oauth.AsError(err)
	return refused || errors.Is(err, authorize.ErrFlow)
}
