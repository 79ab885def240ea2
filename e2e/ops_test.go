package e2e

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestDrain: from SIGTERM on readiness is down while requests are served on; then the process ends with 0, and no request has failed.
func TestDrain(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"server.shutdown.delay": "4s"}})
	token := s.SignUp(t, "drainer", "drainer@example.test", "s3cret!")
	var failed, served atomic.Int64
	var first atomic.Pointer[string]
	stop := make(chan struct{})
	var wg sync.WaitGroup
	work := func(do func(a *harness.API) (*harness.Reply, error), status int) {
		wg.Go(func() {
			a := s.API()
			for {
				select {
				case <-stop:
					return
				default:
				}
				r, err := do(a)
				if err != nil || r.Status != status {
					failed.Add(1)
					text := fmt.Sprint(r, err)
					first.CompareAndSwap(nil, &text)
					return
				}
				served.Add(1)
			}
		})
	}
	work(func(a *harness.API) (*harness.Reply, error) { return a.Do("GET", "/jwks.json", nil, nil) }, 200)
	work(func(a *harness.API) (*harness.Reply, error) {
		return a.Do("GET", "/api/profile", nil, harness.Bearer(token))
	}, 200)
	work(func(a *harness.API) (*harness.Reply, error) {
		return a.Do("POST", "/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, harness.MachineSecret))
	}, 200)
	work(func(a *harness.API) (*harness.Reply, error) {
		return a.Do("POST", "/api/login", object{"username": "drainer", "password": "s3cret!"}, nil)
	}, 200)
	harness.Until(t, 10*time.Second, "there is load", func() error {
		if served.Load() < 50 {
			return errors.New("not yet")
		}
		return nil
	})
	begun := time.Now()
	s.Terminate()
	harness.Until(t, 3*time.Second, "readiness is down", func() error {
		if status, text := s.Ready(); status != 503 || !strings.Contains(text, "draining") {
			return fmt.Errorf("%d %s", status, text)
		}
		return nil
	})
	before := served.Load()
	harness.Until(t, 3*time.Second, "requests are served on", func() error {
		if served.Load() < before+20 {
			return errors.New("not yet")
		}
		return nil
	})
	r := s.API().Must(t, "GET", "/jwks.json", nil, nil).Want(t, 200)
	if !r.Close {
		t.Error("answers do not ask for a new connection while it drains")
	}
	// The load balancer has noticed: no new requests, before the listener closes.
	close(stop)
	wg.Wait()
	s.WaitExit(t, 0)
	if failed.Load() != 0 {
		t.Errorf("%d of %d requests failed; the first: %s", failed.Load(), served.Load(), *first.Load())
	}
	t.Logf("%d requests served, 0 failed; the process ended %v after SIGTERM", served.Load(), time.Since(begun).Round(time.Millisecond))
}

// TestHashStorm: a storm of sign-ins is shed with 503 and Retry-After, while everything that needs no hash is served.
func TestHashStorm(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"accounts.hash.memory": "64MiB", "accounts.hash.passes": 3, "accounts.hash.slots": 1, "accounts.hash.queue_wait": "100ms"}})
	s.SignUp(t, "stormy", "stormy@example.test", "s3cret!")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var shed, ok, other atomic.Int64
	for range 40 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r, err := s.API().Do("POST", "/api/login", object{"username": "stormy", "password": "s3cret!"}, nil)
				switch {
				case err == nil && r.Status == 200:
					ok.Add(1)
				case err == nil && r.Status == 503 && r.Header.Get("Retry-After") != "" && r.JSON["success"] == false:
					shed.Add(1)
				default:
					other.Add(1)
				}
			}
		})
	}
	var took []time.Duration
	a := s.API()
	begun := time.Now()
	for len(took) < 200 || shed.Load() < 20 {
		at := time.Now()
		a.Must(t, "GET", "/jwks.json", nil, nil).Want(t, 200)
		took = append(took, time.Since(at))
		if time.Since(begun) > 30*time.Second {
			break
		}
	}
	r := a.Must(t, "POST", "/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, harness.MachineSecret))
	r.Want(t, 200)
	close(stop)
	wg.Wait()
	if shed.Load() == 0 || other.Load() != 0 {
		t.Errorf("%d signed in, %d shed with 503, %d otherwise", ok.Load(), shed.Load(), other.Load())
	}
	if m := s.Metrics(t); m.Sum("latchkey_hash_shed_total") < float64(shed.Load()) {
		t.Errorf("latchkey_hash_shed_total %v, shed %d", m.Sum("latchkey_hash_shed_total"), shed.Load())
	}
	t.Logf("%d signed in, %d shed; JWKS meanwhile: median %v of %d", ok.Load(), shed.Load(), harness.Median(took), len(took))
	harness.Until(t, 20*time.Second, "signing in works again", func() error {
		r, err := s.API().Do("POST", "/api/login", object{"username": "stormy", "password": "s3cret!"}, nil)
		if err != nil || r.Status != 200 {
			return fmt.Errorf("%v %v", r, err)
		}
		return nil
	})
}
