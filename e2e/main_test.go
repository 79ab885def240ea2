package e2e

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// object is a JSON object.
type object = map[string]any

// apiRow is one request of a table and what must come back.
type apiRow struct {
	name, method, path string
	body               any
	header             map[string]string
	status             int
	// message is the exact text; field, where given, must be in "fields".
	message, field string
}

// run sends each row from an address of its own.
func runRows(t *testing.T, s *harness.Server, rows []apiRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := s.API().Must(t, row.method, row.path, row.body, row.header).Want(t, row.status)
			if row.status >= 400 {
				checkError(t, r, row.message)
			} else if row.message != "" && r.S("message") != row.message {
				t.Errorf("message %q, want %q", r.S("message"), row.message)
			}
			if row.field != "" && r.O("fields")[row.field] == nil {
				t.Errorf("no field %q in %s", row.field, r.Raw)
			}
			if cc := r.Header.Get("Cache-Control"); cc != "no-store" {
				t.Errorf("Cache-Control %q", cc)
			}
		})
	}
}

// checkError checks the error body that every dialect shares.
func checkError(t testing.TB, r *harness.Reply, message string) {
	t.Helper()
	if r.JSON["success"] != false || r.S("message") != r.S("error") || r.S("message") == "" {
		t.Errorf("error body %s", r.Raw)
	}
	if message != "" && r.S("message") != message {
		t.Errorf("message %q, want %q", r.S("message"), message)
	}
	if r.Status == http.StatusUnauthorized && !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("401 without a Bearer challenge: %q", r.Header.Get("WWW-Authenticate"))
	}
	if r.Status == http.StatusTooManyRequests && r.Header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	if strings.Contains(string(r.Raw), "goroutine") || strings.Contains(string(r.Raw), ".go:") {
		t.Errorf("an error body tells of our insides: %s", r.Raw)
	}
}
