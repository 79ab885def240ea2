package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// suite is a client of the conformance suite's REST interface.
type suite struct {
	base    string
	version string
	// certificate (PEM) is the suite's, which is all that is trusted of it: it is mostly self-made.
	certificate []byte
	http        *http.Client
}

func openSuite(ctx context.Context, base string) (*suite, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" {
		return nil, fmt.Errorf("the suite's URL %q is no https URL", base)
	}
	s := &suite{base: strings.TrimRight(base, "/")}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "443")
	}
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // only to learn the certificate; everything after is checked against it
	conn, err := d.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, fmt.Errorf("reach the suite: %w", err)
	}
	leaf := conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
	_ = conn.Close()
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	s.certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})
	s.http = &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	var about struct{ Version string }
	if err := s.call(ctx, http.MethodGet, "/api/server", nil, &about); err != nil {
		return nil, err
	}
	s.version = about.Version
	return s, nil
}

// statusError is an answer that is not what was asked for.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return fmt.Sprintf("the suite says %d %s", e.status, e.text) }

// call is once, and repeats questions that the proxy got no answer for.
func (s *suite) call(ctx context.Context, method, path string, body, out any) error {
	err := s.once(ctx, method, path, body, out)
	var refused *statusError
	for range 5 {
		if err == nil || method != http.MethodGet || !errors.As(err, &refused) || refused.status != http.StatusBadGateway && refused.status != http.StatusGatewayTimeout {
			break
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
		err = s.once(ctx, method, path, body, out)
	}
	return err
}

// once sends body (JSON, or a string as it is) and decodes the answer into out; either may be nil.
func (s *suite) once(ctx context.Context, method, path string, body, out any) error {
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return err
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, r)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %w", method, path, &statusError{res.StatusCode, string(raw[:min(len(raw), 300)])})
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// moduleRef is a module of a plan.
type moduleRef struct {
	Module  string            `json:"testModule"`
	Variant map[string]string `json:"variant"`
}

// createPlan returns the plan's ID and its modules in their order.
func (s *suite) createPlan(ctx context.Context, name string, variant map[string]string, config any) (string, []moduleRef, error) {
	q := url.Values{"planName": {name}}
	if len(variant) > 0 {
		q.Set("variant", mustJSON(variant))
	}
	var out struct {
		ID      string
		Modules []moduleRef
	}
	err := s.call(ctx, http.MethodPost, "/api/plan?"+q.Encode(), config, &out)
	return out.ID, out.Modules, err
}

// createModule starts a module, unless it wants to be started by hand.
func (s *suite) createModule(ctx context.Context, plan string, m moduleRef) (string, error) {
	var out struct{ ID string }
	q := url.Values{"test": {m.Module}, "plan": {plan}, "variant": {mustJSON(m.Variant)}}
	err := s.call(ctx, http.MethodPost, "/api/runner?"+q.Encode(), nil, &out)
	return out.ID, err
}

// state of a module.
type state struct{ Status, Result string }

func (s *suite) state(ctx context.Context, id string) (out state, err error) {
	err = s.call(ctx, http.MethodGet, "/api/info/"+id, nil, &out)
	return out, err
}

// browsing is what waits for a browser. Runners are the suite's own.
type browsing struct {
	URLs    []string
	Runners []struct {
		CurrentURL string `json:"currentUrl"`
		Task       string `json:"currentTask"`
	}
}

func (s *suite) browsing(ctx context.Context, id string) (out browsing, err error) {
	err = s.call(ctx, http.MethodGet, "/api/runner/browser/"+id, nil, &out)
	return out, err
}

// entry is a row of a module's log.
type entry struct {
	Src, Msg, Result string
	Requirements     []string
	// Upload names a screenshot that is waited for.
	Upload, Img string
	// PageSource is the page that a picture was taken of, Matched what was looked for on it.
	PageSource string `json:"page_source"`
	Matched    string `json:"matched_regexp"`
	raw        json.RawMessage
}

func (s *suite) log(ctx context.Context, id string) ([]entry, error) {
	var raw []json.RawMessage
	if err := s.call(ctx, http.MethodGet, "/api/log/"+id, nil, &raw); err != nil {
		return nil, err
	}
	out := make([]entry, len(raw))
	for i, r := range raw {
		if err := json.Unmarshal(r, &out[i]); err != nil {
			return nil, err
		}
		out[i].raw = r
	}
	return out, nil
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings
	}
	return string(b)
}
