package main

import (
	"errors"
	"net/http"

	"latchkey/provider/authorize"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/web"
)

// flows shows the dispatcher of /authorize to the pages. The endpoint is set once the provider is assembled, which needs the pages first.
type flows struct{ endpoint *authorize.Endpoint }

var _ web.Flows = (*flows)(nil)

// Open implements [web.Flows].
func (f *flows) Open(r *http.Request, sealed string) (web.Flow, error) {
	v, err := f.endpoint.Open(r, sealed)
	if err != nil {
		return web.Flow{}, ended(err)
	}
	q, c := v.Request, v.Request.Client
	out := web.Flow{
		Sealed: sealed, Client: c, ClientHost: v.Host,
		TwoFactors: q.WantsTwo(), MustTwo: q.MustTwo(), LoginHint: q.LoginHint, UILocales: q.UILocales, GrantedScopes: v.Granted, Resources: q.Resources,
	}
	switch next := v.Next.(type) {
	case authorize.SignIn:
		out.Reauth = next.Reauth && v.Who != nil
		out.ChooseAccount = next.Choose && v.Who != nil
		out.StepUp = next.StepUp
	case authorize.Barred:
		out.Barred = true
	case authorize.Consent:
		out.GrantedScopes = v.Granted.Without(next.Scopes)
		out.Scopes = next.Named()
	}
	return out, nil
}

// Resume implements [web.Flows].
func (f *flows) Resume(sealed string) string { return f.endpoint.ResumePath(sealed) }

// Choose implements [web.Flows].
func (f *flows) Choose(r *http.Request, sealed, sid string) (string, error) {
	again, err := f.endpoint.Choose(r, sealed, sid)
	return again, ended(err)
}

// Decline implements [web.Flows].
func (f *flows) Decline(r *http.Request, sealed, sid string) (string, error) {
	again, err := f.endpoint.Decline(r, sealed, sid)
	return again, ended(err)
}

// Allow implements [web.Flows].
func (f *flows) Allow(r *http.Request, sealed string) error {
	return ended(f.endpoint.Allow(r, sealed))
}

// Deny implements [web.Flows].
func (f *flows) Deny(w http.ResponseWriter, r *http.Request, sealed string) error {
	return f.endpoint.Deny(w, r, sealed)
}

// ended shows a flow that is over as the page that says so; faults go on as they are.
func ended(err error) error {
	_, refused := oauth.AsError(err)
	if refused || errors.Is(err, authorize.ErrFlow) {
		return &serve.ProblemError{Problem: serve.Problem{Status: http.StatusBadRequest, Kind: "expired"}, Cause: err}
	}
	return err
}
