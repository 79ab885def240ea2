package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"

	"latchkey/storage"
)

// Watch gives browsers a second cookie beside the session's: scripts of the check-session frame may read it, and notice by it that
// somebody signed in or out (Session Management §3.2). It changes with the session, but not when the same person proves again who they are.
func Watch() Option { return func(c *Cookies) { c.watched = true } }

// StateName is the name of the cookie that [Watch] adds.
func (c *Cookies) StateName() string { return c.prefix() + "lk_opbs" }

// State is the session_state of an answer to a client (Session Management §2): what the check-session frame will compute for as long as
// the state of this browser stays as it is. "" where nobody watches, and for a redirect URI without a web origin, such as a native
// application's.
//
// It follows the cookie that the browser sent and not the session that was found by it, because that is what the frame will see: a
// frame that could never agree would have the client ask anew for ever.
func (c *Cookies) State(r *http.Request, clientID, redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if !c.watched || err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return ""
	}
	var salt [16]byte
	_, _ = rand.Read(salt[:]) // never fails
	return sessionState(clientID, storage.Origin(u), c.sentState(r), base64.RawURLEncoding.EncodeToString(salt[:]))
}

func (c *Cookies) sentState(r *http.Request) string {
	for _, k := range r.CookiesNamed(c.StateName()) {
		return k.Value // the first, as in the frame
	}
	return ""
}

// sessionState is the salted hash of Session Management §3.2. The frame computes the same.
func sessionState(clientID, origin, state, salt string) string {
	sum := sha256.Sum256([]byte(clientID + " " + origin + " " + state + " " + salt))
	return base64.RawURLEncoding.EncodeToString(sum[:]) + "." + salt
}

// browserState is the value of the cookie of a session: it names nobody (Session Management §3.2).
func browserState(sid string) string {
	sum := sha256.Sum256([]byte("browser state:" + sid))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// stateCookie can be read by scripts, and in frames of other sites: this is what it is for. Browsers take SameSite=None only over https.
func (c *Cookies) stateCookie(value string) *http.Cookie {
	k := &http.Cookie{Name: c.StateName(), Value: value, Path: c.path, Secure: c.secure, SameSite: http.SameSiteNoneMode}
	if !c.secure {
		k.SameSite = http.SameSiteLaxMode
	}
	return k
}
