package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestPostgresAway stops the database for half a minute under load, and then freezes it, so that connections stay open and nobody answers. What needs no
// database goes on; everything else says 503 with Retry-After, and soon; and all is well again without a restart.
func TestPostgresAway(t *testing.T) {
	db, url := harness.Postgres(t)
	r := harness.StartReplicas(t, 2, url, harness.Options{})
	l := newAwayLoad(t, r)
	l.phase("before", 2*time.Second, 0)
	l.wantAll("before")

	for _, accident := range []struct {
		name   string
		length time.Duration
		begin  func() error
		end    func() error
	}{
		{"stopped", 30 * time.Second, db.Down, db.Up},
		{"frozen", 8 * time.Second, func() error { db.Freeze(true); return nil }, func() error { db.Freeze(false); return nil }},
	} {
		lines := len(strings.Split(r.All[0].Logs(), "\n"))
		under := time.AfterFunc(time.Second, func() { // with requests under way
			if err := accident.begin(); err != nil {
				t.Error(err)
			}
		})
		l.phase(accident.name, accident.length, 200*time.Millisecond)
		under.Stop()
		l.wantBounded(accident.name)
		readiness(t, r, http.StatusServiceUnavailable, "store")
		for _, s := range r.All {
			if m := s.Metrics(t); m.Sum("latchkey_store_duration_seconds", "outcome", "unavailable") == 0 || m.Sum("latchkey_http_request_duration_seconds", "code", "503") == 0 {
				t.Error("metrics do not show that the store is away")
			}
		}
		requests, others := l.logged(r.All[0], lines)
		t.Logf("%s: replica 0 logged %d requests and audit events, and %d other lines", accident.name, requests, others)
		if limit := 20 + int(accident.length/time.Second); others > limit {
			t.Errorf("%s: %d lines beside those of requests, want at most %d:\n%s", accident.name, others, limit, l.sample)
		}
		if err := accident.end(); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		harness.Until(t, 10*time.Second, "everything works again at every replica", l.all)
		readiness(t, r, http.StatusOK, "")
		t.Logf("%s: everything works again at every replica %v after the database is back", accident.name, time.Since(begun).Round(time.Millisecond))
	}
	stopAll(t, r)
}

// readiness waits until every replica says so, and that it lives.
func readiness(t *testing.T, r *harness.Replicas, status int, text string) {
	t.Helper()
	for i, s := range r.All {
		harness.Until(t, 5*time.Second, fmt.Sprintf("/readyz of replica %d says %d", i, status), func() error {
			if code, body := s.Ready(); code != status || !strings.Contains(body, text) {
				return fmt.Errorf("%d %s", code, body)
			}
			return nil
		})
		if reply := (&harness.API{Base: s.Ops, HTTP: r.API().HTTP}).Must(t, "GET", "/livez", nil, nil); reply.Status != http.StatusOK {
			t.Errorf("/livez of replica %d: %d", i, reply.Status)
		}
	}
}

// awayLoad is one kind of request after the other, at each replica.
type awayLoad struct {
	t     *testing.T
	r     *harness.Replicas
	kinds []awayKind

	mu      sync.Mutex
	answers map[string]map[int]int
	slowest map[string]time.Duration
	sample  string
}

type awayKind struct {
	name string
	// memory: it needs no database.
	memory bool
	status int
	do     func(a *harness.API) (*harness.Reply, error)
}

