package operations

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

// people is how many users there are, each signed in, with a grant.
const people = many

const password = "correct horse battery staple"

// issuer is a running server with people, and what applications have of it.
type issuer struct {
	*harness.Server
	r      *rig.Rig
	traces *traces
	// cookies are what each person's browser has, known are those without the session; bearer what an application has: access tokens that were seen already.
	cookies []string
	known   []string
	bearer  []string
	chains  *chains
	// key is what access tokens are signed with, as a JSON Web Key.
	key json.RawMessage
	// perRefresh is how many tokens a refresh signs.
	perRefresh int
	// codes and minted are how many codes and tokens are made for one take.
	codes, minted int
	flow          *harness.Flow
}

// production are the settings of a server in production: metrics, one log line a request, traces of one request in a hundred. Limits by address are
// out of the way: all of the load has one. Sign-ins may wait for their hash longer than is usual, since one core is asked by 64 at once.
func production(endpoint string, more map[string]any) harness.Options {
	conf := map[string]any{"log.level": "info", "telemetry.endpoint": endpoint, "accounts.limits.address_attempts": 1 << 30,
		"accounts.hash.memory": "19MiB", "accounts.hash.passes": 2, "accounts.hash.queue_wait": "20s"}
	for k, v := range more {
		conf[k] = v
	}
	return harness.Options{Config: conf, Clients: clients(), Env: []string{"OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.01"}}
}

// clients are the harness's; the first party takes ES256 for both of its tokens.
func clients() []map[string]any {
	out := harness.Clients()
	for _, c := range out {
		if c["client_id"] == harness.QuietID {
			c["access_token_alg"], c["id_token_signed_response_alg"] = "ES256", "ES256"
		}
	}
	return out
}

// Server is a running server with the settings of these measurements, and nobody in its store.
func Server(r *rig.Rig) *harness.Server {
	_, endpoint := collect(r.T)
	return r.Start(production(endpoint, nil))
}

// start starts a server, signs everybody up and in, and gets each a grant.
func start(r *rig.Rig, more map[string]any) *issuer {
	c, endpoint := collect(r.T)
	o := production(endpoint, more)
	if r.Patient {
		o.Config["server.limits.request_timeout"], o.Config["storage.postgres.timeout"], o.Config["accounts.hash.queue_wait"] = "2m", "1m", "1m"
	}
	i := &issuer{Server: r.Start(o), r: r, traces: c, codes: 600, minted: 800, flow: harness.NewFlow(harness.QuietID, harness.QuietSecret, true)}
	i.chains = &chains{free: make(chan int, people), i: i}
	number := people
	if r.Smoke {
		i.codes, i.minted, number = 20, 20, 4
	}
	for n := range number {
		i.SignUp(r.T, name(n), name(n)+"@example.test", password)
		i.signIn(n)
		code := i.code(i.cookies[n])
		got := i.post("/token", i.exchange(code))
		i.chains.add(got.S("refresh_token"))
		i.bearer = append(i.bearer, got.S("access_token"))
	}
	i.key = i.publicKey(i.bearer[0])
	got := i.post("/token", i.rotate(i.chains.tokens[0]))
	i.chains.tokens[0] = got.S("refresh_token")
	i.perRefresh = 1
	if got.S("id_token") != "" {
		i.perRefresh = 2
	}
	return i
}

func name(n int) string { return fmt.Sprintf("person%d", n) }

// signIn signs a person in and keeps what the browser is given.
func (i *issuer) signIn(n int) {
	got := i.API().Must(i.r.T, http.MethodPost, "/login", url.Values{"username": {name(n)}, "password": {password}}, nil).Want(i.r.T, http.StatusSeeOther)
	var all, known []string
	for _, c := range (&http.Response{Header: got.Header}).Cookies() {
		all = append(all, c.Name+"="+c.Value)
		if !strings.HasSuffix(c.Name, "lk_session") {
			known = append(known, c.Name+"="+c.Value)
		}
	}
	if len(known) == len(all) {
		i.r.T.Fatalf("%s has no session", name(n))
	}
	i.cookies, i.known = append(i.cookies, strings.Join(all, "; ")), append(i.known, strings.Join(known, "; "))
}

// authorize is an authorization request of a person's browser.
func (i *issuer) authorize(cookies string) (path string, header http.Header) {
	return i.flow.Path("openid offline_access", nil), http.Header{"Cookie": {cookies}}
}

func (i *issuer) code(cookies string) string {
	path, _ := i.authorize(cookies)
	got := i.API().Must(i.r.T, http.MethodGet, path, nil, map[string]string{"Cookie": cookies}).Want(i.r.T, http.StatusSeeOther)
	code, err := i.codeOf(got.Header.Get("Location"))
	if err != nil {
		i.r.T.Fatal(err)
	}
	return code
}

// codeOf checks an authorization response.
func (i *issuer) codeOf(location string) (string, error) {
	u, err := url.Parse(location)
	if err != nil {
		return "", err
	}
	f := *i.flow
	err = f.Answer(u.Query(), i.Issuer)
	return f.Code, err
}

// exchange is the form by which a code is redeemed.
func (i *issuer) exchange(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {harness.Callback}, "code_verifier": {i.flow.Verifier},
		"client_id": {i.flow.Client}, "client_secret": {i.flow.Secret}}
}

// rotate is the form by which a refresh token is exchanged.
func (i *issuer) rotate(refresh string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {i.flow.Client}, "client_secret": {i.flow.Secret}}
}

func (i *issuer) introspect(token string) url.Values {
	return url.Values{"token": {token}, "client_id": {i.flow.Client}, "client_secret": {i.flow.Secret}}
}

func (i *issuer) post(path string, form url.Values) *harness.Reply {
	return i.API().Must(i.r.T, http.MethodPost, path, form, nil).Want(i.r.T, http.StatusOK)
}

// publicKey is the key that a token names.
func (i *issuer) publicKey(token string) json.RawMessage {
	var set struct{ Keys []json.RawMessage }
	raw := i.API().Must(i.r.T, http.MethodGet, "/jwks.json", nil, nil).Want(i.r.T, http.StatusOK).Raw
	if err := json.Unmarshal(raw, &set); err != nil {
		i.r.T.Fatal(err)
	}
	kid := keyID(token)
	for _, k := range set.Keys {
		var named struct{ Kid string }
		if json.Unmarshal(k, &named) == nil && named.Kid == kid && kid != "" {
			return k
		}
	}
	i.r.T.Fatalf("no key %q", kid)
	return nil
}

// loop is a closed loop against the server.
func (i *issuer) loop(connections int, src load.Source) rig.Take {
	return i.r.Loop(connections, src, i.PID())
}
