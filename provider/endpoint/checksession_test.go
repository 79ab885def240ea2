package endpoint

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheckSession(t *testing.T) {
	e := NewCheckSession("__Host-lk_opbs")
	ask := func(method, match string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest(method, "/session/check", nil), httptest.NewRecorder()
		w.Header().Set("Content-Security-Policy", "frame-ancestors 'none'") // as the edge has it
		r.Header.Set("If-None-Match", match)
		if err := e.Serve(w, r); err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := ask(http.MethodGet, "")
	body := w.Body.String()
	if strings.Count(body, "<script") != 1 || !strings.Contains(body, "const cookie = '__Host-lk_opbs=';") || strings.Contains(body, "COOKIE") {
		t.Errorf("page %s", body)
	}
	if !strings.Contains(body, "hasStorageAccess()) return 'error'") {
		t.Error("Session Management §5.1: where the browser keeps the cookie from the frame, an application would ask for ever")
	}
	_, script, _ := strings.Cut(body, "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	sum := sha256.Sum256([]byte(script))
	hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	for name, want := range map[string]string{
		// Session Management §3.2: it is framed by every client, and runs its own script and nothing else.
		"Content-Security-Policy": "default-src 'none'; script-src " + hash + "; base-uri 'none'; form-action 'none'; frame-ancestors *; " +
			"require-trusted-types-for 'script'; trusted-types 'none'",
		"X-Frame-Options": "", "Content-Type": "text/html; charset=utf-8", "Cache-Control": "public, max-age=3600, must-revalidate",
		"Cross-Origin-Resource-Policy": "cross-origin", "Cross-Origin-Embedder-Policy": "require-corp", "Set-Cookie": "",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if w := ask(http.MethodHead, ""); w.Body.Len() != 0 {
		t.Error("RFC 9110 §9.3.2 HEAD with a body")
	}
	if w := ask(http.MethodGet, w.Header().Get("ETag")); w.Code != http.StatusNotModified || !strings.Contains(w.Header().Get("Content-Security-Policy"), hash) {
		t.Errorf("RFC 9110 §13.1.2: %d %v", w.Code, w.Header())
	}
}
