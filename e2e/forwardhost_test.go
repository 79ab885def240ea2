package e2e

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"latchkey/e2e/harness"
)

// TestForwardAuthHost: the proxy's application is the one that is asked about, whatever host else a request names. A request has two of them where its
// target is a whole address (RFC 9112 §3.2.2), and proxies may choose by one and hand on the other.
func TestForwardAuthHost(t *testing.T) {
	cert := harness.NewCertificate(t, "hosts")
	type app struct{ wiki, notes, elsewhere string }
	var clients []map[string]any
	apps := map[string]app{}
	for _, name := range []string{"nginx", "caddy"} {
		port := harness.Port(t)
		a := app{fmt.Sprintf("localhost:%d", port), fmt.Sprintf("notes.example.test:%d", port), fmt.Sprintf("elsewhere.example.test:%d", port)}
		apps[name] = a
		rules := func(access string) []object { return []object{{"paths": []string{"/internal/*"}, "access": access}} }
		clients = append(clients, map[string]any{"client_id": "wiki-" + name, "forward_auth": object{"hosts": []string{a.wiki}, "rules": rules("deny")}},
			map[string]any{"client_id": "notes-" + name, "forward_auth": object{"hosts": []string{a.notes, a.elsewhere}, "rules": rules("public")}})
	}
	s := harness.Start(t, harness.Options{Clients: clients})
	latchkey, wiki := s.Config["server.listen"].(string), newWiki(t)
	nginxBefore(t, apps["nginx"].wiki, latchkey, wiki, cert, "notes.example.test")
	caddyBefore(t, apps["caddy"].wiki, latchkey, wiki, cert, apps["caddy"].notes)
	for name, a := range apps {
		for _, row := range []struct {
			name, target, host string
			passes             bool
		}{
			{"what is denied", "/internal/x", a.wiki, false},
			{"what is public elsewhere", "/internal/x", a.notes, true},
			{"RFC 9112 §3.2.2 a whole address, and another application's Host", "https://" + a.wiki + "/internal/x", a.notes, false},
			{"RFC 9112 §3.2.2 a whole address without port, and another application's Host", "https://localhost/internal/x", a.notes, false},
			{"a whole address with its Host", "https://" + a.notes + "/internal/x", a.notes, true},
			{"a Host that the proxy does not have", "/internal/x", a.elsewhere, false},
			{"a Host with a dot at its end", "/internal/x", strings.Replace(a.notes, ":", ".:", 1), name == "nginx"}, // which judges by its own name
			{"another port in Host", "/internal/x", "localhost:1", false},
		} {
			status, body := rawGet(t, a.wiki, row.target, row.host)
			if seen := strings.Contains(body, `"path"`); seen != row.passes {
				t.Errorf("%s, %s: %d %s", name, row.name, status, body)
			}
		}
	}
}

// TestForwardAuthOpenUsernames: the log says which applications know people by names that anybody may take.
func TestForwardAuthOpenUsernames(t *testing.T) {
	app := func(id, user string) map[string]any {
		return map[string]any{"client_id": id, "forward_auth": object{"hosts": []string{id + ".example.test"}, "user": user}}
	}
	for signup, want := range map[string]int{"open": 1, "closed": 0} {
		s := harness.Start(t, harness.Options{Clients: []map[string]any{app("named", "username"), app("numbered", "sub"), app("addressed", "email")}, Config: map[string]any{"accounts.signup": signup}})
		warned := 0
		for line := range strings.Lines(s.Logs()) {
			if strings.Contains(line, "application knows people by usernames") && strings.Contains(line, `"client_id":"named"`) && strings.Contains(line, `"WARN"`) {
				warned++
			}
		}
		if warned != want || strings.Count(s.Logs(), "application knows people") != want {
			t.Errorf("%s: %d warnings: %s", signup, warned, s.Logs())
		}
	}
}

// TestIngressSnippet: ingress-nginx hands on the Host header, so that its example refuses whoever's is not the server's name. Real nginx reads it.
func TestIngressSnippet(t *testing.T) {
	cert := harness.NewCertificate(t, "snippet")
	var ingress struct {
		Metadata struct{ Annotations map[string]string }
	}
	if err := yaml.NewDecoder(strings.NewReader(exampleFile(t, "nginx/ingress.yaml"))).Decode(&ingress); err != nil {
		t.Fatal(err)
	}
	snippet := ingress.Metadata.Annotations["nginx.ingress.kubernetes.io/server-snippet"]
	port := harness.Port(t)
	listen := fmt.Sprintf("127.0.0.1:%d", port)
	server := func(name, inside string) string {
		return "server { listen " + listen + " ssl; server_name " + name + "; ssl_certificate " + cert.CertFile + "; ssl_certificate_key " + cert.KeyFile + ";\n" + inside + "\nlocation / { return 200 passed; } }\n"
	}
	runNginx(t, listen, server("localhost", snippet)+server("notes.example.test", ""))
	for _, row := range []struct {
		name, target, host, want string
		status                   int
	}{
		{"its own", "/", "localhost", "passed", 200},
		{"RFC 9112 §3.2.2 a whole address, and another Host", "https://localhost/", "notes.example.test", "", http.StatusMisdirectedRequest},
		{"a Host that is not there", "/", "elsewhere.example.test", "", http.StatusMisdirectedRequest},
		{"another server", "/", "notes.example.test", "passed", 200},
	} {
		if status, body := rawGet(t, listen, row.target, row.host); status != row.status || !strings.Contains(body, row.want) {
			t.Errorf("%s: %d %s", row.name, status, body)
		}
	}
}

// rawGet asks for target as it is, with a Host of its own, over TLS to localhost. The certificate is not what it is about.
func rawGet(t *testing.T, address, target, host string) (status int, body string) {
	t.Helper()
	d := &net.Dialer{Timeout: 5 * time.Second}
	c, err := tls.DialWithDialer(d, "tcp4", strings.Replace(address, "localhost", "127.0.0.1", 1), &tls.Config{ServerName: "localhost", InsecureSkipVerify: true}) // #nosec G402 -- to ourselves
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", target, host); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(raw)
}
