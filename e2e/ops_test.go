package e2e

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
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

// TestStandby: a second process on the same file waits, says so, and takes over when the first is killed.
func TestStandby(t *testing.T) {
	dir := shortDir(t)
	store := filepath.Join(dir, "shared.db")
	key := filepath.Join(dir, "sealing.key")
	first := harness.Start(t, harness.Options{Config: object{"storage.bolt.path": store}})
	copyFile(t, first.SealingKey, key)
	second := harness.Start(t, harness.Options{Config: object{"storage.bolt.path": store, "keys.sealing_key_file": key, "issuer": first.Issuer}, Later: true})
	token := first.SignUp(t, "standby", "standby@example.test", "s3cret!")
	second.Launch(t)
	harness.Until(t, 20*time.Second, "the second says that it stands by", func() error {
		if status, text := second.Ready(); status != 503 || !strings.Contains(text, "standby") {
			return fmt.Errorf("%d %s", status, text)
		}
		return nil
	})
	first.Kill()
	begun := time.Now()
	second.WaitReady(t)
	t.Logf("the stand-by took over after %v", time.Since(begun).Round(time.Millisecond))
	a := second.API()
	a.Base = "http://" + second.Config["server.listen"].(string)
	a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 200)
	second.Stop(t)
	// One that stands by ends at once when it is told to.
	first.Launch(t)
	first.WaitReady(t)
	second.Launch(t)
	harness.Until(t, 20*time.Second, "the second stands by again", func() error {
		if _, text := second.Ready(); !strings.Contains(text, "standby") {
			return errors.New(text)
		}
		return nil
	})
	second.Stop(t)
}

func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestCertificateReload: a new certificate is served without a restart, and a broken one is not.
func TestCertificateReload(t *testing.T) {
	t.Parallel()
	one, two := harness.NewCertificate(t, "one"), harness.NewCertificate(t, "two")
	dir := shortDir(t)
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	one.Write(t, cert, key)
	s := harness.Start(t, harness.Options{Scheme: "https", Config: object{"server.tls.cert_file": cert, "server.tls.key_file": key}})
	name := func(pool *harness.Certificate) (string, string, error) {
		c, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", strings.TrimPrefix(s.Issuer, "https://"), &tls.Config{RootCAs: pool.Pool, NextProtos: []string{"h2"}})
		if err != nil {
			return "", "", err
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName, c.ConnectionState().NegotiatedProtocol, nil
	}
	if n, proto, err := name(one); n != "one" || proto != "h2" {
		t.Fatalf("certificate %q, protocol %q, %v", n, proto, err)
	}
	h := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: one.Pool}, ForceAttemptHTTP2: true}}
	res, err := h.Get(s.Issuer + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Strict-Transport-Security") == "" || res.ProtoMajor != 2 {
		t.Errorf("%s %d, HSTS %q", res.Proto, res.StatusCode, res.Header.Get("Strict-Transport-Security"))
	}
	two.Write(t, cert, key)
	harness.Until(t, 20*time.Second, "the new certificate is served", func() error {
		n, _, err := name(two)
		if n != "two" {
			return fmt.Errorf("%q %v", n, err)
		}
		return nil
	})
	if err := os.WriteFile(cert, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	harness.Until(t, 20*time.Second, "the broken certificate is logged", func() error {
		if !strings.Contains(s.Logs(), "TLS certificate not usable") {
			return errors.New("no such line")
		}
		return nil
	})
	if n, _, err := name(two); n != "two" {
		t.Errorf("after a broken file: %q %v", n, err)
	}
}

