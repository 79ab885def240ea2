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
	"strings"
	"time"

	"latchkey/e2e/harness"
)

// The person who signs in.
const (
	personName     = "alice"
	personPassword = "alice-test-pw"
)

// staticClient is an application that the provider knows beforehand.
type staticClient struct{ id, method string }

// staticClients are the suite's client, client2 and client_secret_post.
var staticClients = []staticClient{{"conf-basic-1", "client_secret_basic"}, {"conf-basic-2", "client_secret_basic"}, {"conf-post-1", "client_secret_post"}}

func (c staticClient) secret() string { return c.id + "-secret-0123456789abcdef0123456789" }

// declared is the client's entry in the provider's configuration. at is the suite's path of the clients.
func (c staticClient) declared(at string) map[string]any {
	return map[string]any{
		"client_id": c.id, "client_name": "Conformance " + c.id, "token_endpoint_auth_method": c.method, "secrets": []map[string]any{{"value": c.secret()}},
		"grant_types": []string{"authorization_code", "refresh_token", "implicit"}, "response_types": responseTypes,
		"scope":         "openid profile email address phone offline_access",
		"redirect_uris": []string{at + "/callback"}, "post_logout_redirect_uris": []string{at + "/post_logout_redirect"},
		"frontchannel_logout_uri": at + "/frontchannel_logout", "frontchannel_logout_session_required": true,
		"backchannel_logout_uri": at + "/backchannel_logout", "backchannel_logout_session_required": true,
		"pkce_exempt": true, // most of the suite's requests have no challenge
	}
}

// provider is the server that is looked at.
type provider struct {
	t      *frame
	base   string
	alias  string
	server *harness.Server
	http   *http.Client
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
		"registration.mode":            "open", "registration.max_clients": 1000000, "registration.per_address": 100000,
		"registration.grant_types": []string{"authorization_code", "refresh_token", "implicit"},
		"fetch.allow":              []string{"127.0.0.0/8", "::1/128"},
	}
	var clients []map[string]any
	for _, c := range staticClients {
		clients = append(clients, c.declared(s.base+"/test/a/"+alias))
	}
	onlyKnown(t, config, clients)
	p := &provider{t: t, base: base, alias: alias, http: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: cert.Pool}}}}
	p.server = harness.Start(t, harness.Options{Host: "localhost", Scheme: "https", Later: true, Config: config, Clients: clients, Env: []string{"SSL_CERT_FILE=" + trust}})
	p.server.Issuer = base
	p.server.Launch(t)
	p.server.WaitReady(t)
	return p, p.person()
}

// person makes the account that signs in, with every standard claim (OpenID Connect Core §5.1). It signs up by the API, which, unlike the
// pages and the operators' command, takes a password with the name in it: the suite's configurations have that one.
func (p *provider) person() error {
	api := &harness.API{Base: p.base, HTTP: p.http}
	api.Must(p.t, http.MethodPost, "/api/signup", map[string]any{"username": personName, "email": "alice@example.com", "password": personPassword}, nil).Want(p.t, http.StatusCreated)
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

// onlyKnown leaves out what this build of the binary has no key for, and says so.
func onlyKnown(t *frame, config map[string]any, clients []map[string]any) {
	example, _, _ := harness.RunBinary(t, t.TempDir(), nil, "config", "example")
	for k := range config {
		if !strings.Contains(example, "LATCHKEY_"+strings.ToUpper(strings.NewReplacer(".", "_").Replace(k))) {
			t.Logf("this build has no %s", k)
			delete(config, k)
		}
	}
	for i, c := range clients {
		for k := range c {
			if !strings.Contains(example, " "+k+": ") {
				if i == 0 {
					t.Logf("clients have no %s", k)
				}
				delete(c, k)
			}
		}
	}
}
