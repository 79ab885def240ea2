package accountapi

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/serve"

	"github.com/google/go-cmp/cmp"
)

const fullBob = `{"id":1,"sub":"SUB","username":null,"email":"bob@example.org","email_verified":false,"full_name":null,"first_name":"Bob",` +
	`"last_name":"O'Neil","phone":null,"experience_years":null,"skills":[],"resume":null,"picture":null,` +
	`"created_at":"2026-11-21T12:00:00Z","updated_at":"2026-11-21T12:00:00Z"}`

func TestSessionGolden(t *testing.T) {
	r := newRig(t)
	w := r.post("/api/auth/register", `{"email":"bob@example.org","password":"secret12","firstName":"Bob","last_name":"O'Neil"}`)
	golden(t, w, 201, `{"success":true,"message":"Registration successful","user":`+fullBob+
		`,"access_token":"access-session-1","token_type":"Bearer","expires_in":900,"refresh_token":"refresh-1"}`)
	w = r.post("/api/auth/login", `{"email":"BOB@example.org","password":"secret12"}`)
	golden(t, w, 200, `{"success":true,"message":"Login successful","user":`+fullBob+
		`,"access_token":"access-session-2","token_type":"Bearer","expires_in":900,"refresh_token":"refresh-2"}`)
	for range 3 { // the refresh token stays valid
		golden(t, r.post("/api/auth/refresh", `{"refresh_token":"refresh-2"}`), 200, `{"access_token":"refreshed","token_type":"Bearer","expires_in":900}`)
	}
	golden(t, r.get("/api/auth/session", "access-session-2"), 200, `{"authenticated":true,"user":`+fullBob+`}`)
	golden(t, r.post("/api/auth/logout", `{"refresh_token":"refresh-2"}`), 200, `{"message":"Logged out successfully"}`)
	want(t, r.post("/api/auth/refresh", `{"refresh_token":"refresh-2"}`), 401, "Invalid refresh token")
	golden(t, r.post("/api/auth/logout", `{"refresh_token":"refresh-2"}`), 200, `{"message":"Logged out successfully"}`)
}

func TestSessionRegister(t *testing.T) {
	body := func(email, password, first, last string) string {
		return fmt.Sprintf(`{"email":%q,"password":%q,"first_name":%q,"last_name":%q}`, email, password, first, last)
	}
	const names = " name must be 2-50 characters: letters, spaces, periods, hyphens and apostrophes only"
	r := newRig(t)
	want(t, r.post("/api/auth/register", body("bob@example.org", "secret12", "Zoë", "von der Müller-Lüdenscheidt")), 201, "Registration successful")
	for _, c := range []struct{ name, body, message string }{
		{"taken", body("BOB@example.org", "secret12", "Bob", "Smith"), "Email already exists"},
		{"short", body("c@example.org", "secret1", "Bob", "Smith"), "Password must be at least 8 characters"},
		{"first", body("c@example.org", "secret12", "B", "Smith"), "First" + names},
		{"last", body("c@example.org", "secret12", "Bob", "Sm1th"), "Last" + names},
		{"no names", `{"email":"c@example.org","password":"secret12"}`, "First" + names},
		{"email", body("c", "secret12", "Bob", "Smith"), "A valid email address is required"},
	} {
		t.Run(c.name, func(t *testing.T) { want(t, r.post("/api/auth/register", c.body), 400, c.message) })
	}
}