// TestClientsFolder: what changes in clients_dir counts without a restart.
func TestClientsFolder(t *testing.T) {
	dir := shortDir(t)
	s := harness.Start(t, harness.Options{Config: object{"clients_dir": dir}})
	a := s.API()
	token := func(secret string) int {
		return a.Must(t, "POST", "/token", form("grant_type", "client_credentials"), harness.Basic("from-folder", secret)).Status
	}
	write := func(text string) {
		t.Helper()
		tmp := filepath.Join(dir, ".new")
		if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(tmp, filepath.Join(dir, "one.yaml")); err != nil {
			t.Fatal(err)
		}
	}
	becomes := func(what, secret string, status int) {
		t.Helper()
		harness.Until(t, 20*time.Second, what, func() error {
			if got := token(secret); got != status {
				return fmt.Errorf("status %d", got)
			}
			return nil
		})
	}
	client := func(secrets ...string) string {
		text := "client_id: from-folder\ngrant_types: [client_credentials]\nscope: read\nsecrets:\n"
		for _, s := range secrets {
			text += "  - value: " + s + "\n"
		}
		return text
	}
	first, second := "first-secret-"+harness.Random(30), "second-secret-"+harness.Random(30)
	if got := token(first); got != 401 {
		t.Fatalf("unknown client: %d", got)
	}
	write(client(first))
	becomes("the client is known", first, 200)
	write(client(first, second)) // two live secrets, so that one can be rotated
	becomes("the second secret is known", second, 200)
	if got := token(first); got != 200 {
		t.Errorf("the first secret: %d", got)
	}
	write(client(second))
	becomes("the first secret is gone", first, 401)
	write("client_id: [broken")
	harness.Until(t, 20*time.Second, "the fault is counted", func() error {
		if s.Metrics(t).Sum("latchkey_client_files_failed_total") < 1 {
			return errors.New("not yet")
		}
		return nil
	})
	if got := token(second); got != 200 {
		t.Errorf("with a broken file its client stays: %d", got)
	}
	if err := os.Remove(filepath.Join(dir, "one.yaml")); err != nil {
		t.Fatal(err)
	}
	becomes("the client is gone with its file", second, 401)
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

// TestDiskFull: on a full disk reads go on and writes answer 503 with Retry-After; when there is space again, all works without a restart.
func TestDiskFull(t *testing.T) {
	dir := shortDir(t)
	disk := filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	// A file system of its own, in a mount namespace of its own. Who is not root gets it by way of a user namespace.
	wrap := []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		wrap = append(wrap, "--user", "--map-root-user")
	}
	wrap = append(wrap, "sh", "-c", `mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"`, disk)
	s := harness.Start(t, harness.Options{Wrap: wrap, Config: object{"storage.bolt.path": filepath.Join(disk, "latchkey.db")}})
	token := s.SignUp(t, "before", "before@example.test", "s3cret!")
	inside := fmt.Sprintf("/proc/%d/root%s", s.PID(), disk)
	filler, err := os.Create(filepath.Join(inside, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = filler.Write(block)
	}
	_ = filler.Close()
	a := s.API()
	var r *harness.Reply
	// The store's file may have pages left: it is full when a write fails.
	for i := range 400 {
		r = s.API().Must(t, "POST", "/api/signup", object{"username": fmt.Sprintf("full_%d", i), "email": fmt.Sprintf("full%d@example.test", i), "password": "s3cret!"}, nil)
		if r.Status != 201 {
			break
		}
	}
	if r.Status != 503 || r.Header.Get("Retry-After") == "" {
		t.Fatalf("a write on a full disk: %d %v %.300s", r.Status, r.Header, r.Raw)
	}
	checkError(t, r, "")
	a.Must(t, "GET", "/jwks.json", nil, nil).Want(t, 200)
	a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 200)
	a.Must(t, "POST", "/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, harness.MachineSecret)).Want(t, 200)
	if err := os.Remove(filepath.Join(inside, "filler")); err != nil {
		t.Fatal(err)
	}
	harness.Until(t, 20*time.Second, "writes work again", func() error {
		r, err := s.API().Do("POST", "/api/signup", object{"username": "after", "email": "after@example.test", "password": "s3cret!"}, nil)
		if err != nil || r.Status != 201 {
			return fmt.Errorf("%v %v", r, err)
		}
		return nil
	})
	a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 200)
	s.Stop(t)
}

