package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkPages draws pages, with everything that answers them but the account rules and the store.
func BenchmarkPages(b *testing.B) {
	for _, row := range []struct {
		name, target string
		signed       bool
	}{
		{"login", "/login?flow=f1", false},
		{"signup", "/signup", false},
		{"consent", "/consent?flow=f1", true},
		{"account", "/account", true},
	} {
		b.Run(row.name, func(b *testing.B) {
			h := newBench(b, sampleIssuer).handler()
			r := httptest.NewRequest(http.MethodGet, row.target, nil)
			if row.signed {
				r.Header.Set("Cookie", signedIn)
			}
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
}
