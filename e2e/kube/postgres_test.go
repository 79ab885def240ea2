//go:build kube

package kube

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const machine = `
- client_id: machine
  client_name: Machine
  secrets: [{value_file: /etc/latchkey/client-secrets/machine/secret}]
  grant_types: [client_credentials]
  scope: read
`

// database starts PostgreSQL on the machine beside the cluster, with a password.
func (c *cluster) database() {
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(programs) == 0 {
		c.t.Fatal("no PostgreSQL")
	}
	bin, dir := programs[len(programs)-1], c.path("postgres")
	for _, d := range []string{c.work, dir} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := os.Chmod(c.work, 0o755); err != nil { // the database's user has to get there
		c.t.Fatal(err)
	}
	c.must("chown", "postgres", dir)
	as := []string{"-u", "postgres", "--"}
	c.must("runuser", append(as, bin+"/initdb", "-D", dir+"/data", "-A", "scram-sha-256", "--pwfile", c.write("pg.password", "database-password\n"))...)
	hba, err := os.OpenFile(dir+"/data/pg_hba.conf", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := hba.WriteString("host all all 10.88.0.0/24 scram-sha-256\nhost all all 10.99.0.0/24 scram-sha-256\n"); err != nil {
		c.t.Fatal(err)
	}
	_ = hba.Close()
	c.start("postgres", "runuser", append(as, bin+"/postgres", "-D", dir+"/data", "-c", "listen_addresses="+nodeIP, "-k", dir)...)
	psql := func(sql string) error {
		cmd := exec.Command(bin+"/psql", "postgres://postgres:database-password@"+nodeIP+"/postgres", "-c", sql)
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	}
	c.until("PostgreSQL does not answer", time.Minute, func() error { return psql("SELECT 1") })
	for _, sql := range []string{"CREATE ROLE latchkey LOGIN PASSWORD 'latchkey-password'", "CREATE DATABASE latchkey OWNER latchkey"} {
		if err := psql(sql); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *cluster) installPostgres() {
	c.database()
	c.tlsSecret("ha")
	c.kubectl("-n", "ha", "create", "secret", "generic", "database", "--from-literal=url=postgres://latchkey:latchkey-password@postgres.example.com/latchkey")
	c.kubectl("-n", "ha", "create", "secret", "generic", "machine", "--from-literal=secret=machine-secret-0123456789abcdefghijklmnop")
	values := c.write("postgres.yaml", common+`
replicas: 3
storage: {driver: postgres}
secrets: {postgresUrl: {existingSecret: database}}
clients:
  secretFiles: [machine]
  files:
    machine.yaml:
`+indent(c.example("kubectl/client.yaml")+machine, "      "))
	start := time.Now()
	c.must("helm", "install", "id", "charts/latchkey", "-n", "ha", "-f", values, "--wait", "--timeout", "4m")
	c.t.Logf("helm install --wait took %s", time.Since(start).Round(time.Second/10))
	c.known("ha", "id-latchkey")
	c.t.Log(c.must("helm", "test", "id", "-n", "ha", "--timeout", "2m"))
	c.t.Log(c.kubectl("-n", "ha", "get", "pods,service,poddisruptionbudget", "-o", "wide"))
}

// load asks through the Service without end, and counts what goes wrong.
type load struct {
	done, failed atomic.Int64
	first        atomic.Value
	stop         chan struct{}
	wait         sync.WaitGroup
}

func (l *load) ask(client *http.Client, try func(*http.Client) error) {
	l.wait.Go(func() {
		for {
			select {
			case <-l.stop:
				return
			default:
			}
			l.done.Add(1)
			if err := try(client); err != nil {
				l.failed.Add(1)
				l.first.CompareAndSwap(nil, fmt.Sprintf("%s: %v", time.Now().UTC().Format(time.TimeOnly), err))
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

func answered(res *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status + " " + string(body))
	}
	return err
}

// renew exchanges a refresh token for the next one, each of which is good once.
func renew(h *http.Client, refresh string) (string, error) {
	res, err := h.PostForm(issuer+"/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"kubernetes"}, "refresh_token": {refresh}})
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Next  string `json:"refresh_token"`
		Error string `json:"error"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Next == "" {
		return "", fmt.Errorf("%s %s: %v", res.Status, answer.Error, err)
	}
	return answer.Next, nil
}

// rollingUpdate: every pod is replaced while keys are fetched, pages shown and tokens made and renewed, over kept connections and over new
// ones. No request may fail, and none is tried again.
func (c *cluster) rollingUpdate() {
	l := &load{stop: make(chan struct{})}
	tries := []func(*http.Client) error{
		func(h *http.Client) error { return answered(h.Get(issuer + "/jwks.json")) },
		func(h *http.Client) error { return answered(h.Get(issuer + "/login")) },
		func(h *http.Client) error {
			r, err := http.NewRequest(http.MethodPost, issuer+"/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode()))
			if err != nil {
				return err
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.SetBasicAuth("machine", "machine-secret-0123456789abcdefghijklmnop")
			return answered(h.Do(r))
		},
	}
	for _, try := range tries {
		for _, fresh := range []bool{false, true} {
			for _, proto := range []bool{true, false} {
				transport := &http.Transport{DisableKeepAlives: fresh, ForceAttemptHTTP2: proto, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
				l.ask(&http.Client{Transport: transport, Timeout: 15 * time.Second}, try)
			}
		}
	}
	c.inside("ha", "deployment", password+"\n", "users", "create", "--username", "ada", "--email", "ada@example.com")
	_, refresh := c.signIn("kubernetes", "ada")
	renewed := atomic.Int64{}
	l.ask(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 15 * time.Second}, func(h *http.Client) error {
		next, err := renew(h, refresh)
		if err == nil {
			refresh = next
			renewed.Add(1)
		}
		return err
	})
	before := c.kubectl("-n", "ha", "get", "pods", "-o", "name")
	for _, tag := range []string{"v2", "v1"} {
		start := time.Now()
		c.must("helm", "upgrade", "id", "charts/latchkey", "-n", "ha", "-f", c.path("postgres.yaml"), "--set", "image.tag="+tag, "--wait", "--timeout", "6m")
		c.t.Logf("helm upgrade --wait to %s took %s", tag, time.Since(start).Round(time.Second/10))
	}
	time.Sleep(15 * time.Second) // until the last of the former pods is gone
	close(l.stop)
	l.wait.Wait()
	after := c.kubectl("-n", "ha", "get", "pods", "-o", "name")
	for name := range strings.FieldsSeq(before) {
		if strings.Contains(after, name) {
			c.t.Errorf("%s was not replaced", name)
		}
	}
	c.t.Logf("%d requests over two rolling updates of 3 pods, %d of them a chain of refresh tokens, %d failed", l.done.Load(), renewed.Load(), l.failed.Load())
	if l.failed.Load() > 0 || l.done.Load() < 1000 || renewed.Load() < 50 {
		c.t.Errorf("first: %v", l.first.Load())
	}
}

func (c *cluster) removePostgres() {
	c.must("helm", "uninstall", "id", "-n", "ha", "--wait", "--timeout", "3m")
	c.left("ha", "secret/database", "secret/id-latchkey-sealing-key", "secret/id-tls", "secret/machine")
}
