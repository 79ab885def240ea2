package storm

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

// class are requests of one kind.
type class struct {
	name string
	// order is how important it is, the most important first; weight is its part of the mix.
	order  int
	weight float64
	status uint16
	next   func(n int64) vegeta.Target
	// hashes: it needs a password's hash.
	hashes bool
	// most is how many connections it has at most; 0 means [mixedConnections].
	most int

	n              atomic.Int64
	accepted       []time.Duration
	refused, wrong int
	first          string // that was wrong
}

// Next is a [vegeta.Targeter].
func (c *class) Next(t *vegeta.Target) error {
	*t = c.next(c.n.Add(1))
	return nil
}

// done counts an answer.
func (c *class) done(res *vegeta.Result) {
	switch {
	case res.Code == c.status:
		c.accepted = append(c.accepted, res.Latency)
	case (res.Code == http.StatusServiceUnavailable || res.Code == http.StatusTooManyRequests) && res.Headers.Get("Retry-After") != "":
		c.refused++
	default:
		c.wrong++
		if c.first == "" {
			c.first = fmt.Sprintf("%d %s %.100s", res.Code, res.Error, res.Body)
		}
	}
}

func (c *class) reset() { c.accepted, c.refused, c.wrong, c.first = nil, 0, 0, "" }

func (c *class) connections() int {
	if c.most == 0 {
		return mixedConnections
	}
	return c.most
}

func (c *class) all() int { return len(c.accepted) + c.refused + c.wrong }

func (c *class) quantile(q float64) time.Duration {
	if len(c.accepted) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(c.accepted))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

const (
	people   = 8
	password = "correct horse battery staple"
)

// mix are the requests of an ordinary day: of a hundred, 25 look for keys, 55 are of applications, 12 open a page, 8 need a password's hash.
func mix(r *rig.Rig, s *harness.Server) ([]*class, error) {
	for i := range people {
		s.SignUp(r.T, person(i), person(i)+"@example.test", password)
	}
	basic := http.Header{}
	for k, v := range harness.Basic(harness.MachineID, harness.MachineSecret) {
		basic.Set(k, v)
	}
	token, err := accessToken(s, basic)
	if err != nil {
		return nil, err
	}
	return []*class{
		{name: "JWKS", weight: 20, status: 200, next: fixed(load.Get(s.Issuer+"/jwks.json", nil))},
		{name: "discovery", weight: 5, status: 200, next: fixed(load.Get(s.Issuer+"/.well-known/openid-configuration", nil))},
		{name: "token", order: 1, weight: 40, status: 200, next: fixed(load.Form(s.Issuer+"/token", "grant_type=client_credentials&scope=read", basic))},
		{name: "introspection", order: 1, weight: 15, status: 200, next: fixed(load.Form(s.Issuer+"/introspect", "token="+token, basic))},
		{name: "sign-in page", order: 2, weight: 12, status: 200, next: fixed(load.Get(s.Issuer+"/login", nil))},
		signIns(s),
		{name: "sign-up", order: 4, hashes: true, weight: 3, status: 201, next: func(n int64) vegeta.Target {
			return asJSON(s.Issuer+"/api/signup", fmt.Sprintf(`{"username":"new_%d","email":"new_%d@example.test","password":%q}`, n, n, password), n)
		}},
	}, nil
}

// signIns need a hash: what is left for them is what the hashes of sign-ups leave, so they are compared with nobody.
func signIns(s *harness.Server) *class {
	return &class{name: "sign-in", order: 3, hashes: true, weight: 5, status: 200, next: func(n int64) vegeta.Target {
		return asJSON(s.Issuer+"/api/login", fmt.Sprintf(`{"username":%q,"password":%q}`, person(int(n%people)), password), n)
	}}
}

// fixed asks for the same all the time.
func fixed(t vegeta.Target) func(int64) vegeta.Target { return func(int64) vegeta.Target { return t } }

func person(i int) string { return fmt.Sprintf("storm_%d", i) }

// asJSON is a request from one of 2,500 addresses, in turn: counters of them all are there within minutes, so that a soak sees what grows beyond.
func asJSON(url, body string, n int64) vegeta.Target {
	h := http.Header{"Content-Type": {"application/json"}, "X-Forwarded-For": {fmt.Sprintf("198.18.%d.%d", n/250%10, 1+n%250)}}
	return vegeta.Target{Method: http.MethodPost, URL: url, Body: []byte(body), Header: h}
}
