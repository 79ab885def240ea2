package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestPostgresRollingRestart restarts three replicas behind nginx, one after the other, under mixed load: sign-ins that are begun before and ended after,
// refresh chains, connections that are kept and connections of one request.
func TestPostgresRollingRestart(t *testing.T) {
	// One address, whose connections go to replicas that are ready: no request fails.
	t.Run("nginx knows a service", func(t *testing.T) {
		rollingRestart(t, 0, func(r *harness.Replicas) [3]string {
			return [3]string{r.Front.Address, r.Front.Address, r.Front.Address}
		})
	})
	// nginx does not ask who is ready. A POST that it sends while a replica closes is lost; with max_fails it would be every second request.
	t.Run("nginx knows the replicas", func(t *testing.T) {
		rollingRestart(t, 0.005, func(r *harness.Replicas) (at [3]string) {
			for i, s := range r.All {
				at[i] = s.Config["server.listen"].(string)
			}
			return at
		})
	})
}

// rollingRestart fails where more than that share of the requests do.
func rollingRestart(t *testing.T, lost float64, backends func(*harness.Replicas) [3]string) {
	t.Helper()
	nginx := harness.NewNginx(t)
	r := harness.StartReplicas(t, 3, harness.Database(t), harness.Options{Config: object{"issuer": nginx.URL, "server.shutdown.delay": "4s", "log.level": "warn"}})
	r.Front.Endpoints(t, 500*time.Millisecond)
	nginx.Start(t, backends(r))
	l := &rollLoad{t: t, r: r, stop: make(chan struct{})}
	l.start()
	end := l.ender()
	defer end()
	time.Sleep(2 * time.Second)
	begun := time.Now()
	for i, s := range r.All {
		s.Stop(t) // as the kubelet does, with SIGTERM; exit code 0
		s.Launch(t)
		s.WaitReady(t)
		harness.Until(t, 5*time.Second, "it gets connections again", func() error {
			if n := r.Front.In(); n != len(r.All) {
				return fmt.Errorf("%d get connections", n)
			}
			return nil
		})
		if t.Failed() {
			t.Fatalf("replica %d", i)
		}
	}
	time.Sleep(time.Second)
	end()
	t.Logf("three replicas were restarted in %v: %d requests, %d sign-ins begun and ended, %d refresh chains; %d failed", time.Since(begun).Round(time.Millisecond),
		l.served.Load(), l.signIns.Load(), l.chains.Load(), l.failed.Load())
	if l.served.Load() < 1000 || l.signIns.Load() < 5 || l.chains.Load() < 5 {
		t.Error("that is no load")
	}
	if float64(l.failed.Load()) > lost*float64(l.served.Load()) {
		t.Error("too many failed")
	}
	if l.failed.Load() > 0 {
		t.Logf("nginx says:\n%.3000s", nginx.Log("error.log"))
	}
}

// rollLoad is the mixed load.
type rollLoad struct {
	t    *testing.T
	r    *harness.Replicas
	stop chan struct{}
	all  sync.WaitGroup

	served, failed, signIns, chains atomic.Int64
}

// ender returns what ends the load, once.
func (l *rollLoad) ender() func() {
	return sync.OnceFunc(func() { close(l.stop); l.all.Wait() })
}

func (l *rollLoad) over() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

// api is a client that keeps its connections, or not.
func (l *rollLoad) api(keep bool) *harness.API {
	a := l.r.API()
	if !keep {
		a.HTTP = &http.Client{Timeout: 30 * time.Second, CheckRedirect: a.HTTP.CheckRedirect, Transport: &http.Transport{DisableKeepAlives: true}}
	}
	return a
}

// ok counts, and says whether the answer is what it must be.
func (l *rollLoad) ok(what string, status int, reply *harness.Reply, err error) bool {
	l.served.Add(1)
	if err == nil && reply.Status == status {
		return true
	}
	if err == nil {
		err = fmt.Errorf("status %d, want %d: %.300s", reply.Status, status, reply.Raw)
	}
	if l.failed.Add(1) < 10 {
		l.t.Logf("%v: %s: %v", time.Now().Format("15:04:05.000"), what, err)
	}
	return false
}

func (l *rollLoad) start() {
	for i, keep := range []bool{true, false, true, false} {
		name := fmt.Sprintf("roller_%d", i)
		l.r.SignUp(l.t, name, name+"@example.test", "s3cret!")
		l.all.Go(func() { l.machines(keep, name) })
		l.all.Go(func() { l.refreshes(keep, name) })
		l.all.Go(func() { l.people(name) })
	}
}

// machines ask for tokens, keys, and what a token is good for.
func (l *rollLoad) machines(keep bool, name string) {
	a := l.api(keep)
	for !l.over() {
		a.Address = harness.RandomAddress()
		r, err := a.Do("POST", "/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, harness.MachineSecret))
		l.ok("client credentials", 200, r, err)
		r, err = a.Do("GET", "/jwks.json", nil, nil)
		l.ok("JWKS", 200, r, err)
		if r, err = a.Do("POST", "/api/login", object{"username": name, "password": "s3cret!"}, nil); l.ok("sign-in", 200, r, err) {
			token := r.S("token")
			r, err = a.Do("GET", "/api/profile", nil, harness.Bearer(token))
			l.ok("profile", 200, r, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// refreshes runs chains of refresh tokens: each is good once, so one whose answer were lost would be missed.
func (l *rollLoad) refreshes(keep bool, name string) {
	b := l.r.Browser(l.t).SignIn(name, "s3cret!")
	for !l.over() {
		f, a := harness.NewFlow(harness.QuietID, harness.QuietSecret, true), l.api(keep)
		l.served.Add(1)
		if err := f.Answer(b.Open(f.Path("openid offline_access", nil)).Left(harness.Callback), l.r.Issuer); err != nil {
			l.t.Error(err)
			return
		}
		r, err := f.Redeem(a)
		if !l.ok("code", 200, r, err) {
			continue
		}
		token := r.S("refresh_token")
		for range 20 {
			r, err := f.Refresh(a, token)
			if !l.ok("refresh", 200, r, err) {
				break
			}
			token = r.S("refresh_token")
			r, err = a.Do("GET", "/userinfo", nil, harness.Bearer(r.S("access_token")))
			l.ok("userinfo", 200, r, err)
			time.Sleep(50 * time.Millisecond)
		}
		l.chains.Add(1)
	}
}

// people sign in at an application, and take their time with the password: the page may come from one replica and go to another.
func (l *rollLoad) people(name string) {
	for !l.over() {
		b := l.r.Browser(l.t)
		f := harness.NewFlow(harness.QuietID, harness.QuietSecret, true)
		b.Open(f.Path("openid", nil))
		l.served.Add(1)
		time.Sleep(1500 * time.Millisecond)
		b.Submit("/login", map[string]string{"username": name, "password": "s3cret!"})
		l.served.Add(1)
		if b.Outside == nil || f.Answer(b.Outside.Query(), l.r.Issuer) != nil {
			l.ok("sign-in at an application", 303, &harness.Reply{Status: b.Status, Raw: b.Body}, nil)
			continue
		}
		r, err := f.Redeem(l.api(false))
		if l.ok("code", 200, r, err) {
			l.signIns.Add(1)
		}
	}
}
