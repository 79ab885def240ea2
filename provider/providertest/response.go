package providertest

import (
	"net/url"

	"latchkey/provider/oauth"
)

// Response reads the authorization response that a browser was sent away with, and the way by which it left. It fails the test where there is none,
// or where it left by two ways.
func (p *Page) Response() (url.Values, oauth.ResponseMode) {
	p.b.i.T.Helper()
	if p.Left == nil {
		action, form, ok := p.Form()
		if to, err := url.Parse(action); !ok || err != nil || to.Host == "" {
			p.b.i.T.Fatalf("no response: %d %q %s", p.Status, p.Title(), p.Body)
		}
		return form, oauth.ModeFormPost
	}
	query := p.Left.Query()
	fragment, err := url.ParseQuery(p.Left.EscapedFragment())
	p.b.i.must(err)
	if !fragment.Has("iss") {
		return query, oauth.ModeQuery
	}
	if query.Has("iss") || query.Has("state") || query.Has("error") {
		p.b.i.T.Errorf("a response in query and fragment: %s", p.Left)
	}
	return fragment, oauth.ModeFragment
}