func newAwayLoad(t *testing.T, r *harness.Replicas) *awayLoad {
	t.Helper()
	token := r.SignUp(t, "patient", "patient@example.test", "s3cret!")
	b := r.Browser(t).SignIn("patient", "s3cret!")
	held := signInToClient(t, r.Server, b, "openid offline_access")
	var cookie string
	for _, c := range b.Cookies() {
		cookie += c.Name + "=" + c.Value + "; "
	}
	get := func(path string, header map[string]string) func(a *harness.API) (*harness.Reply, error) {
		return func(a *harness.API) (*harness.Reply, error) { return a.Do("GET", path, nil, header) }
	}
	post := func(path string, body any, header map[string]string) func(a *harness.API) (*harness.Reply, error) {
		return func(a *harness.API) (*harness.Reply, error) { return a.Do("POST", path, body, header) }
	}
	return &awayLoad{t: t, r: r, kinds: []awayKind{
		{"JWKS", true, 200, get("/jwks.json", nil)},
		{"discovery", true, 200, get("/.well-known/openid-configuration", nil)},
		{"authorization server metadata", true, 200, get("/.well-known/oauth-authorization-server", nil)},
		{"sign-in page", false, 200, get("/login", nil)},
		{"account page", false, 200, get("/account", map[string]string{"Cookie": cookie})},
		{"authorize", false, 303, func(a *harness.API) (*harness.Reply, error) {
			return a.Do("GET", harness.NewFlow(harness.QuietID, harness.QuietSecret, true).Path("openid", nil), nil, map[string]string{"Cookie": cookie})
		}},
		{"sign-up", false, 201, func(a *harness.API) (*harness.Reply, error) {
			name := "u_" + harness.Random(12)
			return a.Do("POST", "/api/auth/signup", object{"username": name, "password": "longenough", "confirm_password": "longenough"}, nil)
		}},
		{"sign-in", false, 200, post("/api/login", object{"username": "patient", "password": "s3cret!"}, nil)},
		{"profile", false, 200, get("/api/profile", harness.Bearer(token))},
		{"userinfo", false, 200, get("/userinfo", harness.Bearer(held.access))},
		{"client credentials", false, 200, post("/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, harness.MachineSecret))},
		{"introspection", false, 200, func(a *harness.API) (*harness.Reply, error) {
			reply, err := a.Do("POST", "/introspect", form("token", held.access, "client_id", harness.QuietID, "client_secret", harness.QuietSecret), nil)
			if err == nil && reply.Status == 200 && reply.JSON["active"] != true {
				err = fmt.Errorf("a token that is good is told not to be: %s", reply.Raw)
			}
			return reply, err
		}},
		{"revocation", false, 200, post("/revoke", form("token", "lkr_unknown"), harness.Basic(harness.WebID, harness.WebSecret))},
		{"code", false, 400, post("/token", form("grant_type", "authorization_code", "code", "unknown", "redirect_uri", harness.Callback, "code_verifier", harness.Random(43)),
			harness.Basic(harness.WebID, harness.WebSecret))},
	}}
}

// all asks for everything once at each replica.
func (l *awayLoad) all() error {
	faults := make([]error, len(l.r.All)*len(l.kinds))
	parallel(len(faults), func(n int) {
		i, k := n%len(l.r.All), l.kinds[n/len(l.r.All)]
		reply, err := k.do(l.r.At(i))
		if err == nil && reply.Status != k.status {
			err = fmt.Errorf("status %d: %.200s", reply.Status, reply.Raw)
		}
		if err != nil {
			faults[n] = fmt.Errorf("%s at replica %d: %w", k.name, i, err)
		}
	})
	return errors.Join(faults...)
}

// phase loads both replicas for a while: each kind in a loop of its own, with a pause.
func (l *awayLoad) phase(name string, length, pause time.Duration) {
	l.answers, l.slowest = map[string]map[int]int{}, map[string]time.Duration{}
	end := time.Now().Add(length)
	var all sync.WaitGroup
	for _, k := range l.kinds {
		for i := range l.r.All {
			all.Go(func() {
				for time.Now().Before(end) {
					a := l.r.At(i)
					begun := time.Now()
					reply, err := k.do(a)
					l.note(name, k, reply, err, time.Since(begun))
					a.HTTP.CloseIdleConnections()
					time.Sleep(pause + 50*time.Millisecond)
				}
			})
		}
	}
	all.Wait()
}

func (l *awayLoad) note(phase string, k awayKind, reply *harness.Reply, err error, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.t.Errorf("%s: %s: %v", phase, k.name, err)
		return
	}
	if l.answers[k.name] == nil {
		l.answers[k.name] = map[int]int{}
	}
	l.answers[k.name][reply.Status]++
	l.slowest[k.name] = max(l.slowest[k.name], took)
	if reply.Status == http.StatusServiceUnavailable && reply.Header.Get("Retry-After") == "" {
		l.t.Errorf("%s: %s: 503 without Retry-After", phase, k.name)
	}
}

// wantAll checks that every request of the phase was answered as ever.
func (l *awayLoad) wantAll(phase string) {
	l.t.Helper()
	for _, k := range l.kinds {
		if n := l.answers[k.name]; n[k.status] == 0 || len(n) != 1 {
			l.t.Errorf("%s: %s was answered with %v", phase, k.name, n)
		}
	}
}

// wantBounded checks that what needs no database went on, and that the rest was answered as ever or with 503, and soon.
func (l *awayLoad) wantBounded(phase string) {
	l.t.Helper()
	var worst []string
	for _, k := range l.kinds {
		n := l.answers[k.name]
		worst = append(worst, fmt.Sprintf("%s %v at most %v", k.name, n, l.slowest[k.name].Round(time.Millisecond)))
		for status := range n {
			if status != k.status && (k.memory || status != http.StatusServiceUnavailable) {
				l.t.Errorf("%s: %s was answered with %v", phase, k.name, n)
			}
		}
		if l.slowest[k.name] > 2*time.Second+time.Second { // what a busy machine adds
			l.t.Errorf("%s: %s took %v", phase, k.name, l.slowest[k.name])
		}
	}
	slices.Sort(worst)
	l.t.Logf("%s:\n\t%s", phase, strings.Join(worst, "\n\t"))
}

// logged counts what a server wrote since it had written so many lines: of requests and what they did, and others.
func (l *awayLoad) logged(s *harness.Server, since int) (requests, others int) {
	l.sample = ""
	for _, line := range strings.Split(s.Logs(), "\n")[since-1:] {
		switch {
		case line == "":
		case strings.Contains(line, `"msg":"request"`), strings.Contains(line, `"msg":"audit"`):
			requests++
		default:
			if others++; others < 40 {
				l.sample += line + "\n"
			}
		}
	}
	return requests, others
}
