package web

import (
	"net/url"
	"path"
	"strings"
)

// maxReturn bounds a return path, in bytes.
const maxReturn = 2048

// safePath tells whether s is a plain path (with query) on this host, as every browser reads it: one slash at its start, nothing that
// is a backslash or a control byte or climbs, also after decoding. A browser takes "//x" and "/\x" for another host (WHATWG URL §4.4).
func safePath(s string) bool {
	if !plainPath(s) || len(s) > maxReturn {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return false
	}
	// Twice: a proxy or a second redirect may decode once more.
	once := u.Path
	twice, err := url.PathUnescape(once)
	if err != nil {
		return false
	}
	for _, p := range []string{once, twice} {
		if !plainPath(p) || path.Clean(p) != strings.TrimSuffix(p, "/") && p != "/" {
			return false
		}
	}
	return true
}

func plainPath(s string) bool {
	if s == "" || s[0] != '/' || len(s) > 1 && (s[1] == '/' || s[1] == '\\') {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' || r >= 0x80 && r < 0xa0 || r == 0xfffd })
}

// accountReturn is where to go after signing in: s if it is a page of the account or the question about a device, else "".
func accountReturn(s string) string {
	if !safePath(s) {
		return ""
	}
	p, _, _ := strings.Cut(s, "?")
	if p == deviceAsk || p == "/account" || strings.HasPrefix(p, "/account/") {
		return s
	}
	return ""
}
