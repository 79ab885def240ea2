package forward

import (
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
	case strings.HasPrefix(rd, client.ForwardPrefix): // a sign-in that returns to a sign-in has no end
		return "/"
	}
	return rd
}
