package accountapi

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// What the edge refuses before routing is told in the API's words below its paths, and left to the edge elsewhere.
func TestRefuse(t *testing.T) {
	for _, row := range []struct {
		prefix, path string
		want         bool
	}{
		{"", "/api/login", true},
		{"", "/login", false},
		{"/auth", "/auth/api/login", true},
		{"/auth", "/api/login", false},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", row.path, nil)
		if got := Refuse(row.prefix)(w, r, 411, "A Content-Length is required."); got != row.want {
			t.Errorf("%s%s: %v", row.prefix, row.path, got)
		}
		if row.want && (w.Code != 411 || !strings.Contains(w.Body.String(), `"success":false,"message":"A Content-Length is required.","error":"A Content-Length is required."`)) {
			t.Errorf("%s: %d %s", row.path, w.Code, w.Body)
		}
	}
}
