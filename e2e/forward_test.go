package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/net/websocket"

	"latchkey/e2e/harness"
)

// newWiki is an application that knows nothing of OpenID Connect: it shows what it was sent, and echoes on a WebSocket.
func newWiki(t *testing.T) string {
	mux := http.NewServeMux()
	mux.Handle("/ws", websocket.Server{Handler: func(c *websocket.Conn) { _, _ = io.Copy(c, c) }})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen := object{"path": r.RequestURI, "method": r.Method, "body": string(body)}
		for _, name := range []string{"Remote-User", "Remote-Email", "Remote-Name", "Remote-Groups"} {
			seen[name] = strings.Join(r.Header.Values(name), "|")
		}
		raw, _ := json.Marshal(seen)
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(raw)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, "<!doctype html><title>Wiki</title><pre id=seen>%s</pre>", html.EscapeString(string(raw)))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// proxied is one proxy before the wiki, by its example.
type proxied struct{ name, host string }

// nginxBefore runs Debian's nginx with docs/examples/nginx/wiki.conf, once more for each other name.
func nginxBefore(t *testing.T, host, latchkey, wiki string, cert *harness.Certificate, names ...string) {
	listen := strings.Replace(host, "localhost", "127.0.0.1", 1)
	text := strings.NewReplacer("listen 443 ssl", "listen "+listen+" ssl", "/etc/ssl/wiki.crt", cert.CertFile,
		"/etc/ssl/wiki.key", cert.KeyFile, "127.0.0.1:8080", latchkey, "127.0.0.1:3000", wiki).Replace(exampleFile(t, "nginx/wiki.conf"))
	once, server, _ := strings.Cut(text, "\nserver {")
	for _, name := range append([]string{"localhost"}, names...) {
		once += "\nserver {" + strings.ReplaceAll(server, "wiki.example.com", name)
	}
	runNginx(t, listen, once)
}

// runNginx runs Debian's nginx with what stands in http { }.
func runNginx(t *testing.T, listen, http string) {
	dir := t.TempDir()
	who := ""
	if os.Geteuid() == 0 {
		who = "user root;"
	}
	conf := filepath.Join(dir, "nginx.conf")
	text := who + "\ndaemon off; worker_processes 1; pid nginx.pid; error_log stderr warn;\nevents { worker_connections 256; }\nhttp {\naccess_log off;\n" +
		"client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;\n" + http + "\n}\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // not on everybody's path
	}
	harness.Run(t, dir, program, "-p", dir, "-c", conf, "-e", "stderr")
	proxyListens(t, listen)
}

