package provider

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"latchkey/provider/authorize"
	"latchkey/provider/endpoint"
	"latchkey/provider/register"
	"latchkey/provider/serve"
)

// Route is one row of the route table: what is served, and what discovery says of it.
type Route struct {
	// Method is the HTTP method; GET serves HEAD too.
	Method string
	// Path below the issuer's path, as a gorilla/mux template. With Root it stands at the host's root.
	Path string
	Root bool
	// Prefix: everything below Path is served too.
	Prefix bool
	// Endpoint is the metric label.
	Endpoint string
	Handler  serve.Handler
	Face     serve.Face
	Priority serve.Priority
	// MaxBody in bytes; 0 means the edge's default.
	MaxBody int64
	// Form: it takes forms of browsers, so those of other sites are refused.
	Form bool
	// CORS: pages of the origins that clients registered may call it.
	CORS bool
	// Document is what the handler serves, where that can be prepared; nil where not.
	Document serve.Document
	// Metadata is the discovery member that tells this address, "" for none.
	Metadata string
}

// Paths below the issuer's path that more than the table names.
const (
	tokenRoute      = "/token"
	introspectRoute = "/introspect"
	revokeRoute     = "/revoke"
)

// routes is the protocol's own table.
func (p *Provider) routes() []Route {
	json, page := serve.FaceFunc(serve.JSONFace), serve.PageFace(p.cfg.Pages)
	bearer := serve.FaceFunc(serve.BearerFace)
	path := p.path
	table := []Route{
		{Method: "GET", Path: "/.well-known/openid-configuration", Endpoint: "discovery", Handler: p.discovery.Serve, Document: p.discovery, Face: json, Priority: serve.Vital},
		{Method: "GET", Path: "/.well-known/oauth-authorization-server" + path, Root: true, Endpoint: "discovery", Handler: p.discovery.Serve, Document: p.discovery, Face: json, Priority: serve.Vital}, // RFC 8414 §3
		{Method: "GET", Path: "/jwks.json", Endpoint: "jwks", Handler: p.jwks.Serve, Document: p.jwks, Face: json, Priority: serve.Vital, Metadata: "jwks_uri"},
		{Method: "GET", Path: "/authorize", Endpoint: "authorize", Handler: p.Authorize.Serve, Face: page, Priority: serve.Interactive, Metadata: "authorization_endpoint"},
		{Method: "POST", Path: "/authorize", Endpoint: "authorize", Handler: p.Authorize.Serve, Face: page, Priority: serve.Interactive},
		{Method: "GET", Path: "/authorize/resume", Endpoint: "authorize_resume", Handler: p.Authorize.Resume, Face: page, Priority: serve.Interactive},
		{Method: "POST", Path: authorize.PushRoute, Endpoint: "par", Handler: p.Authorize.Push, Face: json, Priority: serve.Machine, Metadata: "pushed_authorization_request_endpoint"}, // RFC 9126 §5
		{Method: "POST", Path: tokenRoute, CORS: true, Endpoint: "token", Handler: p.token.Serve, Face: json, Priority: serve.Machine, Metadata: "token_endpoint"},
		{Method: "GET", Path: "/userinfo", CORS: true, Endpoint: "userinfo", Handler: p.userinfo.Serve, Face: bearer, Priority: serve.Machine, Metadata: "userinfo_endpoint"},
		{Method: "POST", Path: "/userinfo", CORS: true, Endpoint: "userinfo", Handler: p.userinfo.Serve, Face: bearer, Priority: serve.Machine},
		{Method: "POST", Path: endpoint.DeviceRoute, Endpoint: "device_authorization", Handler: p.device.Serve, Face: json, Priority: serve.Machine, Metadata: "device_authorization_endpoint"},
		{Method: "POST", Path: introspectRoute, Endpoint: "introspect", Handler: p.introspect.Serve, Face: json, Priority: serve.Machine, Metadata: "introspection_endpoint"},
		{Method: "POST", Path: revokeRoute, CORS: true, Endpoint: "revoke", Handler: p.revoke.Serve, Face: json, Priority: serve.Machine, Metadata: "revocation_endpoint"},
		{Method: "GET", Path: endpoint.LogoutRoute, Endpoint: "logout", Handler: p.logout.Serve, Face: page, Priority: serve.Interactive, Metadata: "end_session_endpoint"},
		{Method: "POST", Path: endpoint.LogoutRoute, Endpoint: "logout", Handler: p.logout.Serve, Face: page, Priority: serve.Interactive},
	}
	if p.check != nil {
		table = append(table, Route{Method: "GET", Path: endpoint.CheckSessionRoute, Endpoint: "check_session", Handler: p.check.Serve, Document: p.check, Face: page,
			Priority: serve.Machine, Metadata: "check_session_iframe"})
	}
	return slices.Concat(table, p.registration(), p.forwarded())
}

