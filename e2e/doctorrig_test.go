package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/cmd/latchkey/doctor"
	"latchkey/e2e/harness"
	"latchkey/storage/postgres"
)

const (
	// doctorHost is the issuer's in the table; its connections are led to this machine.
	doctorHost = "id.example.test"
	// proxyAddress is where the ingress connects from, so that the server can tell it from clients.
	proxyAddress = "127.0.0.3"
)

// ward is a server behind an ingress that may be broken on purpose.
type ward struct {
	*harness.Server
	ca *authority
}

// patient is how one row breaks things. Every field may be left out.
type patient struct {
	cert   leaf
	tls    func(*tls.Config)
	from   string                          // where the ingress connects from
	send   func(in, out *http.Request)     // changes what the ingress sends
	answer func(*http.Response) error      // changes what it answers
	before func(http.Handler) http.Handler // answers in its place
	plain  http.HandlerFunc                // at port 80; nil: nobody
	look   func(*doctor.Options)           // changes how it is looked at
}

// backups is the configuration of a server that makes some.
func backups(t *testing.T) map[string]any {
	t.Helper()
	dir := t.TempDir()
	key, stderr, code := harness.RunBinary(t, dir, nil, "backup", "generate-key")
	if code != 0 {
		t.Fatalf("backup generate-key: %s", stderr)
	}
	file := filepath.Join(dir, "backup.key")
	if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]any{"backup.to": filepath.Join(dir, "backups"), "backup.every": "1h", "backup.key_file": file}
}

func waitForBackup(t *testing.T, s *harness.Server) {
	t.Helper()
	harness.Until(t, 30*time.Second, "a backup is made", func() error {
		if m := s.Metrics(t); m.Sum("latchkey_backup_last_success_timestamp_seconds") == 0 || m.Sum("latchkey_backup_last_result") == 0 {
			return errors.New("none yet")
		}
		return nil
	})
}

// admit starts a server that is well.
func admit(t *testing.T, conf map[string]any) *ward {
	t.Helper()
	all := backups(t)
	maps.Copy(all, map[string]any{"issuer": "https://" + doctorHost, "server.trusted_proxies": []string{proxyAddress + "/32"}, "accounts.hash.memory": "19MiB",
		"accounts.hash.slots": 2})
	maps.Copy(all, conf)
	s := harness.Start(t, harness.Options{Config: all, Env: []string{"GOMEMLIMIT=512MiB"}})
	waitForBackup(t, s)
	return &ward{s, newAuthority(t)}
}

// examine puts the ingress before the server and looks at it.
func (w *ward) examine(t *testing.T, p patient) []doctor.Finding {
	t.Helper()
	front := listenTLS(t, w.ingress(t, p), w.ca.make(t, p.cert), p.tls)
	plain := ""
	if p.plain != nil {
		ln := listen(t)
		plain = ln.Addr().String()
		serveHTTP(t, ln, p.plain)
	}
	cfg, err := config.Load(config.Sources{File: w.ConfigFile})
	if err != nil {
		t.Fatal(err)
	}
	o := doctor.Options{
		Issuer: "https://" + doctorHost, Config: cfg, Roots: w.ca.roots, Timeout: 5 * time.Second, Now: time.Now, Admin: w.admin(), Schema: postgres.SchemaKnown(),
		Resolve: func(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil },
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			switch address {
			case doctorHost + ":443", "192.0.2.1:443":
				address = front
			case doctorHost + ":80":
				address = plain
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		Inside: doctor.Machine{DiskSpace: func(string) (float64, float64, error) { return 5e9, 1e10, nil }, CPUQuota: func() float64 { return 0 }},
	}
	if p.look != nil {
		p.look(&o)
	}
	return doctor.Run(t.Context(), o)
}

// ingress is a proxy as it should be, but for what the row breaks.
func (w *ward) ingress(t *testing.T, p patient) http.Handler {
	t.Helper()
	target, err := url.Parse("http://" + w.Config["server.listen"].(string))
	if err != nil {
		t.Fatal(err)
	}
	from := p.from
	if from == "" {
		from = proxyAddress
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	var h http.Handler = &httputil.ReverseProxy{
		Transport: &http.Transport{DialContext: dialer.DialContext, DisableCompression: true, DisableKeepAlives: true},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
			if p.send != nil {
				p.send(r.In, r.Out)
			}
		},
		ModifyResponse: p.answer,
	}
	if p.before != nil {
		h = p.before(h)
	}
	return h
}

// admin asks the server's admin socket.
func (w *ward) admin() doctor.Asker {
	c := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", w.Socket)
	}}}
	return func(ctx context.Context, method, path string, out any) error {
		req, err := http.NewRequestWithContext(ctx, method, "http://admin/v1/"+path, nil)
		if err != nil {
			return err
		}
		res, err := c.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		return json.NewDecoder(res.Body).Decode(out)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func serveHTTP(t *testing.T, ln net.Listener, h http.Handler) {
	t.Helper()
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)} // a handshake that is broken off is meant so
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
}

func listenTLS(t *testing.T, h http.Handler, c tls.Certificate, change func(*tls.Config)) string {
	t.Helper()
	conf := &tls.Config{Certificates: []tls.Certificate{c}}
	if change != nil {
		change(conf)
	}
	ln := listen(t)
	serveHTTP(t, tls.NewListener(ln, conf), h)
	return ln.Addr().String()
}

// complaints are the findings that are neither ok nor unknown, as "check level: what was seen".
func complaints(all []doctor.Finding) (out []string) {
	for _, f := range all {
		if f.Level == doctor.Warning || f.Level == doctor.Problem {
			out = append(out, fmt.Sprintf("%s %s: %s", f.Check, f.Level, f.Seen))
		}
		if f.Level != doctor.OK && f.Do == "" {
			out = append(out, f.Check+" says nothing of what to do")
		}
	}
	slices.Sort(out)
	return out
}

// matches says whether each complaint has its pattern, "check level: part of what was seen", and the other way round.
func matches(complaints, patterns []string) bool {
	fits := func(c, p string) bool {
		head, part, _ := strings.Cut(p, ": ")
		return strings.HasPrefix(c, head+": ") && strings.Contains(c[len(head):], part)
	}
	for _, c := range complaints {
		if !slices.ContainsFunc(patterns, func(p string) bool { return fits(c, p) }) {
			return false
		}
	}
	for _, p := range patterns {
		if !slices.ContainsFunc(complaints, func(c string) bool { return fits(c, p) }) {
			return false
		}
	}
	return true
}

// nowhere is a name that nobody knows.
func nowhere(o *doctor.Options) {
	dial := o.Dial
	o.Resolve = func(context.Context, string) ([]string, error) {
		return nil, &net.DNSError{Err: "no such host", Name: doctorHost, IsNotFound: true}
	}
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, doctorHost) {
			return nil, &net.DNSError{Err: "no such host", Name: doctorHost, IsNotFound: true}
		}
		return dial(ctx, network, address)
	}
}

// deaf is a name server that never answers.
func deaf(o *doctor.Options) {
	dial := o.Dial
	o.Resolve = func(ctx context.Context, _ string) ([]string, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, doctorHost) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return dial(ctx, network, address)
	}
}
