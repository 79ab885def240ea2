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

// nginxConf is what an ingress says to nginx: connections to the service are kept and used again, a request is sent to another backend only where it
// cannot have reached the first, and nothing is waited for long.
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
  upstream service {
    server %s max_fails=0;
    keepalive 16;
  }
  server {
    listen %s;
    location / {
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_next_upstream error timeout;
      proxy_connect_timeout 2s;
      proxy_read_timeout 30s;
    }
  }
}
`

// Nginx is a real nginx before a service.
type Nginx struct {
	// URL is where clients find it.
	URL string
	dir string
}

// NewNginx reserves an address for an nginx before front. Start it once the issuer is configured with its URL.
func NewNginx(t testing.TB) *Nginx {
	t.Helper()
	dir, err := os.MkdirTemp("", "nginx-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &Nginx{URL: fmt.Sprintf("http://127.0.0.1:%d", Port(t)), dir: dir}
}

// Start starts it, and waits until it listens. It is stopped when the test ends.
func (n *Nginx) Start(t testing.TB, front *Front) {
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
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, who, front.Address, listen), 0o600); err != nil {
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

// Log is one of its logs: access.log or error.log.
func (n *Nginx) Log(name string) string {
	b, _ := os.ReadFile(filepath.Join(n.dir, name))
	return string(b)
}
