package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/web/words"
)

func TestGallery(t *testing.T) {
	h, err := NewGallery(Gallery{Address: "http://localhost:8099"})
	if err != nil {
		t.Fatal(err)
	}
	get := func(target string) visit {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, target, nil))
		return visit{rec, t}
	}
	get("/").status(200).says("login-wrong", "password_changed")
	var all struct{ Pages, Mails, Languages []string }
	if err := json.Unmarshal(get("/samples.json").Body.Bytes(), &all); err != nil || len(all.Pages) != len(Samples()) || len(all.Mails) < 4 || len(all.Languages) < 6 {
		t.Errorf("%+v, %v", all, err)
	}
	for _, one := range Samples() {
		v := get("/sample/" + one.Name).status(one.Status)
		if csp := v.Header().Get("Content-Security-Policy"); csp != pageCSP {
			t.Errorf("%s: policy %q", one.Name, csp)
		}
	}
	get("/sample/login?ui_locales=de&theme=dark").status(200).says("Anmelden").holds(`data-theme="dark"`)
	get("/sample/problem-internal?ui_locales=" + words.Pseudo).status(500).says("[Šöɱéţĥîñĝ")
	get("/sample/nothing").status(404).says("these are samples")
	get("/login").status(404)
	get("/media/p1").status(200).holds("<svg")
	for _, kind := range all.Mails {
		v := get("/mail/" + kind + "?ui_locales=ar")
		if v.Code != 200 || !strings.Contains(v.Body.String(), `dir="rtl"`) || !strings.HasPrefix(v.Header().Get("Content-Security-Policy"), "default-src 'none'; style-src 'unsafe-inline';") {
			t.Errorf("mail %s: %d %v", kind, v.Code, v.Header())
		}
		if v := get("/mail/" + kind + ".txt"); v.Code != 200 || v.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("mail %s as text: %d", kind, v.Code)
		}
	}
	if v := get("/mail/advertisement"); v.Code != 404 {
		t.Errorf("%d for a mail that there is not", v.Code)
	}
	for path, want := range map[string]bool{"/": true, "/sample/login": true, "/mail/reset": true, "/static/x/latchkey.css": false, "/prefs": false} {
		if IsSamplePage(path) != want {
			t.Errorf("%s is taken for a page: %v", path, !want)
		}
	}
}