// TestDevelopmentMode is what `make run` does: no configuration asked.
func TestDevelopmentMode(t *testing.T) {
	dir := shortDir(t)
	port, ops := harness.Port(t), harness.Port(t)
	issuer := fmt.Sprintf("http://localhost:%d", port)
	p := harness.RunServer(t, dir, []string{fmt.Sprintf("LATCHKEY_SERVER_LISTEN=127.0.0.1:%d", port), fmt.Sprintf("LATCHKEY_SERVER_OPS_LISTEN=127.0.0.1:%d", ops), "LATCHKEY_ISSUER=" + issuer}, "serve", "--dev")
	a := &harness.API{Base: fmt.Sprintf("http://127.0.0.1:%d", port), HTTP: &http.Client{Timeout: 10 * time.Second}}
	harness.Until(t, 30*time.Second, "the issuer serves", func() error {
		if p.Ended() {
			t.Fatalf("it ended:\n%s", p.Output())
		}
		r, err := a.Do("GET", "/.well-known/openid-configuration", nil, nil)
		if err != nil || r.Status != 200 {
			return fmt.Errorf("%v %v", r, err)
		}
		return nil
	})
	harness.Until(t, 10*time.Second, "the addresses are printed", func() error {
		for _, want := range []string{issuer + "/signup", issuer + "/account", issuer + "/demo", issuer + "/dev/mail", issuer + "/jwks.json", "/metrics", "curl "} {
			if !strings.Contains(p.Output(), want) {
				return fmt.Errorf("no %s in:\n%s", want, p.Output())
			}
		}
		return nil
	})
	for _, path := range []string{"/demo", "/dev/mail", "/signup", "/login"} {
		if r := a.Must(t, "GET", path, nil, nil); r.Status != 200 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
	a.Must(t, "POST", "/api/signup", object{"username": "ada", "email": "ada@example.com", "password": "correct horse battery"}, nil).Want(t, 201)
	harness.Until(t, 10*time.Second, "the mailbox shows the mail", func() error {
		if r := a.Must(t, "GET", "/dev/mail", nil, nil); !strings.Contains(string(r.Raw), "ada@example.com") {
			return errors.New("not yet")
		}
		return nil
	})
	p.Stop(t)
}

// TestBrokenConfiguration: every fault at once, one line each, exit code 78, before any port is bound.
func TestBrokenConfiguration(t *testing.T) {
	s := harness.Start(t, harness.Options{Later: true, Config: object{"issuer": "http://idp.example.test", "server.listne": ":1", "tokens.access_ttl": "soon", "keys.rotate_every": "1s"}})
	out, bad, code := harness.RunBinary(t, s.Dir, nil, "serve", "--config", s.ConfigFile)
	if code != 78 {
		t.Errorf("exit code %d", code)
	}
	for _, key := range []string{"issuer", "listne", "tokens.access_ttl"} {
		if n := strings.Count(out+bad, key); n < 1 {
			t.Errorf("no line names %s:\n%s%s", key, out, bad)
		}
	}
	if status, _ := s.Ready(); status != 0 {
		t.Error("a port was bound")
	}
}

// TestCommands against the running server and against the store that nobody holds.
func TestCommands(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	run := func(args ...string) object {
		t.Helper()
		out, bad, code := s.Run(t, append(args, "--output", "json")...)
		if code != 0 {
			t.Fatalf("latchkey %s: exit code %d: %s%s", strings.Join(args, " "), code, out, bad)
		}
		var v object
		if err := json.Unmarshal([]byte(out), &v); err != nil {
			v = object{"list": out}
		}
		return v
	}
	a := s.API()
	s.SignUp(t, "commanded", "commanded@example.test", "s3cret!")
	both := func(name string) {
		if u := run("users", "show", "commanded"); u["username"] != "commanded" {
			t.Errorf("%s: users show: %v", name, u)
		}
		if out, _, code := s.Run(t, "users", "list"); code != 0 || !strings.Contains(out, "commanded") {
			t.Errorf("%s: users list: %d %s", name, code, out)
		}
		if out, _, code := s.Run(t, "keys", "list"); code != 0 || !strings.Contains(out, "RS256") || !strings.Contains(out, "EdDSA") {
			t.Errorf("%s: keys list: %d %s", name, code, out)
		}
		if out, _, code := s.Run(t, "clients", "list"); code != 0 {
			t.Errorf("%s: clients list: %d %s", name, code, out)
		}
		if _, bad, code := s.Run(t, "users", "show", "nobody"); code == 0 || strings.Contains(bad, "goroutine") {
			t.Errorf("%s: users show nobody: %d %s", name, code, bad)
		}
	}
	both("running")
	run("users", "disable", "commanded")
	a.Must(t, "POST", "/api/login", object{"username": "commanded", "password": "s3cret!"}, nil).Want(t, 401)
	s.Stop(t)
	both("stopped")
	s.Launch(t)
	s.WaitReady(t)
	a.Must(t, "POST", "/api/login", object{"username": "commanded", "password": "s3cret!"}, nil).Want(t, 401)
	if out, bad, code := s.Run(t, "config", "check"); code != 0 {
		t.Errorf("config check: %d %s%s", code, out, bad)
	}
	out, _, code := s.Run(t, "config", "show")
	if code != 0 || !strings.Contains(out, s.Issuer+"/jwks.json") || len(s.Secrets.In([]byte(out))) != 0 {
		t.Errorf("config show: %d, secrets %v", code, s.Secrets.In([]byte(out)))
	}
	if out, _, code := harness.RunBinary(t, s.Dir, nil, "version"); code != 0 || out == "" {
		t.Errorf("version: %d %s", code, out)
	}
}
