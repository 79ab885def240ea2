package forward

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
)

// Names of the cookies on an application's host (RFC 6265bis §4.1.3): no other host, and no page over http, can set them.
const (
	cookieName = "__Host-lk_forward"
	bindName   = "__Host-lk_forward_state"
)

// The purposes of sealing: what was sealed for one opens for no other.
const (
	cookiePurpose = "forward cookie"
	statePurpose  = "forward state"
)

const (
	// stateTTL is how long a sign-in may take.
	stateTTL = 30 * time.Minute
	// maxSealed bounds what is opened, in bytes of base64url.
	maxSealed = 4 << 10
	// bindLength is that of the value which binds states to a browser.
	bindLength = 22
)

// Vault seals with authentication.
type Vault interface {
	Seal(purpose, context string, plain []byte) ([]byte, error)
	Open(purpose, context string, sealed []byte) ([]byte, error)
}

// ticket is what the cookie of an application holds.
type ticket struct {
	GrantID string `json:"g"`
	Expires int64  `json:"e"`
}

// state is what travels through a sign-in.
type state struct {
	Return   string `json:"r"`
	Verifier string `json:"v"`
	Started  int64  `json:"t"`
}

// place is what sealed things are bound to: one client at one host.
func place(app client.Forwarded, host string) string { return host + "\x00" + app.Client.ID }

func seal(v Vault, purpose, where string, from any) (string, error) {
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false) // an ampersand of an address would become six bytes
	if err := e.Encode(from); err != nil {
		return "", fmt.Errorf("encode %s: %w", purpose, err)
	}
	raw, err := v.Seal(purpose, where, plain.Bytes())
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", purpose, err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// unseal opens what seal sealed for the same purpose and place, and says whether it could.
func unseal(v Vault, purpose, where, sealed string, to any) bool {
	if sealed == "" || len(sealed) > maxSealed {
		return false
	}
	raw, err := oauth.DecodeBase64(sealed)
	if err != nil {
		return false
	}
	plain, err := v.Open(purpose, where, raw)
	return err == nil && json.Unmarshal(plain, to) == nil
}

// lone is the value of a cookie, "" where it is not there once: one of two was planted.
func lone(r *http.Request, name string) string {
	all := r.CookiesNamed(name)
	if len(all) != 1 {
		return ""
	}
	return all[0].Value
}

func setCookie(w http.ResponseWriter, name, value string, expires time.Time) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", Expires: expires, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func dropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
