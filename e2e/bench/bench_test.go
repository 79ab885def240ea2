package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"latchkey/e2e/harness"
)

// operation is one row of the table.
type operation struct {
	name string
	next request
	// bare is the kind of [bareHandler] that it is compared with.
	bare string
}

// BenchmarkOperations prints the table. Its only "iteration" is the whole of it: run it with -benchtime 1x.
func BenchmarkOperations(b *testing.B) {
	for b.Loop() {
		measure(b)
	}
}

func measure(b *testing.B) {
	// The hash is as costly as in production. Limits are out of the way: every client of the benchmark has the same address.
	s := harness.Start(b, harness.Options{Config: map[string]any{"accounts.hash.memory": "19MiB", "accounts.hash.passes": 2, "accounts.hash.queue_wait": "20s",
		"accounts.limits.address_attempts": 1 << 30, "log.level": "warn"}})
	client := newClient()
	p := prepare(b, s, client)
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "operation\tper second\tCPU each\tbare\tbare per second\tbare CPU each\trate/bare\tCPU/bare\t")
	for _, op := range p.operations() {
		size := p.size(b, op)
		base, pid := serve(b, op.bare, size)
		var ours, theirs []sample
		for range rounds {
			ours = append(ours, load(b, client, s.Issuer, s.PID(), op.next))
			theirs = append(theirs, load(b, client, base, pid, func(int, *answer) *call {
				return &call{method: http.MethodPost, path: "/", body: "grant_type=client_credentials&scope=read", want: 200}
			}))
		}
		client.CloseIdleConnections()
		a, z := middle(ours), middle(theirs)
		fmt.Fprintf(w, "%s\t%.0f\t%v\t%s\t%.0f\t%v\t%.2f\t%.1f\t\n", op.name, a.rate(), a.perRequest().Round(time.Microsecond), op.bare, z.rate(), z.perRequest().Round(time.Microsecond),
			a.rate()/z.rate(), float64(a.perRequest())/float64(max(z.perRequest(), 1)))
		b.ReportMetric(a.rate()/z.rate(), strings.ReplaceAll(op.name, " ", "-")+"/bare")
	}
	_ = w.Flush()
	fmt.Printf("\n%d connections, median of %d rounds of %v, in turn with the bare cost\n%s\n", connections, rounds, slice, out.String())
	s.Stop(b)
}

// middle is the sample with the median rate.
func middle(samples []sample) sample {
	var rates []float64
	for _, s := range samples {
		rates = append(rates, s.rate())
	}
	want := harness.Median(rates)
	for _, s := range samples {
		if s.rate() == want {
			return s
		}
	}
	return samples[0]
}

// prepared is what the operations need.
type prepared struct {
	s       *harness.Server
	cookies [connections]string
	access  string

	mu      sync.Mutex
	refresh [connections]string
	codes   [connections]*harness.Flow
}

func prepare(b *testing.B, s *harness.Server, client *http.Client) *prepared {
	b.Helper()
	p := &prepared{s: s}
	for c := range connections {
		name := fmt.Sprintf("bench_%d", c)
		token := s.SignUp(b, name, name+"@example.test", "bench-password")
		if c == 0 {
			p.access = token
		}
		got, err := do(client, s.Issuer, &call{method: http.MethodPost, path: "/login", body: "username=" + name + "&password=bench-password"})
		if err != nil || got.status != http.StatusSeeOther {
			b.Fatalf("sign in: %v %v", got, err)
		}
		for _, cookie := range (&http.Response{Header: got.header}).Cookies() {
			if strings.HasSuffix(cookie.Name, "lk_session") {
				p.cookies[c] = cookie.Name + "=" + cookie.Value
			}
		}
		f := harness.NewFlow(harness.QuietID, harness.QuietSecret, true)
		p.code(b, client, c, f)
		got, err = do(client, s.Issuer, p.redeem(f))
		if err != nil || got.status != 200 {
			b.Fatalf("redeem: %v %v", got, err)
		}
		var tok struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		}
		if err := json.Unmarshal(got.body, &tok); err != nil {
			b.Fatal(err)
		}
		p.refresh[c], p.access = tok.Refresh, tok.Access
	}
	return p
}

