package accountapi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/provider/account"

	"github.com/google/go-cmp/cmp"
)

var subject = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// golden compares a whole body, with every `sub` as SUB.
func golden(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("status %d, want %d", w.Code, status)
	}
	if diff := cmp.Diff(body, subject.ReplaceAllString(w.Body.String(), "SUB")); diff != "" {
		t.Error(diff)
	}
}

const fullAlice = `{"id":1,"sub":"SUB","username":"alice","email":"alice@example.org","email_verified":false,"full_name":"Alice","first_name":null,` +
	`"last_name":null,"phone":null,"experience_years":null,"skills":[],"resume":null,"picture":null,` +
	`"created_at":"2026-11-21T12:00:00Z","updated_at":"2026-11-21T12:00:00Z"}`

func TestPlatformGolden(t *testing.T) {
	r := newRig(t)
	w := r.post("/api/signup", `{"username":"alice","email":"alice@example.org","password":"secret1","full_name":"Alice","role":"admin","email_verified":true}`)
	golden(t, w, http.StatusCreated, `{"success":true,"message":"Registration successful","token":"access-platform-1","token_type":"Bearer","expires_in":86400,`+
		`"user":{"id":1,"sub":"SUB","username":"alice","email":"alice@example.org","full_name":"Alice"}}`)
	w = r.post("/api/login", `{"username":"alice","password":"secret1"}`)
	golden(t, w, http.StatusOK, `{"success":true,"message":"Login successful","token":"access-platform-2","token_type":"Bearer","expires_in":86400,"user":`+fullAlice+`}`)
	golden(t, r.get("/api/profile", "access-platform-2"), http.StatusOK, `{"success":true,"user":`+fullAlice+`}`)
	golden(t, r.post("/api/login", `{"username":"Alice","password":"secret1"}`), http.StatusUnauthorized,
		`{"success":false,"message":"Invalid username or password","error":"Invalid username or password"}`)
	golden(t, r.post("/api/signup", `{"username":"ALICE","email":"b@example.org","password":"secret1"}`), http.StatusBadRequest,
		`{"success":false,"message":"Username already exists","error":"Username already exists","fields":{"username":"Username already exists"}}`)
	golden(t, r.get("/api/signup/check?username=bob", ""), http.StatusOK, `{"available":true}`)
	golden(t, r.get("/api/signup/check?username=Alice", ""), http.StatusOK, `{"available":false,"message":"Username already exists"}`)
	golden(t, r.post("/api/forgot-password", `{"email":"alice@example.org"}`), http.StatusOK,
		`{"success":true,"message":"If that email is registered, you'll receive a reset link shortly."}`)
	golden(t, r.do(request{method: "POST", path: "/api/logout", header: auth("access-platform-2")}), http.StatusOK,
		`{"success":true,"message":"Logged out successfully"}`)
}

func TestPlatformSignUp(t *testing.T) {
	const short = "Username must be 3-20 characters: letters, numbers and underscores only"
	body := func(username, email, password string) string {
		return fmt.Sprintf(`{"username":%q,"email":%q,"password":%q}`, username, email, password)
	}
	for _, c := range []struct {
		name, body string
		status     int
		message    string
	}{
		{"username taken", body("Alice", "b@example.org", "secret1"), 400, "Username already exists"},
		{"email taken", body("bob", "ALICE@example.org", "secret1"), 400, "Email already exists"},
		{"both taken", body("alice", "alice@example.org", "secret1"), 400, "Username already exists"},
		{"username short", body("ab", "b@example.org", "secret1"), 400, short},
		{"username long", body(strings.Repeat("a", 21), "b@example.org", "secret1"), 400, short},
		{"username hyphen", body("a-bc", "b@example.org", "secret1"), 400, short},
		{"username missing", `{"email":"b@example.org","password":"secret1"}`, 400, short},
		{"username null", `{"username":null,"email":"b@example.org","password":"secret1"}`, 400, short},
		{"email broken", body("bob", "b@", "secret1"), 400, "A valid email address is required"},
		{"email missing", `{"username":"bob","password":"secret1"}`, 400, "A valid email address is required"},
		{"password short", body("bob", "b@example.org", "12345"), 400, "Password must be at least 6 characters"},
		{"password missing", `{"username":"bob","email":"b@example.org"}`, 400, "Password must be at least 6 characters"},
		{"password over the cap", body("bob", "b@example.org", strings.Repeat("a", 1025)), 400, "Password must be at most 1024 bytes"},
		{"number for text", `{"username":5,"email":"b@example.org","password":"secret1"}`, 400, "Field username has the wrong type"},
		{"list for text", `{"username":"bob","email":["b@example.org"],"password":"secret1"}`, 400, "Field email has the wrong type"},
		{"key in another case", `{"Username":"bob","email":"b@example.org","password":"secret1"}`, 400, short},
		{"long s in a key", `{"u\u017fername":"bob","email":"b@example.org","password":"secret1"}`, 400, short},
		{"fine", body("bob", "b@example.org", "123456"), 201, "Registration successful"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.alice()
			want(t, r.post("/api/signup", c.body), c.status, c.message)
		})
	}
}

