package oauth

import (
	"errors"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// maxRedirectURI bounds a redirect URI, in bytes.
const maxRedirectURI = 2048

// CheckRedirectURI says whether uri may be registered as a redirect URI; the error is one line for whoever registers it.
//
// Schemes come from an allow-list: https with a host; http for 127.0.0.1, [::1] and localhost (the name is allowed because
// development setups need it, but RFC 8252 §8.3 advises the literals, and only the literals' port floats); and, for native
// clients, private-use schemes in reverse domain form (RFC 8252 §7.1). No fragment (RFC 6749 §3.1.2), userinfo, wildcard,
// dot segment or byte outside of printable ASCII.
func CheckRedirectURI(uri string, native bool) error {
	if uri == "" {
		return errors.New("is empty")
	}
	if len(uri) > maxRedirectURI {
		return errors.New("is longer than 2048 bytes")
	}
	for i := range len(uri) {
		switch c := uri[i]; {
		case c <= ' ' || c > '~' || c == '\\' || c == '"' || c == '<' || c == '>':
			return errors.New("has a character that a URI cannot have")
		case c == '*':
			return errors.New("has a wildcard; redirect URIs are compared byte by byte") // RFC 9700 §4.1.3
		case c == '#':
			return errors.New("has a fragment") // RFC 6749 §3.1.2
		}
	}
	u, err := url.Parse(uri)
	if err != nil {
		return errors.New("is not a URI")
	}
	if !strings.HasPrefix(uri, u.Scheme+":") || u.Scheme == "" {
		return errors.New("needs a scheme, in lower case")
	}
	if u.User != nil {
		return errors.New("has user information")
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == ".." || segment == "." {
			return errors.New("has a dot segment in its path")
		}
	}
	return checkScheme(u, native)
}

func checkScheme(u *url.URL, native bool) error {
	switch {
	case u.Scheme == "https":
		if u.Hostname() == "" || u.Opaque != "" {
			return errors.New("has no host")
		}
		return checkHost(u)
	case u.Scheme == "http":
		switch u.Hostname() {
		case "127.0.0.1", "::1", "localhost":
			return checkHost(u)
		}
		return errors.New("uses http; only loopback addresses may") // RFC 8252 §7.3
	case !strings.Contains(strings.Trim(u.Scheme, "."), "."):
		return errors.New("has a scheme that is neither https nor a reverse domain name such as com.example.app") // RFC 8252 §7.1
	case !native:
		return errors.New("has a private-use scheme; only native applications may") // RFC 8252 §7.1
	}
	return nil
}

// checkHost wants a name or an address as browsers take one (WHATWG URL §3.2), and a port: what else net/url lets through is a word of its own in a
// Content-Security-Policy.
func checkHost(u *url.URL) error {
	name := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		if a, err := netip.ParseAddr(name); err != nil || !a.Is6() || a.Zone() != "" {
			return errors.New("has a host that is no address")
		}
	} else {
		for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
			if label == "" || strings.ContainsFunc(label, notLabel) {
				return errors.New("has a host that is no name")
			}
		}
	}
	if _, err := strconv.ParseUint(u.Port(), 10, 16); err != nil && u.Port() != "" || u.Port() == "0" || strings.HasSuffix(u.Host, ":") {
		return errors.New("has a port that is none")
	}
	return nil
}

func notLabel(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// Own tells whether uri is one of the addresses below the issuer's. A client of somebody else must not have answers sent there: a form that is posted
// from our page to our page looks like the person's own.
func Own(issuer, uri string) bool {
	of, err := url.Parse(issuer)
	if err != nil {
		return false
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != of.Scheme || place(u) != place(of) {
		return false
	}
	below := path.Clean("/" + of.Path)
	at := path.Clean("/" + u.Path)
	return below == "/" || at == below || strings.HasPrefix(at, below+"/")
}

// place is host and port, however they are written.
func place(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")) + " " + port
}

// MatchRedirectURI says whether asked is the registered redirect URI: byte-equal, with one freedom. For a native client the port
// of an http loopback literal may be any (RFC 8252 §7.3); path and query stay byte-equal.
func MatchRedirectURI(registered, asked string, native bool) bool {
	if registered == asked {
		return true
	}
	if !native {
		return false
	}
	hostR, restR, ok := cutLoopback(registered)
	if !ok {
		return false
	}
	hostA, restA, ok := cutLoopback(asked)
	return ok && hostR == hostA && restR == restA
}

// cutLoopback splits an http URI of a loopback literal into the part before the port and the part after it.
func cutLoopback(uri string) (host, rest string, ok bool) {
	for _, host := range [...]string{"http://127.0.0.1", "http://[::1]"} {
		rest, found := strings.CutPrefix(uri, host)
		if !found {
			continue
		}
		if port, found := strings.CutPrefix(rest, ":"); found {
			digits := len(port) - len(strings.TrimLeft(port, "0123456789"))
			if digits == 0 || digits > 5 || port[0] == '0' || (digits == 5 && port[:5] > "65535") {
				return "", "", false
			}
			rest = port[digits:]
		}
		if rest != "" && rest[0] != '/' && rest[0] != '?' {
			return "", "", false
		}
		return host, rest, true
	}
	return "", "", false
}
