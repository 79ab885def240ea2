package fetch

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxURI bounds an address, in bytes.
const maxURI = 2048

// Check says what keeps uri from ever being fetched where allow are the networks of [Config], as far as that shows without asking the network: its
// form, its port, and the host where that is an IP address. A name can lead anywhere, so it is only judged when somebody connects. The error's text
// goes on after "uri", and has nothing of it.
func Check(uri string, allow []netip.Prefix) error {
	u, err := parse(uri, allow)
	if err != nil {
		return err
	}
	secure := u.Scheme == "https"
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		return judge(netip.AddrPortFrom(a, port(u)), secure, allow)
	}
	if len(allow) > 0 { // the name may be of one of these networks, where every port will do
		return nil
	}
	return judgePort(port(u))
}

// Reachable is [Check] for what this fetcher may reach.
func (f *Fetcher) Reachable(uri string) error { return Check(uri, f.cfg.Allow) }

// port is that of an address that was parsed.
func port(u *url.URL) uint16 {
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		return uint16(n)
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// parse checks an address before anything is asked of the network.
func parse(uri string, allow []netip.Prefix) (*url.URL, error) {
	if len(uri) > maxURI {
		return nil, errors.New("is longer than 2048 bytes")
	}
	for i := range len(uri) {
		if c := uri[i]; c <= ' ' || c > '~' || c == '\\' {
			return nil, errors.New("has a character that a URI cannot have")
		}
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return nil, errors.New("is not a URI")
	case u.Scheme != "https" && (u.Scheme != "http" || len(allow) == 0):
		return nil, errors.New("is not https")
	case u.Opaque != "" || u.Hostname() == "":
		return nil, errors.New("has no host")
	case u.User != nil:
		return nil, errors.New("has user information")
	case strings.Contains(uri, "#"):
		return nil, errors.New("has a fragment")
	case strings.Contains(u.Host, "%"):
		return nil, errors.New("has a zone or an encoded host")
	}
	if _, err = strconv.ParseUint(u.Port(), 10, 16); err != nil && u.Port() != "" {
		return nil, errors.New("has a port that cannot be")
	}
	return u, nil
}
