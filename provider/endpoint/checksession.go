package endpoint

import (
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"latchkey/provider/serve"
)

// CheckSessionRoute is the check_session_iframe, below the issuer's path.
const CheckSessionRoute = "/session/check"

// checkSessionPage is the OP iframe (Session Management §3.2). It hashes as session.Cookies.State does, over the origin of whoever asks, so
// that a page of a foreign origin hears "changed" whatever it sends. "error" is for what is malformed, and for a browser that keeps the
// cookie from the frame: the client must not ask anew then (Session Management §3.1, §5.1).
//
//go:embed checksession.html
var checkSessionPage string

// checkSessionAge is how long browsers keep the page.
const checkSessionAge = time.Hour

// CheckSession serves the frame by which clients notice that the session changed.
type CheckSession struct {
	page   Document
	shelf  shelf
	policy string
}

// NewCheckSession makes the page for the name of the browser-state cookie.
func NewCheckSession(cookie string) *CheckSession {
	body := strings.Replace(checkSessionPage, "COOKIE", cookie, 1)
	_, script, _ := strings.Cut(body, "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	sum := sha256.Sum256([]byte(script))
	return &CheckSession{
		page: NewDocument([]byte(body), checkSessionAge),
		policy: "default-src 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; " +
			"frame-ancestors *; require-trusted-types-for 'script'; trusted-types 'none'",
	}
}

// Edition implements [serve.Document].
func (e *CheckSession) Edition() serve.Edition { return edition(e.page, e.page.MaxAge) }

// Sent implements [serve.Document].
func (e *CheckSession) Sent() {}

// Serve answers with the page. Any page may frame it, also one that is isolated from other origins.
func (e *CheckSession) Serve(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Security-Policy", e.policy)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	e.shelf.write(w, r, e.page, "text/html; charset=utf-8")
	return nil
}
