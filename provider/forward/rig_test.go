package forward_test

import (
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"latchkey/provider"
	"latchkey/provider/client"
	"latchkey/provider/forward"
	"latchkey/provider/providertest"
	"latchkey/storage"
)

const (
	wiki  = "wiki.example.test"
	board = "board.example.test:8443"
)

// rules are those of the wiki.
const rules = `[
	{"paths": ["/healthz", "/static/*"], "methods": ["GET"], "access": "public"},
	{"paths": ["/closed/*"], "access": "deny"},
	{"paths": ["/admin/*"], "groups": ["admins"]},
	{"paths": ["/ada/*"], "users": ["ada"]},
	{"paths": ["/staff/*"], "email_domains": ["example.test"]}
]`

// application makes a client that stands for applications behind a proxy.
func application(id, forwardAuth string, change ...func(*storage.Client)) storage.Client {
	c := storage.Client{ID: id, Name: id, Forward: []byte(forwardAuth)}
	client.Complete(&c)
	for _, f := range change {
		f(&c)
	}
	return c
}

// rig is an issuer with two applications behind proxies, and what a browser keeps for their hosts.
type rig struct {
	*providertest.Issuer
	t       *testing.T
	groups  map[string][]string
	browser *providertest.Browser
	cookies map[string]map[string]string
	// request is the last authorization request.
	request *url.URL
}

func newRig(t *testing.T, more ...storage.Client) *rig {
	return newRigBehind(t, "192.0.2.0/24", more...) // the peer of every request here
}

// newRigBehind believes the proxies of a network.
func newRigBehind(t *testing.T, proxies string, more ...storage.Client) *rig {
	r := &rig{t: t, groups: map[string][]string{}, cookies: map[string]map[string]string{}}
	apps := append([]storage.Client{
		application("wiki", `{"hosts": ["`+wiki+`", "docs.example.test"], "rules": `+rules+`, "bearer_audience": "https://wiki.example.test", "session_ttl": "2h"}`),
		application("board", `{"hosts": ["`+board+`"], "headers": "x-auth-request", "user": "sub"}`),
		providertest.WebClient("greedy", func(c *storage.Client) { c.RedirectURIs = []string{"https://" + wiki + forward.CallbackRoute} }),
		providertest.WebClient("app", func(c *storage.Client) { c.Audiences = []string{"https://wiki.example.test", providertest.API} }),
	}, more...)
	for _, c := range apps {
		if c.Forward == nil {
			continue
		}
		if faults := client.Check(c, client.Served{Issuer: providertest.URL}); faults != nil {
			t.Fatal(faults)
		}
	}
	r.Issuer = providertest.New(t, providertest.Clients(apps...), providertest.Config(func(c *provider.Config) {
		c.Proxies = []netip.Prefix{netip.MustParsePrefix(proxies)}
		c.Tokens.GroupsOf = func(a storage.Account) []string { return r.groups[a.UsernameKey] }
	}))
	r.browser = r.Browser()
	return r
}

// navigation is what a browser sends when a person opens an address.
func navigation() http.Header {
	return http.Header{"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}, "Accept": {"text/html"}}
}

// ask asks as Traefik and Caddy do, for an address and with the cookies of its host.
func (r *rig) ask(method, address string, more http.Header) *http.Response {
	r.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		r.t.Fatal(err)
	}
	uri := strings.TrimPrefix(address, u.Scheme+"://"+u.Host)
	h := http.Header{"X-Forwarded-Method": {method}, "X-Forwarded-Proto": {u.Scheme}, "X-Forwarded-Host": {u.Host}, "X-Forwarded-Uri": {uri}, "X-Forwarded-For": {"203.0.113.9"}}
	maps.Copy(h, navigation())
	maps.Copy(h, more)
	if h.Get("Cookie") == "" {
		h.Set("Cookie", r.cookie(u.Host))
	}
	return r.Send("GET", forward.Route, nil, h)
}

func (r *rig) cookie(host string) string {
	var all []string
	for name, v := range r.cookies[host] {
		all = append(all, name+"="+v)
	}
	return strings.Join(all, "; ")
}

// open visits a path of ours on an application's host, through its proxy.
func (r *rig) open(address string, more http.Header) *http.Response {
	r.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		r.t.Fatal(err)
	}
	h := http.Header{"Cookie": {r.cookie(u.Host)}, "X-Forwarded-Host": {u.Host}, "X-Forwarded-Proto": {"https"}, "Sec-Fetch-Site": {"none"}}
	maps.Copy(h, navigation())
	maps.Copy(h, more)
	res := r.Send("GET", address, nil, h)
	for _, c := range res.Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			r.t.Errorf("RFC 6265bis §4.1.3 the cookie %v", c)
		}
		if r.cookies[u.Host] == nil {
			r.cookies[u.Host] = map[string]string{}
		}
		r.cookies[u.Host][c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(r.cookies[u.Host], c.Name)
		}
	}
	return res
}

// begin goes to sign in at a host, and returns the authorization request.
func (r *rig) begin(host, rd string) *url.URL {
	r.t.Helper()
	res := r.open("https://"+host+forward.SignInRoute+"?rd="+url.QueryEscape(rd), nil)
	to, err := res.Location()
	if err != nil || res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to.String(), providertest.URL+"/authorize?") {
		r.t.Fatalf("sign-in: %d %v", res.StatusCode, res.Header)
	}
	r.request = to
	return to
}

// answer lets a person sign in, and returns the address of the callback to which the browser is led.
func (r *rig) answer(request *url.URL, username string) string {
	r.t.Helper()
	p := r.browser.Through(r.browser.Get(request.String()), username)
	if p.Left == nil || p.Left.Path != forward.CallbackRoute || p.Left.Query().Get("code") == "" {
		r.t.Fatalf("authorize: %d %q %v %s", p.Status, p.Title(), p.Left, p.Body)
	}
	return p.Left.String()
}

// signIn brings the browser in, from a host's page back to it.
func (r *rig) signIn(host, rd, username string) {
	r.t.Helper()
	res := r.open(r.answer(r.begin(host, rd), username), nil)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != rd {
		r.t.Fatalf("callback: %d %v", res.StatusCode, res.Header)
	}
}

// status wants an answer.
func (r *rig) status(what string, res *http.Response, want int) {
	r.t.Helper()
	if res.StatusCode != want {
		r.t.Errorf("%s: %d, want %d", what, res.StatusCode, want)
	}
}