func TestSharedLogin(t *testing.T) {
	r := newRig(t, func(c *account.Config) { c.Limits.Pair.Max = 100 })
	r.alice()
	for _, c := range []struct {
		body    string
		status  int
		message string
	}{
		{`{"email":"alice@example.org","password":"secret1"}`, 200, "Login successful"},
		{`{"username":"alice","password":"secret1"}`, 200, "Login successful"},
		{`{"email":"alice@example.org","password":"wrong"}`, 401, "Invalid credentials"},
		{`{"email":"nobody@example.org","password":"wrong"}`, 401, "Invalid credentials"},
		{`{"email":"alice","password":"secret1"}`, 401, "Invalid credentials"},
		{`{"email":"alice@example.org","password":""}`, 401, "Invalid credentials"},
		{`{"email":"alice@example.org"}`, 401, "Invalid credentials"},
		{`{"email":null,"password":"secret1"}`, 401, "Invalid credentials"},
		{`{"username":"alice","password":"wrong"}`, 401, "Invalid username or password"},
		{`{"username":"nobody","password":"wrong"}`, 401, "Invalid username or password"},
		{`{"username":"alice@example.org","password":"secret1"}`, 401, "Invalid username or password"},
		{`{"username":"alice"}`, 400, "Username and password are required"},
		{`{}`, 400, "Username and password are required"},
	} {
		want(t, r.post("/api/auth/login", c.body), c.status, c.message)
	}
	known, unknown := r.post("/api/auth/login", `{"email":"alice@example.org","password":"wrong"}`), r.post("/api/auth/login", `{"email":"nobody@example.org","password":"wrong"}`)
	if diff := cmp.Diff(known.Body.String(), unknown.Body.String()); diff != "" {
		t.Error(diff)
	}
}

func TestRefreshRefusals(t *testing.T) {
	r := newRig(t)
	for _, body := range []string{`{"refresh_token":"unknown"}`, `{"refresh_token":""}`, `{}`} {
		want(t, r.post("/api/auth/refresh", body), 401, "Invalid refresh token")
	}
	want(t, r.post("/api/auth/refresh", `{"refresh_token":7}`), 400, "Field refresh_token has the wrong type")
	want(t, r.post("/api/auth/refresh", `{"refresh_token":"fault"}`), 503, "Service unavailable")
}

func TestSharedLogout(t *testing.T) {
	r := newRig(t)
	token := r.alice()
	want(t, r.do(request{method: "POST", path: "/api/auth/logout", body: `{"refresh_token":"none"}`, header: auth("expired")}), 200, "Logged out successfully")
	want(t, r.post("/api/auth/logout", `{}`), 401, "No authorization token provided")
	golden(t, r.do(request{method: "POST", path: "/api/auth/logout", header: auth(token)}), 200, `{"message":"Logged out successfully"}`)
	want(t, r.do(request{method: "POST", path: "/api/auth/logout", header: auth(token)}), 401, "Invalid or expired token")
	want(t, r.get("/api/profile", token), 401, "Invalid or expired token")
	want(t, r.do(request{method: "POST", path: "/api/auth/logout", body: `{"refresh_token":"none"}`, header: auth("fault")}), 503, "Service unavailable")
}

func TestSimpleGolden(t *testing.T) {
	r := newRig(t)
	w := r.post("/api/auth/signup", `{"username":"bob-1","password":"secret1","confirmPassword":"secret1"}`)
	golden(t, w, 201, `{"success":true,"message":"Registration successful","token":"access-simple-1","token_type":"Bearer","expires_in":604800,`+
		`"user":{"id":1,"sub":"SUB","username":"bob-1"}}`)
	const full = `{"id":1,"sub":"SUB","username":"bob-1","email":null,"email_verified":false,"full_name":null,"first_name":null,"last_name":null,"phone":null,` +
		`"experience_years":null,"skills":[],"resume":null,"picture":null,"created_at":"2026-11-21T12:00:00Z","updated_at":"2026-11-21T12:00:00Z"}`
	w = r.post("/api/auth/login", `{"username":"bob-1","password":"secret1"}`)
	golden(t, w, 200, `{"success":true,"message":"Login successful","token":"access-simple-2","token_type":"Bearer","expires_in":604800,"user":`+full+`}`)
	golden(t, r.get("/api/auth/me", "access-simple-2"), 200, `{"user":`+full+`}`)
}

func TestSimpleSignUp(t *testing.T) {
	r := newRig(t)
	r.alice()
	for _, c := range []struct{ name, body, message string }{
		{"nothing", `{}`, "Username and password are required"},
		{"no password", `{"username":"bob"}`, "Username and password are required"},
		{"mismatch", `{"username":"bob","password":"secret1","confirm_password":"secret2"}`, "Passwords do not match"},
		{"no confirmation", `{"username":"bob","password":"secret1"}`, "Passwords do not match"},
		{"short", `{"username":"bob","password":"12345","confirm_password":"12345"}`, "Password must be at least 6 characters"},
		{"taken", `{"username":"ALICE","password":"secret1","confirm_password":"secret1"}`, "Username already exists"},
		{"characters", `{"username":"bob smith","password":"secret1","confirm_password":"secret1"}`, "Username can only contain letters, numbers, underscores and hyphens"},
		{"length", `{"username":"bo","password":"secret1","confirm_password":"secret1"}`, "Username must be 3-20 characters"},
	} {
		t.Run(c.name, func(t *testing.T) { want(t, r.post("/api/auth/signup", c.body), 400, c.message) })
	}
}

