package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/e2e/harness"
)

// TestSinglePageApplication runs spa.mjs: npm oidc-client-ts in Chromium.
func TestSinglePageApplication(t *testing.T) {
	settings := "" // known once the server is there
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := filepath.Join(harness.Root(), "e2e", "spa", "index.html")
		switch r.URL.Path {
		case "/settings.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(settings))
			return
		case "/oidc-client-ts.min.js":
			at = filepath.Join(harness.Root(), "e2e", "node_modules", "oidc-client-ts", "dist", "browser", "oidc-client-ts.min.js")
		}
		http.ServeFile(w, r, at)
	})
	spa, stranger := httptest.NewServer(page), httptest.NewServer(page)
	t.Cleanup(spa.Close)
	t.Cleanup(stranger.Close)
	at := strings.Replace(spa.URL, "127.0.0.1", "localhost", 1)
	client := object{"client_id": "spa", "client_name": "Single page", "token_endpoint_auth_method": "none", "grant_types": []string{"authorization_code", "refresh_token"},
		"scope": "openid profile email offline_access", "redirect_uris": []string{at + "/callback", at + "/silent"}, "post_logout_redirect_uris": []string{at + "/signed-out"}}
	s := harness.Start(t, harness.Options{Host: "localhost", Clients: []map[string]any{client}, Config: object{"tokens.refresh_grace": "0s"}})
	raw, err := json.Marshal(object{"issuer": s.Issuer, "client": "spa"})
	if err != nil {
		t.Fatal(err)
	}
	settings = "const settings = " + string(raw) + ";"
	s.SignUp(t, personName, "ada@example.test", personPassword)
	runNode(t, "spa.mjs", object{"issuer": s.Issuer, "spa": at, "stranger": strings.Replace(stranger.URL, "127.0.0.1", "localhost", 1), "login": personName, "password": personPassword,
		"chromium": "/usr/bin/chromium"}, nil)
}
