package authorize

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// resolve puts the one effective form in the place of a request that only refers to it; a form that is broken stays, for the rules to say so.
// Errors: a page; an *oauth.Error, for where the request as it came may be answered; or a fault.
func (e *Endpoint) resolve(ctx context.Context, q *Request) error {
	if q.Form.Check() != nil {
		return nil
	}
	if uri, ok := strings.CutPrefix(q.Form.Get("request_uri"), pushedPrefix); ok && q.Form.Get("request") == "" {
		return e.pushed(ctx, q, uri)
	}
	return nil
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
	if err := ruleClient(ctx, e, q); err != nil { // RFC 9126 §4: client_id stands beside it
		return err
	}
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
	return &serve.ProblemError{Problem: serve.Problem{Status: http.StatusBadRequest, Kind: "expired", Code: string(oauth.InvalidRequestURI),
		Description: "request_uri is unknown, expired, used or not for this client"}, Cause: cause}
}
