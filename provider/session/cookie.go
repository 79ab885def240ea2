package session

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"latchkey/storage"
)

// Store is what the package reads and writes.
type Store interface {
	Session(ctx context.Context, sid string, now time.Time) (storage.Session, error)
	TouchSession(ctx context.Context, sid string, change storage.SessionChange, now time.Time) (storage.Session, error)
}

// Cookies turns requests into sessions.
type Cookies struct {
	store  Store
	secure bool
	path   string
	now    func() time.Time
	// watched: browsers get the cookie of Session Management too.
	watched bool
}

// Option changes [Cookies].
type Option func(*Cookies)

// touchEvery bounds how often LastSeenAt is written.
const touchEvery = 10 * time.Minute

// New makes Cookies. secure is whether the issuer is https. path is the issuer's path, "" for the root.
func New(store Store, secure bool, path string, now func() time.Time, opts ...Option) *Cookies {
	if path == "" {
		path = "/"
	}
	c := &Cookies{store: store, secure: secure, path: path, now: now}
	for _, opt := range opts {
		opt(c)
	}
	return c
}

// Name is the cookie's name: with the __Host- prefix wherever the browser would take it.
func (c *Cookies) Name() string { return c.prefix() + "lk_session" }

func (c *Cookies) prefix() string {
	switch {
	case c.secure && c.path == "/":
		return "__Host-"
	case c.secure:
		return "__Secure-"
	}
	return "" // http on loopback, in development
}

// Sent tells whether the request bears a session's cookie, live or not.
func (c *Cookies) Sent(r *http.Request) bool { return len(r.CookiesNamed(c.Name())) > 0 }

// Current returns the live session of the request's cookie. Without one, with one that is broken, and with more than one, ok is false.
// Errors: a fault of the store.
func (c *Cookies) Current(r *http.Request) (s storage.Session, ok bool, err error) {
	all := r.CookiesNamed(c.Name())
	if len(all) != 1 {
		return storage.Session{}, false, nil
	}
	sid, secret, ok := strings.Cut(all[0].Value, ".")
	if !ok || sid == "" || secret == "" || len(sid)+len(secret) > 256 {
		return storage.Session{}, false, nil
	}
	now := c.now()
	s, err = c.store.Session(r.Context(), sid, now)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Session{}, false, nil
	}
	if err != nil {
		return storage.Session{}, false, fmt.Errorf("read session: %w", err)
	}
	if s.SecretHash == "" || subtle.ConstantTimeCompare([]byte(HashSecret(secret)), []byte(s.SecretHash)) != 1 {
		return storage.Session{}, false, nil
	}
	if now.Sub(s.LastSeenAt) > touchEvery {
		touched, err := c.store.TouchSession(r.Context(), sid, storage.SessionChange{LastSeenAt: now}, now)
		if err == nil {
			s = touched
		} // not worth failing the request for
	}
	return s, true, nil
}

// HashSecret is what the store knows of a cookie's secret.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Set gives the browser the cookie of a session.
func (c *Cookies) Set(w http.ResponseWriter, s storage.Session, secret string) {
	k := c.cookie(s.SID + "." + secret)
	if s.Persistent {
		k.Expires = s.ExpiresAt
	}
	http.SetCookie(w, k)
	if c.watched {
		k = c.stateCookie(browserState(s.SID))
		if s.Persistent {
			k.Expires = s.ExpiresAt
		}
		http.SetCookie(w, k)
	}
}

// Clear takes the cookie away.
func (c *Cookies) Clear(w http.ResponseWriter) {
	gone := []*http.Cookie{c.cookie("")}
	if c.watched {
		gone = append(gone, c.stateCookie(""))
	}
	for _, k := range gone {
		k.MaxAge = -1
		http.SetCookie(w, k)
	}
}

func (c *Cookies) cookie(value string) *http.Cookie {
	return &http.Cookie{Name: c.Name(), Value: value, Path: c.path, Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}
