package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
	"latchkey/web/theme"
	"latchkey/web/words"
)

// Site is the pages. It is safe for concurrent use.
type Site struct {
	Deps
	base   string // path of the issuer, without a slash at its end
	host   string
	secure bool
	pages  map[string]*page
	words  *words.Catalogues
	assets *assets
	// broken draws the page of last resort by language, in two halves around the reference, once.
	broken map[string]func() ([2][]byte, error)
	// paths are the pages that there are.
	paths map[string]bool
}

var _ serve.Pages = (*Site)(nil)

// New reads what an operator changes of templates and words, so that what is wrong with them is known at start; ours are read when they are needed, and by tests. Account, Second, Authenticators, RecoveryCodes, Portal, Life, Sessions, Flows,
// Client, Issuer and Now of d are required.
func New(d Deps) (*Site, error) {
	if d.Account == nil || d.Second == nil || d.Authenticators == nil || d.RecoveryCodes == nil || !d.Portal.whole() || d.Life == nil || d.Sessions == nil || d.Flows == nil || d.Client == nil || d.Now == nil {
		return nil, errors.New("web: account, second, authenticators, recovery codes, portal, life, sessions, flows, client and now are required")
	}
	return newSite(d)
}

// newSite is New for who only looks at pages: what they stand on may be missing.
func newSite(d Deps) (*Site, error) {
	u, err := url.Parse(d.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("web: issuer %q is no http or https address", d.Issuer)
	}
	if d.Brand == "" {
		d.Brand = "Latchkey"
	}
	if d.PasswordMin == 0 {
		d.PasswordMin = 8
	}
	if d.ResumeMax == 0 {
		d.ResumeMax = maxResume
	}
	if d.PictureMax == 0 {
		d.PictureMax = maxPicture
	}
	if d.Theme == nil {
		d.Theme = &theme.Theme{}
	}
	s := &Site{Deps: d, base: strings.TrimSuffix(u.EscapedPath(), "/"), host: u.Host, secure: u.Scheme == "https"}
	if s.words, err = words.Load(d.DefaultLocale, d.Theme.Locales); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.assets, err = loadAssets(packed, d.Theme); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.pages, err = s.parse(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s.findPaths()
	if err := s.prepareBroken(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return s, nil
}

// path is the path on the host of a path under the issuer.
func (s *Site) path(p string) string { return s.base + p }

// rel is the request's path under the issuer, whether or not the router took the issuer's path off.
func (s *Site) rel(r *http.Request) string {
	p := r.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(p, s.base); ok && (rest == "" || rest[0] == '/') {
		p = rest
	}
	if p == "" {
		return "/"
	}
	return p
}

// see answers 303 to a path under the issuer.
func (s *Site) see(w http.ResponseWriter, r *http.Request, p string) {
	s.leave(w, r, s.path(p))
}

// resume goes back to the dispatcher of /authorize.
func (s *Site) resume(w http.ResponseWriter, r *http.Request, sealed string) {
	s.leave(w, r, s.Flows.Resume(sealed))
}

func (s *Site) leave(w http.ResponseWriter, r *http.Request, to string) {
	setHeaders(w.Header(), policy{secure: s.secure})
	w.Header().Del("Content-Type")
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // to is a path of ours, see safe.go
}

// now is the time of the request.
func (s *Site) now(r *http.Request) time.Time {
	if t := serve.RecordOf(r.Context()).Start; !t.IsZero() {
		return t
	}
	return s.Now()
}

// caller tells the account package who asks.
func (s *Site) caller(r *http.Request, locale string) account.Caller {
	rec := serve.RecordOf(r.Context())
	return account.Caller{Address: rec.Address, UserAgent: r.UserAgent(), RequestID: rec.ID, Locale: locale}
}

// setCookie keeps value in this browser for age, under path p of the issuer. A negative age takes it away.
func (s *Site) setCookie(w http.ResponseWriter, name, value, p string, age time.Duration) {
	seconds := int(age / time.Second)
	if age < 0 {
		seconds = -1
	}
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(name), Value: value, Path: s.path(p), MaxAge: seconds,
		Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// cookie returns the value, or "" where the browser sent none.
func (s *Site) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *Site) cookieName(name string) string {
	if s.secure {
		return "__Secure-lk_" + name // RFC 6265bis §4.1.3.1
	}
	return "lk_" + name
}

// who is the person of the session, if one is live.
func (s *Site) who(r *http.Request) (storage.Account, storage.Session, bool, error) {
	sess, ok, err := s.Sessions.Current(r)
	if err != nil || !ok {
		return storage.Account{}, storage.Session{}, false, err
	}
	a, err := s.Account.Account(r.Context(), sess.AccountID)
	if isGone(err) {
		return storage.Account{}, storage.Session{}, false, nil
	}
	if err != nil {
		return storage.Account{}, storage.Session{}, false, fmt.Errorf("load account of session: %w", err)
	}
	serve.RecordOf(r.Context()).AccountID = a.ID
	return a, sess, true, nil
}

// login is the name that an account signs in with.
func login(a storage.Account) string {
	if a.Email != "" {
		return a.Email
	}
	return a.Username
}

// called is how a person is called on a page.
func called(a storage.Account) string {
	name := a.FullName
	if name == "" {
		name = strings.TrimSpace(a.FirstName + " " + a.LastName)
	}
	if name == "" {
		name = login(a)
	}
	return words.Plain(name)
}