func TestEdges(t *testing.T) {
	r := newRig(t)
	token := r.alice()
	for _, route := range r.api.Routes() {
		t.Run(route.Method+" "+route.Path, func(t *testing.T) {
			w := r.do(request{method: "PATCH", path: route.Path})
			want(t, w, http.StatusMethodNotAllowed, "Method not allowed")
			if !strings.Contains(w.Header().Get("Allow"), route.Method) {
				t.Errorf("Allow %q", w.Header().Get("Allow"))
			}
			if route.Method != http.MethodPost || route.Path == "/api/logout" || strings.HasPrefix(route.Path, "/api/profile/") {
				return
			}
			do := func(body, contentType string) request {
				return request{method: "POST", path: route.Path, body: body, header: map[string]string{"Content-Type": contentType, "Authorization": "Bearer " + token}}
			}
			for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/json, text/plain", "application/jsonx"} {
				if w := r.do(do(`{}`, contentType)); w.Code != http.StatusUnsupportedMediaType {
					t.Errorf("%q: %d", contentType, w.Code)
				}
			}
			for _, body := range []string{`{`, `[]`, `null`, `{"a":1,"a":2}`, `{} {}`, "{\"a\":\"\xff\"}", `{"a":"\ud800"}`} {
				want(t, r.do(do(body, "application/json; charset=UTF-8")), http.StatusBadRequest, "Malformed JSON")
			}
			want(t, r.do(do(`{"a":"`+strings.Repeat("a", 64<<10)+`"}`, "application/json")), http.StatusRequestEntityTooLarge, "Request body too large")
			if route.Path != "/api/auth/logout" {
				want(t, r.do(request{method: "POST", path: route.Path, header: map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token}}),
					http.StatusBadRequest, "Malformed JSON")
			}
		})
	}
	want(t, r.get("/api/nothing", ""), http.StatusNotFound, "Not found")
}

// A body without Content-Length over the cap is cut off, not read.
func TestBodyOfUnknownLength(t *testing.T) {
	r := newRig(t)
	req := httptest.NewRequest("POST", "/api/login", io.MultiReader(strings.NewReader(`{"a":"`+strings.Repeat("a", 64<<10)+`"}`)))
	req.Header.Set("Content-Type", "application/json")
	if req.ContentLength != -1 {
		t.Fatal("the length is known")
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	want(t, w, http.StatusRequestEntityTooLarge, "Request body too large")
}

func TestFaults(t *testing.T) {
	r := newRig(t)
	r.alice()
	r.tokens.fail = errors.New("key for kid 7 at /var/lib is gone")
	golden(t, r.post("/api/login", `{"username":"alice","password":"secret1"}`), 500,
		`{"success":false,"message":"Internal server error","error":"Internal server error","id":"ref-1"}`)
	if r.rec.Err == nil || !strings.Contains(r.rec.Err.Error(), "kid 7") {
		t.Errorf("the log learns %v", r.rec.Err)
	}
	r.service.Close()
	want(t, r.post("/api/login", `{"username":"alice","password":"secret1"}`), 503, "Service unavailable")
	if r.rec.Outcome != "busy" { // over what the edge had put there
		t.Errorf("outcome %q", r.rec.Outcome)
	}
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, r.post("/api/login", `{"username":"alice","password":"secret1"}`), 503, "Service unavailable")
	w := httptest.NewRecorder()
	r.api.Face().Answer(w, httptest.NewRequest(http.MethodGet, "/api/x", nil), &serve.Throttled{RetryAfter: 1500 * time.Millisecond})
	if want(t, w, 429, "Too many authentication attempts"); w.Header().Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
}