// registration is the table of dynamic registration, where it is open to anybody.
func (p *Provider) registration() []Route {
	if p.register == nil {
		return nil
	}
	face := serve.FaceFunc(register.Face)
	return []Route{
		{Method: "POST", Path: register.Route, Endpoint: "register", Handler: p.register.Register, Face: face, Priority: serve.Deferrable, Metadata: "registration_endpoint"},
		{Method: "GET", Path: register.ManageRoute, Endpoint: "register_manage", Handler: p.register.Read, Face: face, Priority: serve.Machine},
		{Method: "PUT", Path: register.ManageRoute, Endpoint: "register_manage", Handler: p.register.Replace, Face: face, Priority: serve.Deferrable},
		{Method: "DELETE", Path: register.ManageRoute, Endpoint: "register_manage", Handler: p.register.Delete, Face: face, Priority: serve.Machine},
	}
}

// Mount makes the router of all routes: one handler for each path, which knows its methods. Paths are matched as they are sent: none is
// cleaned, and none is redirected.
func (p *Provider) Mount(more []Route) http.Handler {
	router := mux.NewRouter().SkipClean(true).UseEncodedPath()
	var order []string
	byPath := map[string]*methods{}
	for _, r := range append(p.routes(), more...) {
		path := p.path + r.Path
		if r.Root {
			path = r.Path
		}
		m := byPath[path]
		if m == nil {
			m = &methods{handlers: map[string]http.Handler{}, route: r, template: path}
			byPath[path] = m
			order = append(order, path)
		}
		m.add(r.Method, p.handler(r, path))
	}
	t := &table{plain: map[string]*methods{}, escaped: map[string]*methods{}, router: router}
	for _, path := range order {
		m := byPath[path]
		m.finish(p)
		switch {
		case m.route.Prefix:
			router.PathPrefix(path).Handler(m)
		case strings.Contains(path, "{") || matches(router, path): // a pattern, or behind one that takes its requests
			router.Path(path).Handler(m)
		default:
			t.add(path, m)
		}
	}
	router.NotFoundHandler = p.cfg.Edge.Handle("not_found", p.notFoundFace(), func(http.ResponseWriter, *http.Request) error { return &serve.NotFound{} })
	return t
}

// matches says whether a route that the router has already takes the requests of a path.
func matches(router *mux.Router, path string) bool {
	u, err := url.Parse(path)
	var match mux.RouteMatch
	return err != nil || router.Match(&http.Request{Method: http.MethodGet, URL: u}, &match) && match.Handler != nil
}

// table goes by whole paths first, and knows them as a request's URL does, plain and escaped: the router tries one pattern after the other, makes two more
// contexts, and compiles an expression for each path that it is given. It has those that are patterns.
type table struct {
	plain, escaped map[string]*methods
	router         *mux.Router
}

func (t *table) add(path string, m *methods) {
	t.escaped[path] = m
	if u := (&url.URL{Path: path}); u.EscapedPath() == path {
		t.plain[path] = m
	}
}

// ServeHTTP implements [http.Handler].
func (t *table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawPath == "" {
		if m, ok := t.plain[r.URL.Path]; ok {
			m.ServeHTTP(w, r)
			return
		}
	}
	if m, ok := t.escaped[r.URL.EscapedPath()]; ok {
		m.ServeHTTP(w, r)
		return
	}
	t.router.ServeHTTP(w, r)
}

// handler serves one row; allow is what its path answers to, for preflights.
func (p *Provider) handler(r Route, template string, allow ...string) http.Handler {
	opts := []serve.Option{serve.Route(template), serve.At(r.Priority)}
	if r.MaxBody > 0 {
		opts = append(opts, serve.MaxBody(r.MaxBody))
	}
	if r.Form {
		opts = append(opts, serve.SameOrigin())
	}
	if r.Document != nil {
		opts = append(opts, serve.Prepared(r.Document))
	}
	if r.CORS {
		opts = append(opts, serve.CORS(p.cfg.Clients.HasOrigin, allow...))
	}
	return p.cfg.Edge.Handle(r.Endpoint, r.Face, r.Handler, opts...)
}

// notFoundFace answers as what the path looks like: JSON below /api/, a page elsewhere.
func (p *Provider) notFoundFace() serve.Face {
	page := serve.PageFace(p.cfg.Pages)
	return serve.FaceFunc(func(w http.ResponseWriter, r *http.Request, err error) int {
		if strings.HasPrefix(r.URL.Path, p.path+"/api/") && p.cfg.APIFace != nil {
			return p.cfg.APIFace.Answer(w, r, err)
		}
		return page.Answer(w, r, err)
	})
}

// methods serves one path.
type methods struct {
	handlers map[string]http.Handler
	route    Route
	template string
	other    http.Handler
}

func (m *methods) add(method string, h http.Handler) {
	m.handlers[method] = h
	if method == http.MethodGet {
		m.handlers[http.MethodHead] = h
	}
}

// finish makes the answer to every other method (RFC 9110 §15.5.6).
func (m *methods) finish(p *Provider) {
	var allow []string
	for method := range m.handlers {
		allow = append(allow, method)
	}
	slices.Sort(allow)
	list := strings.Join(allow, ", ")
	r := m.route
	r.Form, r.Document, r.Handler = false, nil, func(http.ResponseWriter, *http.Request) error { return &serve.MethodNotAllowed{Allow: list} }
	m.other = p.handler(r, m.template, allow...) // preflights come here too
}

// ServeHTTP implements [http.Handler].
func (m *methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h, ok := m.handlers[r.Method]; ok {
		h.ServeHTTP(w, r)
		return
	}
	m.other.ServeHTTP(w, r)
}
