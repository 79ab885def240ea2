package e2e

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/e2e/harness"
)

// spa is an application without a server: its page, from an origin of its own.
type spa struct {
	*httptest.Server
	at, settings string
}

// newSPA serves it on host, a name of this machine; over https where there is a certificate.
func newSPA(t *testing.T, host string, cert *harness.Certificate) *spa {
	p := &spa{}
	p.Server = httptest.NewUnstartedServer(p)
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	if cert == nil {
		p.Start()
	} else {
		p.TLS = &tls.Config{Certificates: []tls.Certificate{cert.TLS}}
		p.StartTLS()
	}
	t.Cleanup(p.Close)
	p.at = strings.Replace(p.URL, "127.0.0.1", host, 1)
	return p
}

// ServeHTTP implements [http.Handler].
func (p *spa) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := filepath.Join(harness.Root(), "e2e", "spa", "index.html")
	switch r.URL.Path {
	case "/settings.js":
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte(p.settings))
		return
	case "/oidc-client-ts.min.js":
		at = filepath.Join(harness.Root(), "e2e", "node_modules", "oidc-client-ts", "dist", "browser", "oidc-client-ts.min.js")
	}
	http.ServeFile(w, r, at)
}

// client is its entry for the configuration.
func (p *spa) client() map[string]any {
	return object{"client_id": "spa", "client_name": "Single page", "token_endpoint_auth_method": "none", "grant_types": []string{"authorization_code", "refresh_token"},
		"scope": "openid profile email offline_access", "redirect_uris": []string{p.at + "/callback", p.at + "/silent"}, "post_logout_redirect_uris": []string{p.at + "/signed-out"}}
}

// knows tells the page its provider.
func (p *spa) knows(t *testing.T, issuer string) {
	t.Helper()
	raw, err := json.Marshal(object{"issuer": issuer, "client": "spa"})
	if err != nil {
		t.Fatal(err)
	}
	p.settings = "const settings = " + string(raw) + ";"
}

// TestSinglePageApplication runs spa.mjs: npm oidc-client-ts in Chromium.
func TestSinglePageApplication(t *testing.T) {
	app, stranger := newSPA(t, "localhost", nil), newSPA(t, "localhost", nil)
	s := harness.Start(t, harness.Options{Host: "localhost", Clients: []map[string]any{app.client()}, Config: object{"tokens.refresh_grace": "0s"}})
	app.knows(t, s.Issuer)
	stranger.knows(t, s.Issuer)
	s.SignUp(t, personName, "ada@example.test", personPassword)
	runNode(t, "spa.mjs", object{"issuer": s.Issuer, "spa": app.at, "stranger": stranger.at, "login": personName, "password": personPassword, "chromium": "/usr/bin/chromium"}, nil)
}

// TestSessionManagementAcrossSites runs across.mjs: oidc-client-ts on another site than the provider, in a browser that shows third parties
// their cookies, and in one that does not.
func TestSessionManagementAcrossSites(t *testing.T) {
	cert := harness.NewCertificate(t, "both sites")
	app := newSPA(t, "127.0.0.1", cert)
	s := harness.Start(t, harness.Options{Host: "localhost", Scheme: "https", Clients: []map[string]any{app.client()},
		Config: object{"server.tls.cert_file": cert.CertFile, "server.tls.key_file": cert.KeyFile}})
	app.knows(t, s.Issuer)
	a := s.API()
	a.HTTP.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: cert.Pool}}
	a.Must(t, "POST", "/api/signup", object{"username": personName, "email": "ada@example.test", "password": personPassword}, nil).Want(t, 201)
	runNode(t, "across.mjs", object{"issuer": s.Issuer, "spa": app.at, "login": personName, "password": personPassword, "chromium": "/usr/bin/chromium"}, nil)
}
