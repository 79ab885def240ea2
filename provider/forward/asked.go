package forward

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Bounds of what a proxy says of a request, in bytes.
const (
	maxHost   = 255
	maxMethod = 32
	maxURI    = 8 << 10
)

// asked is the request that a proxy asks about.
type asked struct {
	method, host string
	// uri is path and query, as the browser sent them.
	uri string
}

// path is the path alone, as the browser sent it.
func (a asked) path() string {
	path, _, _ := strings.Cut(a.uri, "?")
	return path
}

// dialect reads what one kind of proxy says. The operator chooses it by the address that the proxy asks, and it reads no header of another: a browser could
// have sent that one.
type dialect func(r *http.Request) (asked, error)

// forwarded is the dialect of proxies that name the request in X-Forwarded headers: Traefik, Caddy.
func forwarded(r *http.Request) (asked, error) {
	var a asked
	var scheme string
	for _, h := range []struct {
		name string
		to   *string
	}{{"X-Forwarded-Method", &a.method}, {"X-Forwarded-Proto", &scheme}, {"X-Forwarded-Host", &a.host}, {"X-Forwarded-Uri", &a.uri}} {
		v, err := single(r.Header, h.name)
		if err != nil {
			return asked{}, err
		}
		*h.to = v
	}
	return a.checked(scheme)
}

// original is the dialect of nginx, which names the request in X-Original-URL and X-Original-Method.
func original(r *http.Request) (asked, error) {
	method, err := single(r.Header, "X-Original-Method")
	if err != nil {
		return asked{}, err
	}
	address, err := single(r.Header, "X-Original-Url")
	if err != nil {
		return asked{}, err
	}
	scheme, rest, found := strings.Cut(address, "://")
	slash := strings.IndexByte(rest, '/')
	if !found || slash < 0 {
		return asked{}, errors.New("X-Original-URL is no address with a path")
	}
	return asked{method: method, host: rest[:slash], uri: rest[slash:]}.checked(scheme)
}

// appended is the dialect of Envoy, which asks with the request's own method and Host, and its path behind a prefix.
func appended(prefix string) dialect {
	return func(r *http.Request) (asked, error) {
		uri, found := strings.CutPrefix(r.URL.RequestURI(), prefix)
		if !found {
			return asked{}, errors.New("the path does not begin with " + prefix)
		}
		scheme := "https"
		if len(r.Header.Values("X-Forwarded-Proto")) > 0 {
			var err error
			if scheme, err = single(r.Header, "X-Forwarded-Proto"); err != nil {
				return asked{}, err
			}
		}
		return asked{method: r.Method, host: r.Host, uri: uri}.checked(scheme)
	}
}

// single reads a header that must be there once, with one value: of several we cannot know which the proxy wrote.
func single(h http.Header, name string) (string, error) {
	all := h.Values(name)
	if len(all) != 1 || all[0] == "" {
		return "", errors.New(name + " is not there once")
	}
	if name != "X-Forwarded-Uri" && name != "X-Original-Url" && strings.ContainsAny(all[0], ", ") { // a path may have a comma
		return "", errors.New(name + " has several values")
	}
	return all[0], nil
}

// checked says what is wrong with it, and brings the host into the form in which applications are declared.
func (a asked) checked(scheme string) (asked, error) {
	if scheme != "https" && scheme != "wss" {
		return asked{}, errors.New("the request did not come over https")
	}
	if a.method == "" || len(a.method) > maxMethod || strings.Trim(a.method, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") != "" {
		return asked{}, errors.New("the method is none")
	}
	host, err := canonicalHost(a.host)
	if err != nil {
		return asked{}, err
	}
	if len(a.uri) > maxURI || !strings.HasPrefix(a.uri, "/") || strings.ContainsFunc(a.uri, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '#' }) {
		return asked{}, errors.New("the path is none")
	}
	a.host = host
	return a, nil
}

// canonicalHost is a host as browsers send it: in lower case, without the port of https.
func canonicalHost(host string) (string, error) {
	if host == "" || len(host) > maxHost || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-_.:[]") != "" {
		return "", errors.New("the host is none")
	}
	if u, err := url.Parse("https://" + host + "/"); err != nil || u.Host != host {
		return "", errors.New("the host is none")
	}
	return strings.TrimSuffix(strings.ToLower(host), ":443"), nil
}
