package endpoint

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"latchkey/provider/token"
)

// introspectionMedia is the media type of introspection as JWT (RFC 9701 §5).
const introspectionMedia = "application/" + token.IntrospectionType

// prefersJWT tells whether a client asks for introspection as JWT: it names that type, and likes it no less than JSON (RFC 9701 §4, RFC 9110
// §12.5.1). A wildcard alone does not ask for it; where neither is acceptable it gets JSON, like everybody who says nothing.
func prefersJWT(accept []string) bool {
	if len(accept) == 0 {
		return false
	}
	var jwt, plain float64
	specific := -1 // how closely the range that counted for JSON fits
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if s, given := params["q"]; given {
			if q, err = strconv.ParseFloat(s, 64); err != nil || !(q >= 0 && q <= 1) { // RFC 9110 §12.4.2
				continue
			}
		}
		if media == introspectionMedia {
			jwt = q
		}
		for closeness, rng := range []string{"*/*", "application/*", "application/json"} {
			if media == rng && closeness > specific {
				plain, specific = q, closeness
			}
		}
	}
	return jwt > 0 && jwt >= plain
}

// writeJWT answers with a JWT as the whole body.
func writeJWT(w http.ResponseWriter, media, jwt string) {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(jwt)))
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, jwt) //nolint:gosec // base64url and dots are no markup; a client that went away is told nothing
}