func TestPlatformLogin(t *testing.T) {
	r := newRig(t, func(c *account.Config) { c.Limits.Pair.Max = 100 })
	r.alice()
	for _, c := range []struct {
		body    string
		status  int
		message string
	}{
		{`{"username":"alice","password":"secret1"}`, 200, "Login successful"},
		{`{"username":"ALICE@EXAMPLE.ORG","password":"secret1"}`, 200, "Login successful"},
		{`{"username":"alice","password":"wrong"}`, 401, "Invalid username or password"},
		{`{"username":"nobody","password":"wrong"}`, 401, "Invalid username or password"},
		{`{"username":"ALICE","password":"secret1"}`, 401, "Invalid username or password"},
		{`{"username":"alice","password":""}`, 400, "Username and password are required"},
		{`{"username":"nobody","password":""}`, 400, "Username and password are required"},
		{`{"password":"secret1"}`, 400, "Username and password are required"},
		{`{}`, 400, "Username and password are required"},
		{`{"username":"alice","password":"` + strings.Repeat("a", 1025) + `"}`, 400, "Password must be at most 1024 bytes"},
		{`{"username":"nobody","password":"` + strings.Repeat("a", 1025) + `"}`, 400, "Password must be at most 1024 bytes"},
		{`{"username":"alice","password":1}`, 400, "Field password has the wrong type"},
	} {
		want(t, r.post("/api/login", c.body), c.status, c.message)
	}
	// Known and unknown names get the same answer, byte for byte, header for header.
	for _, path := range []string{"/api/login", "/api/auth/login"} {
		known, unknown := r.post(path, `{"username":"alice","password":"wrong"}`), r.post(path, `{"username":"nobody","password":"wrong"}`)
		if diff := cmp.Diff(known.Body.String(), unknown.Body.String()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(known.Header(), unknown.Header()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestLimits(t *testing.T) {
	r := newRig(t)
	r.alice()
	for _, c := range []struct{ path, body string }{
		{"/api/login", `{"username":"alice","password":"wrong"}`}, {"/api/login", `{"username":"nobody","password":"wrong"}`},
		{"/api/auth/login", `{"email":"nobody@example.org","password":"wrong"}`}, {"/api/auth/login", `{"username":"someone","password":"wrong"}`},
		{"/api/reset-password", `{"token":"bad","new_password":"secret2"}`}, {"/api/auth/refresh", `{"refresh_token":"bad"}`},
		{"/api/forgot-password", `{"email":"alice@example.org"}`}, {"/api/forgot-password", `{"email":"nobody@example.org"}`},
	} {
		for range 5 {
			if w := r.post(c.path, c.body); w.Code == http.StatusTooManyRequests {
				t.Fatalf("%s: throttled too early", c.path)
			}
		}
		w := r.post(c.path, c.body)
		want(t, w, http.StatusTooManyRequests, "Too many authentication attempts")
		if w.Header().Get("Retry-After") != "900" {
			t.Errorf("%s: Retry-After %q", c.path, w.Header().Get("Retry-After"))
		}
	}
	r.address = "192.0.2.2"
	want(t, r.post("/api/login", `{"username":"alice","password":"secret1"}`), http.StatusOK, "Login successful")
	r.address = "192.0.2.1"
	r.pass(15*time.Minute + time.Second)
	want(t, r.post("/api/login", `{"username":"alice","password":"secret1"}`), http.StatusOK, "Login successful")
}

func TestAddressCeiling(t *testing.T) {
	r := newRig(t, func(c *account.Config) { c.Limits.Address.Max, c.Limits.Check.Max = 3, 2 })
	r.alice()
	r.post("/api/auth/refresh", `{"refresh_token":"bad"}`)
	r.post("/api/login", `{"username":"alice","password":"secret1"}`)
	for _, c := range []struct{ path, body string }{
		{"/api/signup", `{"username":"bob","email":"b@example.org","password":"secret1"}`}, {"/api/login", `{"username":"alice","password":"secret1"}`},
		{"/api/forgot-password", `{"email":"a@example.org"}`}, {"/api/reset-password", `{"token":"x","new_password":"secret1"}`},
		{"/api/auth/refresh", `{"refresh_token":"bad"}`}, {"/api/auth/login", `{"email":"a@example.org","password":"x"}`},
	} {
		want(t, r.post(c.path, c.body), http.StatusTooManyRequests, "Too many authentication attempts")
	}
	r.get("/api/signup/check?username=bob", "")
	r.get("/api/signup/check?username=bob", "")
	want(t, r.get("/api/signup/check?username=bob", ""), http.StatusTooManyRequests, "Too many authentication attempts")
}

func TestSignUpCheck(t *testing.T) {
	r := newRig(t)
	r.alice()
	const shape = `{"available":false,"message":"Username must be 3-20 characters: letters, numbers and underscores only"}`
	for query, body := range map[string]string{"": shape, "?username=": shape, "?username=ab": shape, "?username=alice%40example.org": shape} {
		golden(t, r.get("/api/signup/check"+query, ""), http.StatusOK, body)
	}
}

func TestForgotAndReset(t *testing.T) {
	r := newRig(t)
	token := r.alice()
	const answer = "If that email is registered, you'll receive a reset link shortly."
	for _, body := range []string{`{"email":"nobody@example.org"}`, `{"email":"no address"}`, `{}`, `{"email":"alice@example.org"}`} {
		want(t, r.post("/api/forgot-password", body), http.StatusOK, answer)
	}
	want(t, r.post("/api/forgot-password", `{"email":7}`), http.StatusBadRequest, "Field email has the wrong type")
	reset := r.resetToken()
	r.pass(time.Second)
	body := func(token, password string) string {
		return fmt.Sprintf(`{"token":%q,"new_password":%q}`, token, password)
	}
	want(t, r.post("/api/reset-password", body("x"+reset[1:], "secret2")), 400, "Invalid or expired reset token")
	want(t, r.post("/api/reset-password", `{"new_password":"secret2"}`), 400, "Invalid or expired reset token")
	w := r.post("/api/reset-password", body(reset, "12345"))
	golden(t, w, 400, `{"success":false,"message":"Password must be at least 6 characters","error":"Password must be at least 6 characters",`+
		`"fields":{"new_password":"Password must be at least 6 characters"}}`)
	want(t, r.post("/api/reset-password", body(reset, "secret1")), 400, "Password must not be one of your last 5 passwords")
	want(t, r.post("/api/reset-password", body(reset, "secret2")), 200, "Password updated successfully. You can now log in.")
	want(t, r.post("/api/reset-password", body(reset, "secret3")), 400, "Invalid or expired reset token")
	want(t, r.get("/api/profile", token), 401, "Invalid or expired token")
	want(t, r.post("/api/login", `{"username":"alice","password":"secret1"}`), 401, "Invalid username or password")
	want(t, r.post("/api/login", `{"username":"alice","password":"secret2"}`), 200, "Login successful")

	r.post("/api/forgot-password", `{"email":"alice@example.org"}`)
	late := r.resetToken()
	r.pass(15 * time.Minute)
	want(t, r.post("/api/reset-password", body(late, "secret4")), 400, "Invalid or expired reset token")
}

func TestUpdateProfile(t *testing.T) {
	r := newRig(t)
	token := r.alice()
	update := func(body string) *httptest.ResponseRecorder {
		return r.do(request{method: "POST", path: "/api/update_profile", body: body, header: auth(token)})
	}
	w := update(`{"full_name":"Alice L.","phone":"+1 (415) 555-0123","experience_years":7,"skills":["go","sql","go"],` +
		`"username":"root","email":"evil@example.org","id":9,"email_verified":true,"first_name":"X","Full_Name":"no"}`)
	golden(t, w, 200, `{"success":true,"message":"Profile updated successfully","user":{"id":1,"sub":"SUB","username":"alice","email":"alice@example.org",`+
		`"email_verified":false,"full_name":"Alice L.","first_name":null,"last_name":null,"phone":"+14155550123","experience_years":7,"skills":["go","sql"],`+
		`"resume":null,"picture":null,"created_at":"2026-11-21T12:00:00Z","updated_at":"2026-11-21T12:00:00Z"}}`)
	w = update(`{"phone":null,"experience_years":null,"skills":null}`)
	if b := w.Body.String(); !strings.Contains(b, `"full_name":"Alice L."`) || !strings.Contains(b, `"phone":null,"experience_years":null,"skills":[]`) {
		t.Errorf("absent fields stay, null clears: %s", b)
	}
	for _, c := range []struct{ body, message string }{
		{`{"phone":"123"}`, "Phone must be a number in international format, such as +14155550123"},
		{`{"experience_years":81}`, "Experience years must be a whole number from 0 to 80"},
		{`{"experience_years":-1}`, "Experience years must be a whole number from 0 to 80"},
		{`{"experience_years":"7"}`, "Field experience_years has the wrong type"},
		{`{"experience_years":7.5}`, "Field experience_years has the wrong type"},
		{`{"skills":"go"}`, "Field skills has the wrong type"},
		{`{"skills":[1]}`, "Field skills has the wrong type"},
		{`{"skills":[""]}`, "Skills must be at most 50, each of 1-50 characters"},
		{`{"full_name":"` + strings.Repeat("a", 101) + `"}`, "Full name must be at most 100 characters"},
		{`{"full_name":true}`, "Field full_name has the wrong type"},
	} {
		want(t, update(c.body), 400, c.message)
	}
	want(t, r.post("/api/update_profile", `{}`), 401, "Missing or invalid Authorization header")
}

// Every protected route, every way a token can be bad, in the words of its document.
func TestBearerRefusals(t *testing.T) {
	r := newRig(t)
	r.alice()
	out := field(t, r.post("/api/login", `{"username":"alice","password":"secret1"}`), "token")
	want(t, r.do(request{method: "POST", path: "/api/logout", header: auth(out)}), 200, "Logged out successfully")
	platform := [][2]string{{"GET", "/api/profile"}, {"POST", "/api/update_profile"}, {"POST", "/api/logout"}, {"POST", "/api/profile/resume"},
		{"GET", "/api/profile/resume"}, {"DELETE", "/api/profile/resume"}, {"POST", "/api/profile/picture"}, {"GET", "/api/profile/picture"}, {"DELETE", "/api/profile/picture"}}
	auth := [][2]string{{"GET", "/api/auth/me"}, {"POST", "/api/auth/logout"}}
	for _, c := range []struct{ name, header, platform, auth string }{
		{"none", "", "Missing or invalid Authorization header", "No authorization token provided"},
		{"another scheme", "Basic YWxpY2U6c2VjcmV0MQ==", "Missing or invalid Authorization header", "No authorization token provided"},
		{"malformed header", "Bearer a b", "Missing or invalid Authorization header", "Invalid token"},
		{"no token", "Bearer ", "Missing or invalid Authorization header", "Invalid token"},
		{"garbage", "Bearer garbage", "Invalid or expired token", "Invalid token"},
		{"bad signature", "Bearer forged", "Invalid or expired token", "Invalid token"},
		{"expired", "Bearer expired", "Invalid or expired token", "Token expired"},
		{"ended", "Bearer " + out, "Invalid or expired token", "Invalid or expired token"},
		{"without a person", "Bearer nosid", "Invalid or expired token", "Invalid or expired token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, p := range platform {
				want(t, r.do(request{method: p[0], path: p[1], header: map[string]string{"Authorization": c.header}}), 401, c.platform)
			}
			for _, p := range auth {
				want(t, r.do(request{method: p[0], path: p[1], header: map[string]string{"Authorization": c.header}}), 401, c.auth)
			}
			golden(t, r.do(request{method: "GET", path: "/api/auth/session", header: map[string]string{"Authorization": c.header}}), 200, `{"authenticated":false}`)
		})
	}
	for _, p := range append(platform, auth...) {
		want(t, r.do(request{method: p[0], path: p[1], header: map[string]string{"Authorization": "Bearer fault"}}), 503, "Service unavailable")
	}
}

func TestAccountGone(t *testing.T) {
	r := newRig(t)
	token := r.alice()
	claims := r.tokens.access[token]
	if _, err := r.service.SetDisabled(t.Context(), 1, true, account.Caller{}); err != nil {
		t.Fatal(err)
	}
	want(t, r.get("/api/profile", token), 401, "Invalid or expired token")
	want(t, r.get("/api/auth/me", token), 401, "Invalid or expired token")
	if err := r.service.Delete(t.Context(), 1, account.Caller{}); err != nil {
		t.Fatal(err)
	}
	want(t, r.get("/api/profile", token), 401, "User not found")
	want(t, r.get("/api/auth/me", token), 401, "Invalid or expired token")
	r.post("/api/auth/signup", `{"username":"bob","password":"secret1","confirm_password":"secret1"}`)
	bob := r.tokens.access["access-simple-2"]
	bob.Subject = claims.Subject // somebody else's session
	r.tokens.access["mixed"] = bob
	want(t, r.get("/api/profile", "mixed"), 401, "Invalid or expired token")
}
