package oauth

import (
	"encoding/base64"
	"errors"
	"strings"
)

// DecodeBase64 decodes base64url without padding in its one canonical form (RFC 7515 §2, RFC 4648 §3.5): encoding/base64 alone would skip
// line breaks, so that one thing had many spellings.
func DecodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("a line break in base64url")
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}
