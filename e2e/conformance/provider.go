package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"latchkey/e2e/harness"
)

// staticClient is an application that the provider knows beforehand.
type staticClient struct{ id, method string }

func (c staticClient) secret() string { return c.id + "-secret-0123456789abcdef0123456789" }

// The sets of static clients. A module fails if it is told of a sign-out in a way that it does not ask for, so each way has clients of its own.
const (
	untold    = ""
	toldFront = "-front"
	toldBack  = "-back"
)

// staticClients are the suite's client, client2 and client_secret_post.
func staticClients(set string) []staticClient {
	return []staticClient{{"conf-basic-1" + set, "client_secret_basic"}, {"conf-basic-2" + set, "client_secret_basic"}, {"conf-post-1" + set, "client_secret_post"}}
}

// declared are the clients' entries in the provider's configuration. at is the suite's path of the clients.
func declared(set, at string) []map[string]any {
	var out []map[string]any
	for _, c := range staticClients(set) {
		entry := map[string]any{
			"client_id": c.id, "client_name": "Conformance " + c.id, "token_endpoint_auth_method": c.method, "secrets": []map[string]any{{"value": c.secret()}},
			"grant_types": []string{"authorization_code", "refresh_token", "implicit"}, "response_types": responseTypes,
			"scope":         "openid profile email address phone offline_access",
			"redirect_uris": []string{at + "/callback"}, "post_logout_redirect_uris": []string{at + "/post_logout_redirect"},
			"pkce_exempt": true, // most of the suite's requests have no challenge
		}
		switch set {
		case toldFront:
			entry["frontchannel_logout_uri"], entry["frontchannel_logout_session_required"] = at+"/frontchannel_logout", true
		case toldBack:
			entry["backchannel_logout_uri"], entry["backchannel_logout_session_required"] = at+"/backchannel_logout", true
		}
		out = append(out, entry)
	}
	return out
}

// provider is the server that is looked at.
type provider struct {
	t      *frame
	base   string
	alias  string
	server *harness.Server
	http   *http.Client
	// initial is the initial access token of clients that register (RFC 7591 §3): it excuses them from PKCE.
	initial string
}

// startProvider builds the binary and serves https://localhost:port, with everything on that the plans speak of.
func startProvider(ctx context.Context, t *frame, port int, s *suite) (*provider, error) {
	alias := "goop"
	if port != 9443 {
		alias = fmt.Sprintf("goop-%d", port) // so that two runs do not end one another's modules
	}
	listen := fmt.Sprintf("127.0.0.1:%d", port)
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("the provider's port: %w; -port takes another", err)
	}
	_ = ln.Close()
	cert := harness.NewCertificate(t, "localhost")
	trust := filepath.Join(t.TempDir(), "suite.pem") // the provider fetches from the suite, and calls it
	if err := os.WriteFile(trust, s.certificate, 0o600); err != nil {
		return nil, err
	}
	base := fmt.Sprintf("https://localhost:%d", port)
	config := map[string]any{
		"issuer": base, "server.listen": listen, "server.tls.cert_file": cert.CertFile, "server.tls.key_file": cert.KeyFile,
		"accounts.limits.address_attempts": 1000000, "accounts.limits.pair_failures": 1000000,
		"keys.publish_ahead": "0s", "keys.jwks_max_age": "1s", // a rotation shows at once
		"authorization.response_types": responseTypes,
		"registration.mode":            "token", "registration.max_clients": 1000000, "registration.per_address": 100000,
		"registration.grant_types": []string{"authorization_code", "refresh_token", "implicit"},
		"fetch.allow":              []string{"127.0.0.0/8", "::1/128"},
	}
	var clients []map[string]any
	for _, set := range []string{untold, toldFront, toldBack} {
		clients = append(clients, declared(set, s.base+"/test/a/"+alias+set)...)
	}
	p := &provider{t: t, base: base, alias: alias, http: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: cert.Pool}}}}
	p.server = harness.Start(t, harness.Options{Host: "localhost", Scheme: "https", Later: true, Config: config, Clients: clients, Env: []string{"SSL_CERT_FILE=" + trust}})
	p.server.Issuer = base
	p.server.Launch(t)
	p.server.WaitReady(t)
	if err := p.registrationToken(); err != nil {
		return nil, err
	}
	return p, p.person()
}

func (p *provider) registrationToken() error {
	out, bad, code := p.server.Run(p.t, "clients", "tokens", "create", "conformance", "--pkce-exempt", "--output", "json")
	if code != 0 {
		return fmt.Errorf("make an initial access token: %s", bad)
	}
	var made struct{ Token string }
	if err := json.Unmarshal([]byte(out), &made); err != nil || made.Token == "" {
		return fmt.Errorf("the initial access token is not told: %w", err)
	}
	p.initial = made.Token
	return nil
}

// rotate brings a new signing key into the JWKS: an RSA one, since the suite cannot compare Ed25519 keys.
func (p *provider) rotate(ctx context.Context) error {
	before, err := p.keyIDs(ctx)
	if err != nil {
		return err
	}
	if _, bad, code := p.server.Run(p.t, "keys", "rotate", "--alg", "RS256"); code != 0 {
		return fmt.Errorf("rotate keys: %s", bad)
	}
	for range 150 {
		now, err := p.keyIDs(ctx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(now, func(kid string) bool { return !slices.Contains(before, kid) }) {
			return nil
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("no new key is published half a minute after the rotation")
}

func (p *provider) keyIDs(ctx context.Context) ([]string, error) {
	var meta struct {
		JWKS string `json:"jwks_uri"`
	}
	if err := p.get(ctx, p.base+"/.well-known/openid-configuration", &meta); err != nil {
		return nil, err
	}
	var set struct{ Keys []struct{ KID string } }
	if err := p.get(ctx, meta.JWKS, &set); err != nil {
		return nil, err
	}
	var out []string
	for _, k := range set.Keys {
		out = append(out, k.KID)
	}
	return out, nil
}

func (p *provider) get(ctx context.Context, address string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d", address, res.StatusCode)
	}
	return json.Unmarshal(raw, out)
}

// pause waits, unless everything is to end.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
