package forward

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// Addresses below the issuer's path that proxies ask, by the way in which they say what they ask about.
const (
	// Route is for proxies that send X-Forwarded headers, and hand an answer on to the browser: Traefik, Caddy.
	Route = "/forward-auth"
	// NginxRoute is for nginx, which sends X-Original-URL, and takes 2xx, 401 and 403 alone.
	NginxRoute = Route + "/nginx"
	// EnvoyRoute is for Envoy, which appends the path of the request.
	EnvoyRoute = Route + "/envoy"
)

// Paths on the hosts of applications.
const (
	// SignInRoute begins a sign-in, and returns to its parameter rd.
	SignInRoute = client.ForwardPrefix + "sign-in"
	// CallbackRoute is where the answer comes.
	CallbackRoute = client.ForwardCallback
	// SignOutRoute ends the sign-in at the application, and offers to end that at the issuer.
	SignOutRoute = client.ForwardPrefix + "sign-out"
)

// Apps finds applications by their hosts.
type Apps interface {
	Forwarded(host string) (client.Forwarded, bool)
}

// Store is what sign-ins stand on.
type Store interface {
	Grant(ctx context.Context, key storage.GrantKey, now time.Time) (storage.Grant, error)
	RedeemCode(ctx context.Context, key storage.GrantKey, refresh *storage.Refresh, now time.Time) (storage.Grant, error)
	RevokeGrants(ctx context.Context, scope storage.GrantScope, now time.Time) (int, error)
	Session(ctx context.Context, sid string, now time.Time) (storage.Session, error)
	Account(ctx context.Context, key storage.AccountKey) (storage.Account, error)
}

// People knows what applications are told of a person, and who may use them.
type People interface {
	Subject(c storage.Client, sub string) string
	// Groups are those that the client is told of, AllGroups all.
	Groups(c storage.Client, a storage.Account) []string
	AllGroups(a storage.Account) []string
	Admits(c storage.Client, a storage.Account) bool
}

// Endpoint answers proxies, and signs browsers in to the applications behind them.
type Endpoint struct {
	// Issuer is ours; Path its path, "" for none.
	Issuer, Path string
	// Proxies are those that may ask.
	Proxies serve.Proxies
	Apps    Apps
	Store   Store
	Vault   Vault
	People  People
	Tokens  interface {
		VerifyAccess(raw string) (token.Access, error)
	}
	Live interface {
		Check(ctx context.Context, c token.Access) (token.Standing, error)
	}
	Audit audit.Sink
	Now   func() time.Time
}

// Guest says whether a request may come for a host that is not the issuer's: those of proxies come for that of the application, or by whatever name they know
// us by. path is the issuer's.
func Guest(path string) func(r *http.Request) bool {
	return func(r *http.Request) bool {
		rest, ours := strings.CutPrefix(r.URL.EscapedPath(), path+Route)
		return ours && (rest == "" || rest[0] == '/') || strings.HasPrefix(r.URL.EscapedPath(), client.ForwardPrefix)
	}
}

// Serve answers Traefik and Caddy, Nginx nginx, Envoy Envoy.
func (e *Endpoint) Serve(w http.ResponseWriter, r *http.Request) error {
	return e.answer(w, r, forwarded, false)
}

// Nginx is what [Endpoint.Serve] tells.
func (e *Endpoint) Nginx(w http.ResponseWriter, r *http.Request) error {
	return e.answer(w, r, original, true)
}

// Envoy is what [Endpoint.Serve] tells.
func (e *Endpoint) Envoy(w http.ResponseWriter, r *http.Request) error {
	return e.answer(w, r, appended(e.Path+EnvoyRoute), false)
}

// answer says whether a request may pass. silent: the proxy shows no answer of ours, and makes the redirect itself.
func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request, read dialect, silent bool) error {
	if err := e.trusted(r); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	a, err := read(r)
	if err != nil {
		return &refused{status: http.StatusBadRequest, text: "The proxy did not say clearly what it asks about.", cause: err}
	}
	app, known := e.Apps.Forwarded(a.host)
	if !known {
		return &refused{status: http.StatusForbidden, text: "No application is declared for this host.", cause: errors.New("no application has the host of the request")}
	}
	if strings.HasPrefix(a.uri, client.ForwardPrefix) { // a sign-in there would lead to itself for ever
		return &refused{status: http.StatusForbidden, text: "The proxy has to lead " + client.ForwardPrefix + " to Latchkey without asking.", cause: errors.New("asked about a path of ours")}
	}
	rec := serve.RecordOf(r.Context())
	rec.ClientID = app.Client.ID
	v := judge(app, a)
	switch {
	case v.public:
		e.tell(w.Header(), app, storage.Account{})
		w.WriteHeader(http.StatusOK)
		return nil
	case v.deny:
		return &refused{status: http.StatusForbidden, text: "Nobody may open this address.", cause: errors.New("a rule denies it")}
	}
	who, err := e.person(r, app, a.host)
	switch {
	case errors.Is(err, errNobody) && navigates(r, a.method):
		return e.lead(w, a, silent)
	case errors.Is(err, errNobody), errors.Is(err, errToken):
		return &refused{status: http.StatusUnauthorized, text: "Sign in first.", cause: err}
	case err != nil:
		return err
	}
	rec.AccountID = who.ID
	if !e.may(app, v.rules, who) {
		return &refused{status: http.StatusForbidden, text: "You may not open this address. Sign out to come back as somebody else: " + SignOutRoute, cause: errors.New("no rule names them")}
	}
	if e.user(app, who) == "" {
		return &refused{status: http.StatusForbidden, text: "This application needs a verified e-mail address.", cause: errors.New("nothing stands for the person")}
	}
	e.tell(w.Header(), app, who)
	w.WriteHeader(http.StatusOK)
	return nil
}

// trusted wants a proxy of the operator's: nobody else's word counts about what a browser asks.
func (e *Endpoint) trusted(r *http.Request) error {
	if e.Proxies.Trusts(r) {
		return nil
	}
	return &refused{status: http.StatusForbidden, text: "This address is for proxies.", cause: errors.New("the peer is not in server.trusted_proxies")}
}

// lead sends a browser to sign in, at a path of the application's own host.
func (e *Endpoint) lead(w http.ResponseWriter, a asked, silent bool) error {
	to := "https://" + a.host + SignInRoute + "?rd=" + url.QueryEscape(returnPath(a.uri, a.host))
	w.Header().Set("Location", to)
	status := http.StatusFound
	if silent { // nginx makes the redirect of it
		status = http.StatusUnauthorized
	}
	w.WriteHeader(status)
	return nil
}

// navigates says whether a person opens an address in a window, so that a sign-in can begin there. Whatever a script or a frame fetches could not show it.
func navigates(r *http.Request, method string) bool {
	h := r.Header
	switch {
	case method != http.MethodGet && method != http.MethodHead:
		return false
	case h.Get("X-Requested-With") != "" || h.Get("Upgrade") != "":
		return false
	case h.Get("Sec-Fetch-Mode") != "": // Fetch Metadata
		return h.Get("Sec-Fetch-Mode") == "navigate" && (h.Get("Sec-Fetch-Dest") == "" || h.Get("Sec-Fetch-Dest") == "document")
	}
	return strings.Contains(strings.ToLower(h.Get("Accept")), "text/html")
}
