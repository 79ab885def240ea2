package web

import (
	"encoding/base64"
	"net/http"
	"time"

	"latchkey/storage"
)

// hintFor is how long a browser keeps the name that its next sign-in is filled with.
const hintFor = 10 * time.Minute

// hint fills the next sign-in of this browser, in which somebody just proved that they are a.
func (s *Site) hint(w http.ResponseWriter, a storage.Account) {
	s.setCookie(w, "hint", base64.RawURLEncoding.EncodeToString([]byte(login(a))), "/login", hintFor)
}

// hinted is the name, "" for none.
func (s *Site) hinted(r *http.Request) string {
	name, err := base64.RawURLEncoding.DecodeString(s.cookie(r, "hint"))
	if err != nil || len(name) > maxLogin {
		return ""
	}
	return string(name)
}

// maxLogin bounds a name, in bytes: an address has at most 254 (RFC 5321 §4.5.3.1.3).
const maxLogin = 254
