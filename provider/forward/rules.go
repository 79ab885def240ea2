package forward

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/provider/client"
)

// verdict is what the rules of an application say of a request.
type verdict struct {
	// public: everybody passes. deny: nobody does. Else who is signed in, may use the application, and is among the people of every one of rules.
	public, deny bool
	rules        []client.ForwardRule
}

// judge asks the rules of an application in their order: the first that fits decides. An address that can be read in several ways could mean one thing to
// us and another to the application, so that none of its readings must be refused: it is public for nobody, and every rule counts that may fit.
func judge(app client.Forwarded, a asked) verdict {
	path, plain := plainPath(a.path())
	var all []client.ForwardRule
	for _, r := range app.Rules {
		if r.Hosts != nil && !slices.Contains(r.Hosts, a.host) || !fitsMethod(r.Methods, a.method) {
			continue
		}
		switch {
		case !plain && r.Access == client.AccessPublic:
		case !plain && r.Access == client.AccessDeny:
			return verdict{deny: true}
		case !plain:
			all = append(all, r)
		case fitsPath(r, path):
			return verdict{public: r.Access == client.AccessPublic, deny: r.Access == client.AccessDeny, rules: []client.ForwardRule{r}}
		}
	}
	return verdict{rules: all}
}

// fitsMethod: a rule about GET is about HEAD too (RFC 9110 §9.3.2).
func fitsMethod(methods []string, method string) bool {
	return methods == nil || slices.Contains(methods, method) || method == http.MethodHead && slices.Contains(methods, http.MethodGet)
}

// fitsPath compares a plain path. Many applications take capitals for small letters: what is kept from people is kept in either, what is public in its
// own alone.
func fitsPath(r client.ForwardRule, path string) bool {
	if r.Paths == nil {
		return true
	}
	return slices.ContainsFunc(r.Paths, func(p string) bool {
		if r.Access != client.AccessPublic {
			p, path = strings.ToLower(p), strings.ToLower(path)
		}
		begin, open := strings.CutSuffix(p, "*")
		if !open {
			return path == p
		}
		return strings.HasPrefix(path, begin) || strings.HasSuffix(begin, "/") && path+"/" == begin // what is about /a/* is about /a
	})
}

// plainPath decodes a path, and tells whether it can be read in one way alone: see [client.PlainPath], and no slash is encoded in it.
func plainPath(raw string) (path string, plain bool) {
	path, err := url.PathUnescape(raw)
	if err != nil || !utf8.ValidString(path) || strings.Count(path, "/") != strings.Count(raw, "/") || !client.PlainPath(path) {
		return "", false
	}
	return path, true
}
