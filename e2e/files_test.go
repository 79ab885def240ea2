package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

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