// caddyBefore runs Debian's Caddy with docs/examples/caddy/Caddyfile, once more for each other host.
func caddyBefore(t *testing.T, host, latchkey, wiki string, cert *harness.Certificate, hosts ...string) {
	dir, sites := t.TempDir(), ""
	for _, h := range append([]string{host}, hosts...) {
		sites += strings.NewReplacer("wiki.example.com {", "https://"+h+" {\n\ttls "+cert.CertFile+" "+cert.KeyFile, "127.0.0.1:8080", latchkey, "127.0.0.1:3000", wiki).
			Replace(exampleFile(t, "caddy/Caddyfile"))
	}
	conf := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(conf, []byte("{\n\tadmin off\n\tauto_https off\n}\n"+sites), 0o600); err != nil {
		t.Fatal(err)
	}
	harness.Run(t, dir, "env", "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir, "caddy", "run", "--adapter", "caddyfile", "--config", conf)
	proxyListens(t, host)
}

func proxyListens(t *testing.T, host string) {
	harness.Until(t, 15*time.Second, "the proxy listens", func() error {
		c, err := net.Dial("tcp4", strings.Replace(host, "localhost", "127.0.0.1", 1))
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// wikiClient is the client of the wiki at these hosts.
func wikiClient(hosts ...string) map[string]any {
	return map[string]any{"client_id": "wiki", "client_name": "Wiki", "forward_auth": object{"hosts": hosts, "rules": []object{
		{"paths": []string{"/static/*", "/healthz"}, "methods": []string{"GET"}, "access": "public"}, {"paths": []string{"/admin/*"}, "groups": []string{"admins"}},
	}}}
}

// TestForwardAuth: real proxies with the files of docs/examples, a real browser, and an application that only reads headers.
func TestForwardAuth(t *testing.T) {
	cert := harness.NewCertificate(t, "proxies")
	proxies := []proxied{{"nginx", fmt.Sprintf("localhost:%d", harness.Port(t))}, {"caddy", fmt.Sprintf("localhost:%d", harness.Port(t))}}
	s := harness.Start(t, harness.Options{Clients: []map[string]any{wikiClient(proxies[0].host, proxies[1].host)}})
	latchkey, wiki := s.Config["server.listen"].(string), newWiki(t)
	nginxBefore(t, proxies[0].host, latchkey, wiki, cert)
	caddyBefore(t, proxies[1].host, latchkey, wiki, cert)
	s.SignUp(t, personName, "ada@example.test", personPassword)
	s.SignUp(t, "grace", "grace@example.test", personPassword)
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			runNode(t, "forward.mjs", object{"issuer": s.Issuer, "wiki": "https://" + p.host, "login": personName, "password": personPassword, "chromium": "/usr/bin/chromium"},
				func(object) any {
					for _, verb := range []string{"disable", "enable"} { // her sessions end, and she can come back
						if _, stderr, code := s.Run(t, "users", verb, personName); code != 0 {
							t.Errorf("users %s: %s", verb, stderr)
						}
					}
					return object{}
				})
		})
	}
}

// TestForwardAuthShapes sends what proxies that are not there would send, each in the words of its own documentation: Traefik, Envoy and ingress-nginx.
func TestForwardAuthShapes(t *testing.T) {
	s := harness.Start(t, harness.Options{Clients: []map[string]any{wikiClient("wiki.example.test")}})
	listen := "http://" + s.Config["server.listen"].(string)
	const answer = "https://wiki.example.test/.latchkey/sign-in?rd=%2Fpage%3Fx%3D1"
	navigation := map[string]string{"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
	traefik := map[string]string{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "wiki.example.test", "X-Forwarded-Method": "GET", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https",
		"X-Forwarded-Server": "traefik-0", "X-Forwarded-Uri": "/page?x=1", "X-Real-Ip": "203.0.113.9"}
	ingress := map[string]string{"X-Request-ID": "1", "X-Original-URL": "https://wiki.example.test/page?x=1", "X-Original-Method": "GET", "X-Sent-From": "nginx-ingress-controller",
		"X-Real-IP": "203.0.113.9", "X-Forwarded-For": "203.0.113.9", "X-Auth-Request-Redirect": "/page?x=1"}
	for _, row := range []struct {
		name, method, path, host string
		header                   map[string]string
		status                   int
		location                 string
	}{
		{"Traefik, by its own name for us", "GET", "/forward-auth", "latchkey:8080", traefik, 302, answer},
		{"Traefik, a script", "GET", "/forward-auth", "latchkey:8080", withHeader(traefik, "Sec-Fetch-Mode", "cors"), 401, ""},
		{"Traefik, a form", "GET", "/forward-auth", "latchkey:8080", withHeader(traefik, "X-Forwarded-Method", "POST"), 401, ""},
		{"Traefik, public", "GET", "/forward-auth", "latchkey:8080", withHeader(traefik, "X-Forwarded-Uri", "/static/x"), 200, ""},
		{"Traefik, a browser that sends nginx's headers", "GET", "/forward-auth", "latchkey:8080", withHeader(traefik, "X-Original-URL", "https://wiki.example.test/static/x"), 302, answer},
		{"Envoy", "GET", "/forward-auth/envoy/page?x=1", "wiki.example.test", map[string]string{"X-Forwarded-Proto": "https"}, 302, answer},
		{"Envoy, a form", "POST", "/forward-auth/envoy/page?x=1", "wiki.example.test", map[string]string{"X-Forwarded-Proto": "https"}, 401, ""},
		{"Envoy, public", "GET", "/forward-auth/envoy/static/x", "wiki.example.test", map[string]string{"X-Forwarded-Proto": "https"}, 200, ""},
		{"Envoy, out of what is public", "GET", "/forward-auth/envoy/static/%2e%2e/page", "wiki.example.test", map[string]string{"X-Forwarded-Proto": "https"}, 302,
			"https://wiki.example.test/.latchkey/sign-in?rd=%2Fstatic%2F%252e%252e%2Fpage"},
		{"ingress-nginx", "GET", "/forward-auth/nginx", "latchkey.latchkey.svc.cluster.local:8080", ingress, 401, answer},
		{"ingress-nginx, public", "GET", "/forward-auth/nginx", "latchkey.latchkey.svc.cluster.local:8080", withHeader(ingress, "X-Original-URL", "https://wiki.example.test/static/x"), 200, ""},
	} {
		req, err := http.NewRequest(row.method, listen+row.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = row.host
		for _, all := range []map[string]string{navigation, row.header} {
			for name, v := range all {
				req.Header.Set(name, v)
			}
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != row.status || res.Header.Get("Location") != row.location || bytes.Contains(body, []byte("trusted")) {
			t.Errorf("%s: %d %q %s", row.name, res.StatusCode, res.Header.Get("Location"), body)
		}
		if _, there := res.Header["Remote-User"]; there != (row.status == 200) {
			t.Errorf("%s: headers %v", row.name, res.Header)
		}
	}
}

// TestProxyExamples: what cannot be run here is at least what it says it is, and asks the addresses that are served.
func TestProxyExamples(t *testing.T) {
	for name, want := range map[string][]string{
		"traefik/wiki.yaml":  {"http://127.0.0.1:8080/forward-auth\n", "PathPrefix(`/.latchkey/`)"},
		"envoy/wiki.yaml":    {"path_prefix: /forward-auth/envoy\n", "prefix: /.latchkey/"},
		"nginx/ingress.yaml": {"if ($http_host != $server_name)", ":8080/forward-auth/nginx\n", "https://$host/.latchkey/sign-in\n", "path: /.latchkey/"},
		"workload/pod.yaml":  {"audience: https://id.example.com"},
	} {
		text := exampleFile(t, name)
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q", name, part)
			}
		}
		in := yaml.NewDecoder(strings.NewReader(text))
		for {
			var doc object
			if err := in.Decode(&doc); errors.Is(err, io.EOF) {
				break
			} else if err != nil || len(doc) == 0 {
				t.Fatalf("%s: %v", name, err)
			}
		}
		for _, header := range []string{"Remote-User", "Remote-Email", "Remote-Name", "Remote-Groups"} {
			if !strings.HasPrefix(name, "workload/") && !strings.Contains(strings.ToLower(text), strings.ToLower(header)) {
				t.Errorf("%s leaves %s to the browser", name, header)
			}
		}
	}
}

// TestForwardAuthTrust: whoever is no proxy of the operator's gets no answer, and the log says why.
func TestForwardAuthTrust(t *testing.T) {
	s := harness.Start(t, harness.Options{Clients: []map[string]any{wikiClient("wiki.example.test")}, Config: map[string]any{"server.trusted_proxies": []string{"10.0.0.0/8"}}})
	for _, path := range []string{"/forward-auth", "/.latchkey/sign-in", "/.latchkey/callback", "/.latchkey/sign-out"} {
		r := s.API().Must(t, "GET", path, nil, map[string]string{"X-Forwarded-Method": "GET", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "wiki.example.test", "X-Forwarded-Uri": "/static/x"})
		if r.Status != http.StatusForbidden {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
	harness.Until(t, 10*time.Second, "the log says why", func() error { // lines of requests are written together
		if !strings.Contains(s.Logs(), "the peer is not in server.trusted_proxies") {
			return errors.New("it does not")
		}
		return nil
	})
}

func withHeader(m map[string]string, name, value string) map[string]string {
	m = maps.Clone(m)
	m[name] = value
	return m
}
