package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/cmd/latchkey/doctor"
	"latchkey/e2e/harness"
)

// nginxTLS is an ingress; what is replaced are its lines about headers, caching and the like.
const nginxTLS = `
worker_processes 1;
%s
daemon off;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  proxy_cache_path cache keys_zone=keys:1m;
  large_client_header_buffers 4 16k;
  server {
    listen %s ssl;
    ssl_certificate %s;
    ssl_certificate_key %s;
    location / {
      proxy_pass http://%s;
      proxy_bind 127.0.0.3;
      proxy_http_version 1.1;
      %s
    }
  }
}
`

// good are the lines that docs/operations.md asks for.
const good = `
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Forwarded "";
      gzip on; gzip_proxied any; gzip_min_length 1; gzip_types application/json application/jwk-set+json;`

// TestDoctorThroughNginx runs the command as operators do, with a real nginx before the server.
func TestDoctorThroughNginx(t *testing.T) {
	front := fmt.Sprintf("127.0.0.1:%d", harness.Port(t))
	w := admit(t, map[string]any{"issuer": "https://" + front})
	dir := t.TempDir()
	cert, key, root := w.ca.write(t, dir, w.ca.make(t, leaf{name: "localhost", ips: []net.IP{net.IPv4(127, 0, 0, 1)}}))
	for _, row := range []struct {
		name, lines string
		want        []string
	}{
		{"as it should be", good, nil},
		{"without any line: Host is replaced, and X-Forwarded-For handed on", "", []string{"host warning: replaces Host", "forwarded problem: X-Forwarded-For of a stranger is believed"}},
		{"X-Forwarded-For is handed on as it comes", strings.ReplaceAll(good, "$proxy_add_x_forwarded_for", "$http_x_forwarded_for"),
			[]string{"forwarded problem: X-Forwarded-For of a stranger is believed"}},
		{"Forwarded is handed on as it comes", strings.ReplaceAll(good, `proxy_set_header Forwarded "";`, ""), []string{"forwarded warning: counts as 127.0.0.3"}},
		{"its own caching", good + `
      proxy_cache keys; proxy_cache_key "$http_host$request_uri"; proxy_cache_valid 200 1d; proxy_ignore_headers Cache-Control;
      proxy_hide_header Cache-Control; add_header Cache-Control "public, max-age=86400";`,
			[]string{"discovery problem: longer than keys.jwks_max_age", "jwks problem: longer than keys.jwks_max_age", "headers problem: Cache-Control"}},
		{"its own headers", good + `
      add_header X-Frame-Options SAMEORIGIN; add_header Content-Security-Policy "default-src 'self'"; proxy_hide_header Strict-Transport-Security;`,
			[]string{"headers warning: X-Frame-Options", "headers warning: comes twice", "headers problem: Strict-Transport-Security"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			startNginx(t, fmt.Sprintf(nginxTLS, "%s", front, cert, key, w.Config["server.listen"], row.lines), front)
			out, stderr, code := w.Run(t, "doctor", "-o", "json", "--ca-file", root, "--timeout", "5s")
			var said struct {
				Issuer   string
				Findings []doctor.Finding
			}
			if err := json.Unmarshal([]byte(out), &said); err != nil || said.Issuer != "https://"+front {
				t.Fatalf("%v: %s%s", err, out, stderr)
			}
			got := complaints(said.Findings)
			bad := doctor.Problems(said.Findings)
			if want := map[bool]int{true: 1, false: 0}[bad]; code != want {
				t.Errorf("exit status %d, want %d", code, want)
			}
			if !matches(got, row.want) {
				t.Errorf("complaints:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(row.want, "\n  "))
			}
		})
	}
}

// startNginx runs nginx with a configuration, in which the first %s is for who it runs as, until the test ends.
func startNginx(t *testing.T, conf, listen string) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // not on everybody's path
	}
	who := ""
	if os.Geteuid() == 0 {
		who = "user root;"
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(strings.Replace(conf, "%s", who, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	harness.Run(t, dir, program, "-p", dir, "-c", file, "-e", filepath.Join(dir, "error.log"))
	harness.Until(t, 10*time.Second, "nginx listens", func() error {
		c, err := net.Dial("tcp4", listen)
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// TestDoctorWhenHalfIsBroken: what hangs or is away keeps nothing else from being looked at, and the end comes in time.
func TestDoctorWhenHalfIsBroken(t *testing.T) {
	w := admit(t, nil)
	release := make(chan struct{})
	defer close(release)
	for _, row := range []struct {
		name string
		is   patient
	}{
		{"the ingress never answers", patient{before: func(http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-release:
				case <-r.Context().Done():
				}
			})
		}}},
		{"the name has no address", patient{look: nowhere}},
		{"the name server never answers", patient{look: deaf}},
		{"the issuer is no URL", patient{look: func(o *doctor.Options) { o.Issuer = "id.example.test" }}},
	} {
		t.Run(row.name, func(t *testing.T) {
			look := row.is.look
			row.is.look = func(o *doctor.Options) {
				o.Timeout = 2 * time.Second
				if look != nil {
					look(o)
				}
			}
			start := time.Now()
			all := w.examine(t, row.is)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			if !doctor.Problems(all) {
				t.Errorf("no problem: %q", complaints(all))
			}
			fine := map[string]bool{}
			for _, f := range all {
				fine[f.Check] = fine[f.Check] || f.Level == doctor.OK
			}
			for _, check := range []string{"settings", "ready", "admin", "keys", "sealing", "mail", "backup", "limits", "file"} {
				if !fine[check] {
					t.Errorf("%s was not looked at: %+v", check, all)
				}
			}
		})
	}
}
