package harness

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nginxConf is what is around docs/examples/nginx/replicas.conf.
const nginxConf = `
worker_processes 1;
%s
daemon off;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 1024; }
http {
  log_format one '$msec $status $upstream_status $request_method $uri $request_time';
  access_log access.log one;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  keepalive_requests 100;
%s
}
`

// Nginx is a real nginx with docs/examples/nginx/replicas.conf.
type Nginx struct {
	// URL is where clients find it.
	URL string
	dir string
}

// NewNginx reserves an address for an nginx. Start it once the issuer is configured with its URL.
func NewNginx(t testing.TB) *Nginx {
	t.Helper()
	dir, err := os.MkdirTemp("", "nginx-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &Nginx{URL: fmt.Sprintf("http://127.0.0.1:%d", Port(t)), dir: dir}
}

// Start starts it before three addresses, and waits until it listens. It is stopped when the test ends.
func (n *Nginx) Start(t testing.TB, backends [3]string) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // not on everybody's path
	}
	who := ""
	if os.Geteuid() == 0 {
		who = "user root;"
	}
	listen := strings.TrimPrefix(n.URL, "http://")
	conf := filepath.Join(n.dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, who, replicasConf(t, listen, backends)), 0o600); err != nil {
		t.Fatal(err)
	}
	out := &Buffer{}
	p, err := launch([]string{program, "-p", n.dir, "-c", conf, "-e", filepath.Join(n.dir, "error.log")}, n.dir, os.Environ(), out)
	if err != nil {
		t.Fatalf("nginx (run `make deps`): %v", err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	})
	Until(t, 10*time.Second, "nginx listens", func() error {
		select {
		case <-p.done:
			t.Fatalf("nginx ended: %v\n%s%s", p.err, out, n.Log("error.log"))
		default:
		}
		c, err := net.Dial("tcp4", listen)
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// replicasConf is the example with other addresses, and without TLS.
func replicasConf(t testing.TB, listen string, backends [3]string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(Root(), "docs/examples/nginx/replicas.conf"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for _, change := range [][2]string{
		{"10.0.0.11:8080", backends[0]}, {"10.0.0.12:8080", backends[1]}, {"10.0.0.13:8080", backends[2]}, {"listen 443 ssl;", "listen " + listen + ";"},
		{"ssl_certificate     /etc/ssl/id.crt;", ""}, {"ssl_certificate_key /etc/ssl/id.key;", ""},
	} {
		if strings.Count(text, change[0]) != 1 {
			t.Fatalf("replicas.conf does not say once %q", change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	return text
}

// Log is one of its logs: access.log or error.log.
func (n *Nginx) Log(name string) string {
	b, _ := os.ReadFile(filepath.Join(n.dir, name))
	return string(b)
}
