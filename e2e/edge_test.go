package e2e

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/e2e/harness"
)

// TestEdge: hosts, headers and bodies that no handler should see.
func TestEdge(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	send := func(change func(*http.Request)) int {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, s.Issuer+"/jwks.json", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.Header.Get("X-Content-Type-Options") != "nosniff" && res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%d without nosniff", res.StatusCode)
		}
		return res.StatusCode
	}
	for name, row := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"as it should be": {func(*http.Request) {}, 200},
		"unknown host":    {func(r *http.Request) { r.Host = "evil.example.test" }, 421},
		"large header":    {func(r *http.Request) { r.Header.Set("X-Large", strings.Repeat("x", 32<<10)) }, 431},
		"dotted path":     {func(r *http.Request) { r.URL.Opaque = "//" + r.URL.Host + "/x/../jwks.json" }, 404},
	} {
		if got := send(row.change); got != row.status {
			t.Errorf("%s: %d, want %d", name, got, row.status)
		}
	}
	if status, _, err := probe(s.Issuer + "/metrics"); err != nil || status != 404 {
		t.Errorf("the public listener serves metrics: %d %v", status, err)
	}
	if status, _, err := probe(s.Ops + "/livez"); err != nil || status != 200 {
		t.Errorf("livez: %d %v", status, err)
	}
	if status, _, err := probe(s.Ops + "/debug/pprof/"); err != nil || status != 404 {
		t.Errorf("profiles are served: %d %v", status, err)
	}
}

func probe(url string) (int, http.Header, error) {
	res, err := http.Get(url)
	if err != nil {
		return 0, nil, err
	}
	_ = res.Body.Close()
	return res.StatusCode, res.Header, nil
}
