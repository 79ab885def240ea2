package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/provider/serve"
	"latchkey/storage"
)

// TestReferenceIsInTheLog: what a person reads to an operator finds the line of the log, for every status that is an error page.
func TestReferenceIsInTheLog(t *testing.T) {
	b := newBench(t, sampleIssuer)
	var log bytes.Buffer
	edge, err := serve.New(serve.Config{Issuer: sampleIssuer, Logger: slog.New(slog.NewJSONHandler(&log, nil)), Registry: prometheus.NewRegistry(), Now: func() time.Time { return sampleTime() }})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		err    error
		status int
	}{
		"400": {&serve.ProblemError{Problem: serve.Problem{Status: 400, Kind: "redirect_uri", Code: "invalid_request", Description: "redirect_uri is not registered for this client"}}, 400},
		"403": {&serve.CrossSite{Cause: errors.New("x")}, 403}, "404": {&serve.NotFound{}, 404}, "405": {&serve.MethodNotAllowed{Allow: "GET"}, 405},
		"410": {&serve.ProblemError{Problem: serve.Problem{Status: 410, Kind: "gone"}}, 410}, "413": {&serve.TooLarge{}, 413}, "429": {&serve.Throttled{RetryAfter: 5 * time.Second}, 429},
		"500": {errors.New("the disk burns"), 500}, "503": {storage.ErrUnavailable, 503},
	} {
		t.Run(name, func(t *testing.T) {
			log.Reset()
			h := edge.Wrap(edge.Handle("page_login", serve.PageFace(b.Site), func(http.ResponseWriter, *http.Request) error { return tc.err }))
			rec := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, sampleIssuer+"/login", nil)
			r.AddCookie(&http.Cookie{Name: "a", Value: "b"})
			h.ServeHTTP(rec, r)
			visit{rec, t}.status(tc.status).lacks("the disk burns")
			m := regexp.MustCompile(`<code class="ref">([^<]+)</code>`).FindStringSubmatch(rec.Body.String())
			if m == nil {
				t.Fatalf("the page has no reference:\n%s", text(rec.Body.String()))
			}
			var line struct {
				ID string `json:"request_id"`
			}
			if err := json.Unmarshal(log.Bytes(), &line); err != nil || line.ID != m[1] {
				t.Errorf("the page says %q, the log %q (%v): %s", m[1], line.ID, err, log.String())
			}
		})
	}
}

// TestDeveloperDetails: who runs the application learns which parameter broke which rule, in our words alone.
func TestDeveloperDetails(t *testing.T) {
	b := newBench(t, sampleIssuer)
	show := func(p serve.Problem, cookies ...*http.Cookie) visit {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/authorize", nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		b.Problem(rec, r, p)
		return visit{rec, t}
	}
	show(serve.Problem{Status: 400, Kind: "redirect_uri", Code: "invalid_request", Description: "redirect_uri is not registered for this client", Reference: "R"}).status(400).
		says("redirect_uri is not registered", "RFC 6749 §3.1.2.3", "request_id").holds("<code>redirect_uri</code>")
	show(serve.Problem{Status: 400, Kind: "unknown_client", Code: "invalid_request", Description: "client_id names no client"}).status(400).holds("<code>client_id</code>")
	show(serve.Problem{Status: 404, Kind: "not_found"}).status(404).lacks("<details")
	for description, want := range map[string]string{"code_challenge is missing": "code_challenge", "The service failed.": "", "": "", "response_type": "", "a<b is x": "", "form must be sent": "form"} {
		if got := parameter(description); got != want {
			t.Errorf("%q is about %q, want %q", description, got, want)
		}
	}
	show(serve.Problem{Status: 400, Kind: "expired"}).status(400).says("Your browser sent no cookie")
	show(serve.Problem{Status: 400, Kind: "expired"}, &http.Cookie{Name: "other", Value: "x"}).status(400).says("This page is too old")
}
