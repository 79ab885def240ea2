package fetch

import (
	"errors"
	"net/url"
	"strings"
)

// maxURI bounds an address, in bytes.
const maxURI = 2048

// parse checks an address before anything is asked of the network.
func (f *Fetcher) parse(uri string) (*url.URL, error) {
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
	case u.Scheme != "https" && (u.Scheme != "http" || len(f.cfg.Allow) == 0):
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
	return u, nil
}
