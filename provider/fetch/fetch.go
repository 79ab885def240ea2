package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// The bounds where [Config] gives none.
const (
	DefaultTimeout  = 5 * time.Second
	DefaultMaxBytes = 256 << 10
)

// maxHeader bounds the head of an answer, in bytes.
const maxHeader = 16 << 10

// Config is what may be fetched, and how.
type Config struct {
	// Allow are networks outside of the public internet that may be reached all the same, at any port, and by plain http too.
	Allow []netip.Prefix
	// Timeout is for a whole exchange, from waiting for a place to the last byte; 0 means [DefaultTimeout].
	Timeout time.Duration
	// MaxBytes is the largest body of an answer; 0 means [DefaultMaxBytes].
	MaxBytes int64
	// RootCAs vouch for servers; nil means those of the system.
	RootCAs *x509.CertPool
	// Bearer gives the token that the server asks for, with each request; nil for none. It is for fetchers of one server: the token goes to every address.
	Bearer func() (string, error)
	// UserAgent names us; "" means "latchkey".
	UserAgent string
	// resolver answers names in tests; nil means the system's.
	resolver *net.Resolver
}

// Fetcher fetches. It is safe for concurrent use and keeps no connection.
type Fetcher struct {
	cfg           Config
	secure, plain *http.Transport
	gate          *gate
}

// New makes a fetcher.
func New(cfg Config) *Fetcher {
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "latchkey"
	}
	f := &Fetcher{cfg: cfg, gate: newGate()}
	f.secure, f.plain = f.transport(true), f.transport(false)
	return f
}

// transport makes connections of one scheme. It is used without a client, so nothing follows redirects or keeps cookies; its zero Proxy
// means none, whatever the environment says.
func (f *Fetcher) transport(secure bool) *http.Transport {
	dialer := &net.Dialer{Timeout: f.cfg.Timeout, Resolver: f.cfg.resolver, Control: f.guard(secure)}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: f.cfg.RootCAs},
		TLSHandshakeTimeout:    f.cfg.Timeout,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// Get fetches what stands at uri; accept is the Accept header. Only a plain 200 is an answer. Errors: *[Error].
func (f *Fetcher) Get(ctx context.Context, uri, accept string) (Answer, error) {
	var out Answer
	err := f.exchange(ctx, http.MethodGet, uri, http.Header{"Accept": {accept}}, nil, func(res *http.Response) error {
		if res.StatusCode != http.StatusOK {
			return &failure{"status", fmt.Sprintf("status %d", res.StatusCode)}
		}
		body, err := f.body(res)
		out = Answer{Body: body, ContentType: mediaType(res.Header)}
		out.MaxAge, out.HasMaxAge = maxAge(res.Header)
		return err
	})
	if err != nil {
		return Answer{}, err
	}
	return out, nil
}

// Post sends body to uri and returns the status of the answer, whatever it is; nothing else of it is read. Errors: *[Error].
func (f *Fetcher) Post(ctx context.Context, uri, contentType string, body []byte) (status int, err error) {
	err = f.exchange(ctx, http.MethodPost, uri, http.Header{"Content-Type": {contentType}}, body, func(res *http.Response) error {
		status = res.StatusCode
		return nil
	})
	return status, err
}

// exchange sends one request and has its answer read.
func (f *Fetcher) exchange(ctx context.Context, method, uri string, header http.Header, body []byte, read func(*http.Response) error) error {
	u, err := parse(uri, f.cfg.Allow)
	if err != nil {
		return &Error{kind: ErrAddress, Reason: "address", cause: err}
	}
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	fail := func(reason string, err error) error {
		return &Error{kind: ErrNoAnswer, Reason: reason, host: u.Host, cause: err}
	}
	leave, err := f.gate.enter(ctx, strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")) // whatever its port: one machine has many
	if err != nil {
		return fail("busy", err)
	}
	defer leave()
	req, err := http.NewRequestWithContext(ctx, method, uri, bytes.NewReader(body))
	if err != nil {
		return &Error{kind: ErrAddress, Reason: "address", cause: err}
	}
	req.Header = header
	req.Header.Set("User-Agent", f.cfg.UserAgent)
	if f.cfg.Bearer != nil {
		token, err := f.cfg.Bearer()
		if err != nil {
			return &Error{kind: ErrNoAnswer, Reason: "token", host: u.Host, cause: err}
		}
		req.Header.Set("Authorization", "Bearer "+token) // RFC 6750 §2.1
	}
	req.Header.Set("Accept-Encoding", "identity")
	transport := f.plain
	if u.Scheme == "https" {
		transport = f.secure
	}
	res, err := transport.RoundTrip(req)
	if err == nil {
		defer res.Body.Close() //nolint:errcheck // the connection goes either way
		err = read(res)
	}
	if err != nil {
		return fail(reason(err), err)
	}
	return nil
}

// body reads the body of an answer, as it was sent.
func (f *Fetcher) body(res *http.Response) ([]byte, error) {
	if enc := res.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, &failure{"encoding", "an encoded body, which was not asked for"}
	}
	tooLarge := &failure{"size", fmt.Sprintf("more than %d bytes", f.cfg.MaxBytes)}
	if res.ContentLength > f.cfg.MaxBytes {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, f.cfg.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	if int64(len(body)) > f.cfg.MaxBytes {
		return nil, tooLarge
	}
	return body, nil
}
