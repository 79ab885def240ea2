package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"latchkey/provider/bearer"
)

// TestCheckValidatorTellsFaultsApart: what the network does is no verdict, and an endpoint that says nothing of tokens is told first.
func TestCheckValidatorTellsFaultsApart(t *testing.T) {
	s := devServer(t, "")
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if out, bad, code := s.Run(t, "check-validator", gone.URL); code != 69 || !strings.Contains(bad, "connection refused") || out != "" {
		t.Errorf("nobody listens: exit %d\n%s%s", code, out, bad)
	}
	closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer closed.Close()
	v, code := checkValidator(t, s, closed.URL, "--patience", "1s")
	if code != 1 || v.Stopped == "" || !slices.Equal(v.wrong(), []string{"good"}) {
		t.Errorf("it refuses everything: exit %d, %+v", code, v)
	}
	g := &guard{issuer: s.Issuer, audience: api}
	safe := httptest.NewTLSServer(g)
	defer safe.Close()
	if out, bad, code := s.Run(t, "check-validator", safe.URL, "--audience", api); code != 69 || !strings.Contains(bad, "certificate") || out != "" {
		t.Errorf("a certificate of nobody: exit %d\n%s%s", code, out, bad)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: safe.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if v, code := checkValidator(t, s, safe.URL, "--audience", api, "--ca-file", ca); code != 0 {
		t.Errorf("over TLS: exit %d, %+v", code, v.Complaints)
	}
	n := 0
	flaky := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 10 || n == 11 { // twice the same token
			panic(http.ErrAbortHandler)
		}
		g.ServeHTTP(w, r)
	}))
	defer flaky.Close()
	v, code = checkValidator(t, s, flaky.URL, "--audience", api)
	faults := 0
	for _, o := range v.Outcomes {
		if o.Verdict == "fault" {
			faults++
		}
	}
	if code != 69 || faults != 1 || len(v.Complaints) != 0 {
		t.Errorf("a connection that breaks: exit %d, %d faults, %v", code, faults, v.Complaints)
	}
	lead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/sign-in", http.StatusFound)
	}))
	defer lead.Close()
	if v, code = checkValidator(t, s, lead.URL, "--patience", "1s"); code != 1 || v.Outcomes[0].Verdict != "unexpected" || v.Outcomes[0].Status != 302 {
		t.Errorf("redirects are followed, or count: exit %d, %+v", code, v)
	}
}

// TestCheckValidatorCarries sends tokens by header, cookie and query, and counts other statuses.
func TestCheckValidatorCarries(t *testing.T) {
	s := devServer(t, "")
	g := &guard{issuer: s.Issuer, audience: api}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("X-Token")
		if c, err := r.Cookie("at"); err == nil {
			token = c.Value
		}
		if q := r.URL.Query().Get("t"); q != "" {
			token = q
		}
		status := http.StatusAccepted
		if _, err := g.check(token); err != nil || r.Method != http.MethodPut {
			status = http.StatusTeapot
		}
		w.WriteHeader(status)
	}))
	defer app.Close()
	for _, args := range [][]string{{"--name", "X-Token", "--scheme", ""}, {"--in", "cookie", "--name", "at"}, {"--in", "query", "--name", "t"}} {
		v, code := checkValidator(t, s, app.URL+"/?x=1", append(args, "--audience", api, "--method", "put", "--taken", "202", "--refused", "418", "--skip", "json-serialization,inner-space,oversize")...)
		if code != 0 || len(v.Complaints) > 0 {
			t.Errorf("%v: exit %d, %+v", args, code, v.Complaints)
		}
	}
	out, _, code := s.Run(t, "check-validator", app.URL, "--name", "X-Token", "--scheme", "", "--method", "PUT", "--taken", "202", "--refused", "418", "--audience", api, "-o", "junit")
	var suite struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Cases    []struct {
			Name string `xml:"name,attr"`
		} `xml:"testcase"`
	}
	if err := xml.Unmarshal([]byte(out), &suite); err != nil || code != 0 || suite.Tests != len(suite.Cases) || suite.Tests < 70 || suite.Failures != 0 {
		t.Errorf("junit: exit %d, %v, %d tests\n%.500s", code, err, suite.Tests, out)
	}
}

// TestBearerMiddleware judges the middleware that we offer to Go programs, with a verifier of go-oidc behind it.
func TestBearerMiddleware(t *testing.T) {
	s := devServer(t, "")
	p, err := oidc.NewProvider(t.Context(), s.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	verifier := p.VerifierContext(t.Context(), &oidc.Config{ClientID: api, SupportedSigningAlgs: []string{oidc.ES256, oidc.RS256}})
	check := bearer.VerifierFunc(func(ctx context.Context, raw string) (bearer.Claims, error) {
		head, _, _ := strings.Cut(raw, ".")
		b, err := base64.RawURLEncoding.DecodeString(head)
		var h struct{ Typ string }
		if err != nil || json.Unmarshal(b, &h) != nil || h.Typ != "at+jwt" {
			return bearer.Claims{}, bearer.ErrInvalid
		}
		token, err := verifier.Verify(ctx, raw)
		if err != nil || token.Subject == "" {
			return bearer.Claims{}, bearer.ErrInvalid
		}
		return bearer.Claims{Subject: token.Subject}, nil
	})
	app := httptest.NewServer(bearer.Required(check)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	defer app.Close()
	v, code := checkValidator(t, s, app.URL, "--audience", api)
	if code != 0 || len(v.Complaints) > 0 || len(v.Outcomes) < 70 {
		t.Errorf("exit %d, %d outcomes, %+v", code, len(v.Outcomes), v.Complaints)
	}
}

// TestIDTokenValidator judges an application that takes ID tokens, as API servers of Kubernetes do.
func TestIDTokenValidator(t *testing.T) {
	s := devServer(t, "")
	p, err := oidc.NewProvider(t.Context(), s.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	verifier := p.VerifierContext(t.Context(), &oidc.Config{ClientID: "kubernetes", SupportedSigningAlgs: []string{oidc.RS256}})
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, err := bearer.Token(r) // which takes no white space
		if err == nil {
			var id *oidc.IDToken
			if id, err = verifier.Verify(r.Context(), token); err == nil && id.Subject != "" {
				return
			}
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer app.Close()
	v, code := checkValidator(t, s, app.URL, "--as", "id", "--client", "kubernetes")
	if code != 0 || len(v.Complaints) > 0 || len(v.Outcomes) < 70 {
		t.Errorf("exit %d, %d outcomes, %+v", code, len(v.Outcomes), v.Complaints)
	}
}