func TestUploads(t *testing.T) {
	r := newRig(t)
	token := r.alice()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	golden(t, r.upload("/api/profile/resume", token, "resume", `..\cv "1".pdf`, []byte("%PDF-1.7")), 201,
		`{"success":true,"message":"Resume uploaded successfully","resume":{"filename":"cv 1.pdf","content_type":"application/pdf","size":8,"uploaded_at":"2026-11-21T12:00:00Z"}}`)
	w := r.get("/api/profile/resume", token)
	h := w.Header()
	if w.Code != 200 || w.Body.String() != "%PDF-1.7" || h.Get("Content-Disposition") != `attachment; filename="cv 1.pdf"` || h.Get("X-Content-Type-Options") != "nosniff" ||
		h.Get("Content-Type") != "application/pdf" {
		t.Errorf("got %d %q %v", w.Code, w.Body, h)
	}
	w = r.upload("/api/profile/picture", token, "picture", "me.png", picture.Bytes())
	address := field(t, w, "picture")
	if w.Code != 201 || !strings.HasPrefix(address, "https://id.test/media/") {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	if b := r.get("/api/profile", token).Body.String(); !strings.Contains(b, `"picture":"`+address+`"`) || !strings.Contains(b, `"resume":{"filename":"cv 1.pdf"`) {
		t.Errorf("profile %s", b)
	}
	id := strings.TrimPrefix(address, "https://id.test/media/")
	if info, _, err := r.service.Picture(t.Context(), id); err != nil || info.ContentType != "image/png" {
		t.Errorf("the picture at its address: %v %v", info, err)
	}
	w = r.get("/api/profile/picture", token)
	h = w.Header()
	if w.Code != 200 || h.Get("Content-Type") != "image/png" || h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %d %v", w.Code, h)
	}
	for _, kind := range []string{"resume", "picture"} {
		for range 2 {
			if w := r.do(request{method: "DELETE", path: "/api/profile/" + kind, header: auth(token)}); w.Code != 204 || w.Body.Len() != 0 {
				t.Errorf("delete: %d %s", w.Code, w.Body)
			}
		}
		want(t, r.get("/api/profile/"+kind, token), 404, "Not found")
	}
	if _, _, err := r.service.Picture(t.Context(), id); !account.IsKind(err, account.Gone) {
		t.Errorf("after deletion: %v", err)
	}
}

func TestUploadRefusals(t *testing.T) {
	r := newRig(t)
	token := r.alice()
	for _, c := range []struct {
		name, kind, part string
		content          []byte
		status           int
		message          string
	}{
		{"another type", "resume", "resume", []byte("\x00\x01"), 400, "Resume must be a PDF, DOC, DOCX or plain text file"},
		{"empty", "resume", "resume", nil, 400, "Resume file is required"},
		{"another part", "resume", "file", []byte("text"), 400, "Resume file is required"},
		{"5 MiB", "resume", "resume", bytes.Repeat([]byte("a"), 5<<20), 201, "Resume uploaded successfully"},
		{"5 MiB and one", "resume", "resume", bytes.Repeat([]byte("a"), 5<<20+1), 413, "Resume is too large"},
		{"far more", "resume", "resume", bytes.Repeat([]byte("a"), 6<<20), 413, "Resume is too large"},
		{"SVG", "picture", "picture", []byte("<svg/>"), 400, "Picture must be a PNG, JPEG or WebP image"},
		{"2 MiB and one", "picture", "picture", bytes.Repeat([]byte("a"), 2<<20+1), 413, "Picture is too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want(t, r.upload("/api/profile/"+c.kind, token, c.part, "x", c.content), c.status, c.message)
		})
	}
	for contentType, status := range map[string]int{"application/json": 415, "": 415, "multipart/form-data": 400, "multipart/form-data; boundary=x": 400, "multipart/mixed; boundary=x": 415} {
		w := r.do(request{method: "POST", path: "/api/profile/resume", body: "junk", header: map[string]string{"Content-Type": contentType, "Authorization": "Bearer " + token}})
		if w.Code != status {
			t.Errorf("%q: %d, want %d", contentType, w.Code, status)
		}
	}
}

func TestNewWantsEverything(t *testing.T) {
	if _, err := New(Defaults(), Deps{}); err == nil {
		t.Error("no dependencies: taken")
	}
	c := Defaults()
	c.SessionTTL = 0
	if _, err := New(c, newRig(t).api.Deps); err == nil {
		t.Error("no lifetime: taken")
	}
}