// code runs /authorize for a client's session.
func (p *prepared) code(t testing.TB, client *http.Client, c int, f *harness.Flow) {
	got, err := do(client, p.s.Issuer, &call{method: http.MethodGet, path: f.Path("openid offline_access", nil), header: map[string]string{"Cookie": p.cookies[c]}})
	if err != nil || got.status != http.StatusSeeOther {
		t.Fatalf("authorize: %v %v", got, err)
	}
	u, err := url.Parse(got.header.Get("Location"))
	if err != nil || f.Answer(u.Query(), p.s.Issuer) != nil {
		t.Fatalf("authorize: %v", got.header)
	}
}

func (p *prepared) redeem(f *harness.Flow) *call {
	v := url.Values{"grant_type": {"authorization_code"}, "code": {f.Code}, "redirect_uri": {harness.Callback}, "code_verifier": {f.Verifier},
		"client_id": {f.Client}, "client_secret": {f.Secret}}
	return &call{method: http.MethodPost, path: "/token", body: v.Encode(), want: 200}
}

func (p *prepared) operations() []operation {
	get := func(path string) request {
		return func(int, *answer) *call { return &call{method: http.MethodGet, path: path, want: 200} }
	}
	credentials := func(id string) request {
		what := &call{method: http.MethodPost, path: "/token", body: "grant_type=client_credentials&scope=read", header: harness.Basic(id, harness.MachineSecret), want: 200}
		return func(int, *answer) *call { return what }
	}
	introspect := &call{method: http.MethodPost, path: "/introspect", body: "token=" + p.access,
		header: harness.Basic(harness.QuietID, harness.QuietSecret), want: 200}
	introspect.header = nil
	introspect.body += "&client_id=" + harness.QuietID + "&client_secret=" + harness.QuietSecret
	userinfo := &call{method: http.MethodGet, path: "/userinfo", header: harness.Bearer(p.access), want: 200}
	return []operation{
		{"JWKS", get("/jwks.json"), "bytes"},
		{"discovery", get("/.well-known/openid-configuration"), "bytes"},
		{"client_credentials ES256", credentials(harness.MachineID), "es256"},
		{"client_credentials RS256", credentials(harness.MachineRSAID), "rs256"},
		{"userinfo", func(int, *answer) *call { return userinfo }, "verify"},
		{"introspection", func(int, *answer) *call { return introspect }, "verify"},
		{"authorize + code exchange", p.exchange, "fsync+es256"},
		{"refresh", p.rotate, "fsync+es256"},
		{"login", p.login, "hash"},
	}
}

// exchange asks for a code and redeems it in turn: two requests, each with a durable write.
func (p *prepared) exchange(c int, former *answer) *call {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.codes[c]; f != nil && former != nil && former.status == http.StatusSeeOther {
		u, err := url.Parse(former.header.Get("Location"))
		p.codes[c] = nil
		if err == nil && f.Answer(u.Query(), p.s.Issuer) == nil {
			return p.redeem(f)
		}
		return &call{method: http.MethodGet, path: "/the-authorization-response-is-wrong", want: 200}
	}
	f := harness.NewFlow(harness.QuietID, harness.QuietSecret, true)
	p.codes[c] = f
	return &call{method: http.MethodGet, path: f.Path("openid offline_access", nil), header: map[string]string{"Cookie": p.cookies[c]}, want: http.StatusSeeOther}
}

// rotate presents the refresh token of the former answer.
func (p *prepared) rotate(c int, former *answer) *call {
	p.mu.Lock()
	defer p.mu.Unlock()
	if former != nil {
		var tok struct {
			Refresh string `json:"refresh_token"`
		}
		if json.Unmarshal(former.body, &tok) == nil && tok.Refresh != "" {
			p.refresh[c] = tok.Refresh
		}
	}
	v := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {p.refresh[c]}, "client_id": {harness.QuietID}, "client_secret": {harness.QuietSecret}}
	return &call{method: http.MethodPost, path: "/token", body: v.Encode(), want: 200}
}

func (p *prepared) login(c int, _ *answer) *call {
	return &call{method: http.MethodPost, path: "/api/login", body: fmt.Sprintf(`{"username":"bench_%d","password":"bench-password"}`, c),
		header: map[string]string{"Content-Type": "application/json", "X-Forwarded-For": fmt.Sprintf("198.18.1.%d", c+1)}, want: 200}
}

// size is how many bytes an operation answers with.
func (p *prepared) size(b *testing.B, op operation) int {
	b.Helper()
	got, err := do(newClient(), p.s.Issuer, op.next(0, nil))
	if err != nil || got.status >= 400 {
		b.Fatalf("%s: %v %v", op.name, got, err)
	}
	if op.name == "refresh" { // what was rotated must not be lost
		_ = p.rotate(0, got)
	}
	return len(got.body)
}
