package authorize

import (
	"net/http"
	"net/url"

	"latchkey/provider/oauth"
)

// View is a flow as pages need to know it.
type View struct {
	Request *Request
	// Who is signed in; nil for nobody.
	Who *Person
	// Next is what the dispatcher would do now.
	Next Decision
	// Granted are the scopes of the request, and of its claims, that were granted before.
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
	v := View{Request: q, Who: who, Next: decide(q, who, granted), Granted: q.personal().And(granted.Scopes)}
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

// Decline marks that the person would not prove more than they did; sid is their session, "" where nobody is signed in. What is essential is then refused
// to the client, and what is not goes on without it. Errors: ErrFlow, or a fault.
func (e *Endpoint) Decline(r *http.Request, sealed, sid string) (string, error) {
	q, err := e.unseal(r, sealed)
	if err != nil {
		return "", err
	}
	if q.Declined = sid; sid == "" {
		q.Declined = nobody
	}
	return e.seal(q, e.browser(r))
}
