package authorize

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"latchkey/provider/fetch"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// Fetcher gets what stands at an address that somebody else named.
type Fetcher interface {
	Get(ctx context.Context, uri, accept string) (fetch.Answer, error)
}

// resolve puts the one effective form in the place of a request that only refers to it; a form that is broken stays, for the rules to say so.
// Errors: a page; an *oauth.Error, for where the request as it came may be answered; or a fault.
func (e *Endpoint) resolve(ctx context.Context, q *Request) error {
	object, uri := q.Form.Get("request"), q.Form.Get("request_uri")
	if q.Form.Check() != nil || (object == "" && uri == "") {
		return nil
	}
	if object != "" && uri != "" {
		return oauth.E(oauth.InvalidRequest, "request and request_uri exclude one another") // OpenID Connect Core §6.1, RFC 9101 §5
	}
	if err := ruleClient(ctx, e, q); err != nil { // RFC 9101 §5, RFC 9126 §4: client_id stands outside
		return err
	}
	if object != "" {
		return e.object(ctx, q, object, false)
	}
	if reference, ok := strings.CutPrefix(uri, pushedPrefix); ok {
		return e.pushed(ctx, q, reference)
	}
	return e.referred(ctx, q, uri)
}

// referred fetches a request object (OpenID Connect Core §6.2, RFC 9101 §5.2). Only what the client registered is fetched, and the fragment,
// which tells versions of it apart, is not sent.
func (e *Endpoint) referred(ctx context.Context, q *Request, uri string) error {
	if e.Objects == nil || e.Fetch == nil {
		return oauth.E(oauth.RequestURINotSupported, "request_uri is not supported") // OpenID Connect Core §3.1.2.6
	}
	bare, _, _ := strings.Cut(uri, "#")
	registered := slices.ContainsFunc(q.Client.RequestURIs, func(reg string) bool {
		reg, _, _ = strings.Cut(reg, "#")
		return reg == bare
	})
	if !registered || !strings.HasPrefix(bare, "https://") { // RFC 9101 §10.4.1: nobody else says what we fetch
		return oauth.E(oauth.InvalidRequestURI, "request_uri is not registered for this client")
	}
	if err := e.limit(ctx, "request_uri", q.Client); err != nil {
		return err
	}
	ans, err := e.Fetch.Get(ctx, bare, "application/oauth-authz-req+jwt, application/jwt")
	if err != nil {
		return oauth.E(oauth.InvalidRequestURI, "request_uri gave no request object").Because(errors.New(fetch.Detail(err)))
	}
	return e.object(ctx, q, strings.TrimSpace(string(ans.Body)), false)
}

// channel finds where an error of a request that could not be resolved may go, by what it says outside. q.RedirectURI stays empty where nowhere:
// then it is a page.
func (e *Endpoint) channel(ctx context.Context, q *Request, cause error) error {
	if _, ok := oauth.AsError(cause); !ok {
		return cause
	}
	for _, rule := range beforeRedirect {
		if err := rule(ctx, e, q); err != nil {
			if _, ok := errors.AsType[*serve.ProblemError](err); ok {
				return cause
			}
			return err
		}
	}
	_ = ruleResponseMode(ctx, e, q) // the cause is of more interest, and the mode is set in any case
	return cause
}

// pushed takes the form that a client pushed. It is not used up by a visit: a page may be loaded twice.
func (e *Endpoint) pushed(ctx context.Context, q *Request, reference string) error {
	if len(reference) > maxReference {
		return errPushed(nil)
	}
	p, err := e.Pushed.PushedRequest(ctx, hashReference(reference), e.Now())
	if errors.Is(err, storage.ErrNotFound) {
		return errPushed(err)
	}
	if err != nil {
		return fmt.Errorf("read pushed request: %w", err)
	}
	if p.ClientID != q.Client.ID { // RFC 9126 §2.2: bound to the client
		return errPushed(errors.New("pushed by another client"))
	}
	form, err := oauth.QueryForm(p.Form)
	if err != nil {
		return fmt.Errorf("read pushed request: %w", err)
	}
	q.Form, q.Pushed, q.Signed = form, p.ID, p.Signed // RFC 9101 §6.3: nothing outside of it counts
	return nil
}

// errPushed is the page for a request_uri of ours that is nobody's, another client's, expired or used (RFC 9126 §4).
func errPushed(cause error) error {
	return &serve.ProblemError{Problem: serve.Problem{Status: http.StatusBadRequest, Kind: "used_up", Code: string(oauth.InvalidRequestURI),
		Description: "request_uri is unknown, expired, used or not for this client"}, Cause: cause}
}
