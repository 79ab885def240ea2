package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
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
)

// authority is a root, and an authority below it that makes certificates.
type authority struct {
	roots  *x509.CertPool
	root   []byte
	middle *x509.Certificate
	key    *ecdsa.PrivateKey
}

// leaf is what a certificate is for; zero fields take what is good.
type leaf struct {
	name       string
	ips        []net.IP
	from, till time.Time
	alone      bool // without the authority that made it
}

func certify(t *testing.T, template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	template.SerialNumber, _ = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

func newAuthority(t *testing.T) *authority {
	ca := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
			NotBefore: time.Now().Add(-1000 * time.Hour), NotAfter: time.Now().Add(10000 * time.Hour)}
	}
	root, rootKey := certify(t, ca("root"), nil, nil)
	a := &authority{roots: x509.NewCertPool(), root: root.Raw}
	a.roots.AddCert(root)
	a.middle, a.key = certify(t, ca("middle"), root, rootKey)
	return a
}

// trust adds a certificate to those that the doctor believes.
func (a *authority) trust(t *testing.T, o *doctor.Options, c tls.Certificate) {
	t.Helper()
	o.Roots = a.roots.Clone()
	parsed, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	o.Roots.AddCert(parsed)
}

// make makes a certificate, with the chain that a server sends.
func (a *authority) make(t *testing.T, l leaf) tls.Certificate {
	t.Helper()
	if l.name == "" {
		l.name = doctorHost
	}
	if l.from.IsZero() {
		l.from = time.Now().Add(-100 * time.Hour)
	}
	if l.till.IsZero() {
		l.till = time.Now().Add(2000 * time.Hour)
	}
	c, key := certify(t, &x509.Certificate{Subject: pkix.Name{CommonName: l.name}, DNSNames: []string{l.name}, IPAddresses: l.ips, NotBefore: l.from, NotAfter: l.till,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, a.middle, a.key)
	out := tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key}
	if !l.alone {
		out.Certificate = append(out.Certificate, a.middle.Raw)
	}
	return out
}

// write writes a certificate as PEM files, and the root.
func (a *authority) write(t *testing.T, dir string, c tls.Certificate) (cert, key, root string) {
	t.Helper()
	var chain []byte
	for _, der := range c.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key, root = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "root.pem")
	for name, content := range map[string][]byte{cert: chain, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
		root: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root})} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, root
}

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

// admit starts a server that is well.
func admit(t *testing.T, conf map[string]any) *ward {
	t.Helper()
	key, stderr, code := harness.RunBinary(t, t.TempDir(), nil, "backup", "generate-key")
	if code != 0 {
		t.Fatalf("backup generate-key: %s", stderr)
	}
	keyFile := filepath.Join(t.TempDir(), "backup.key")
	if err := os.WriteFile(keyFile, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"issuer": "https://" + doctorHost, "server.trusted_proxies": []string{proxyAddress + "/32"}, "accounts.hash.memory": "19MiB",
		"accounts.hash.slots": 2, "backup.to": filepath.Join(t.TempDir(), "backups"), "backup.every": "1h", "backup.key_file": keyFile}
	for k, v := range conf {
		all[k] = v
	}
	s := harness.Start(t, harness.Options{Config: all, Env: []string{"GOMEMLIMIT=512MiB"}})
	harness.Until(t, 30*time.Second, "a backup is made", func() error {
		if at := s.Metrics(t).Sum("latchkey_backup_last_success_timestamp_seconds"); at == 0 {
			return fmt.Errorf("none yet")
		}
		return nil
	})
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
		Issuer: "https://" + doctorHost, Config: cfg, Roots: w.ca.roots, Timeout: 5 * time.Second, Now: time.Now, Admin: w.admin(),
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
