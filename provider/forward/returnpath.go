package forward

import (
	"net/url"
	"path"
	"strings"

	"latchkey/provider/client"
)

// maxReturn bounds where a sign-in returns to, in bytes: it travels, sealed, in addresses.
const maxReturn = 1024

// returnPath is where to return to on a host: rd, where it is a path there, or an address of that very host; else the root.
func returnPath(rd, host string) string {
	if rest, whole := strings.CutPrefix(rd, "https://"); whole {
		at := strings.IndexByte(rest, '/')
		if at < 0 {
			return "/"
		}
		if named, err := canonicalHost(rest[:at]); err != nil || named != host {
			return "/"
		}
		rd = rest[at:]
	}
	switch {
	case !strings.HasPrefix(rd, "/") || len(rd) > maxReturn:
		return "/"
	case len(rd) > 1 && (rd[1] == '/' || rd[1] == '\\'): // browsers read another host there
		return "/"
	case strings.ContainsFunc(rd, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '\\' }):
		return "/" // browsers leave some of these out before they look
	case ours(rd): // a sign-in that returns to a sign-in has no end, and one that returns to a sign-out is undone
		return "/"
	}
	return rd
}

// ours: the path leads below [client.ForwardPrefix], maybe once a browser or a proxy has made it plain. Decoded twice, for some do that.
func ours(rd string) bool {
	at := strings.IndexAny(rd, "?#")
	if at < 0 {
		at = len(rd)
	}
	read := rd[:at]
	for range 3 {
		segments := strings.Split(strings.ReplaceAll(read, "\\", "/"), "/")
		for i, s := range segments { // what some servers cut off a segment: parameters
			segments[i], _, _ = strings.Cut(s, ";")
		}
		if strings.HasPrefix(strings.ToLower(path.Clean(strings.Join(segments, "/"))+"/"), client.ForwardPrefix) {
			return true
		}
		next, err := url.PathUnescape(read)
		if err != nil {
			return false
		}
		read = next
	}
	return false
}
