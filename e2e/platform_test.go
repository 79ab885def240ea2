package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/e2e/harness"
)

func TestPlatformSignUpAndLogin(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	r := a.Must(t, "POST", "/api/signup", object{"username": "Ada_L", "email": "Ada@example.test", "password": "s3cret!", "full_name": "Ada Lovelace",
		"email_verified": true, "id": 77, "is_admin": true}, nil).Want(t, 201)
	if r.S("message") != "Registration successful" || r.JSON["success"] != true || r.S("token_type") != "Bearer" || r.JSON["expires_in"] != 86400.0 {
		t.Errorf("sign-up answered %s", r.Raw)
	}
	u := r.O("user")
	if u["id"] == 77.0 || u["username"] != "Ada_L" || u["full_name"] != "Ada Lovelace" || !strings.EqualFold(u["email"].(string), "ada@example.test") || len(u["sub"].(string)) != 36 {
		t.Errorf("user %v", u)
	}
	if p := a.Must(t, "GET", "/api/profile", nil, harness.Bearer(r.S("token"))).Want(t, 200).O("user"); p["email_verified"] != false || p["id"] != u["id"] {
		t.Errorf("an unknown field was applied: %v", p)
	}
	signUp := func(username, email, password string) object {
		return object{"username": username, "email": email, "password": password}
	}
	const names = "Username must be 3-20 characters: letters, numbers and underscores only"
	var rows []apiRow
	for _, x := range []struct {
		name           string
		body           object
		message, field string
	}{
		{"username taken", signUp("Ada_L", "x1@example.test", "s3cret!"), "Username already exists", "username"},
		{"username taken but for case", signUp("ada_l", "x2@example.test", "s3cret!"), "Username already exists", "username"},
		{"e-mail taken", signUp("other1", "ada@EXAMPLE.test", "s3cret!"), "Email already exists", "email"},
		{"username of 2", signUp("ab", "x3@example.test", "s3cret!"), names, "username"},
		{"username of 21", signUp(strings.Repeat("a", 21), "x3@example.test", "s3cret!"), names, "username"},
		{"username with a hyphen", signUp("ada-l", "x3@example.test", "s3cret!"), names, "username"},
		{"username in another script", signUp("аda_l", "x3@example.test", "s3cret!"), names, "username"},
		{"e-mail without @", signUp("other2", "nobody", "s3cret!"), "A valid email address is required", "email"},
		{"e-mail with a name", signUp("other2", "A <a@example.test>", "s3cret!"), "A valid email address is required", "email"},
		{"two e-mail addresses", signUp("other2", "a@example.test,b@example.test", "s3cret!"), "A valid email address is required", "email"},
		{"no e-mail", signUp("other2", "", "s3cret!"), "A valid email address is required", "email"},
		{"password of 5", signUp("other2", "x3@example.test", "12345"), "Password must be at least 6 characters", "password"},
		{"password of 5 in 10 bytes", signUp("other2", "x3@example.test", "äöüßé"), "Password must be at least 6 characters", "password"},
		{"password of 1025 bytes", signUp("other2", "x3@example.test", strings.Repeat("p", 1025)), "", "password"},
	} {
		rows = append(rows, apiRow{x.name, "POST", "/api/signup", x.body, nil, 400, x.message, x.field})
	}
	login := func(username, password string) object { return object{"username": username, "password": password} }
	rows = append(rows,
		apiRow{"login", "POST", "/api/login", login("Ada_L", "s3cret!"), nil, 200, "Login successful", ""},
		apiRow{"login by e-mail", "POST", "/api/login", login("aDa@example.TEST", "s3cret!"), nil, 200, "Login successful", ""},
		apiRow{"login is case-sensitive", "POST", "/api/login", login("ada_l", "s3cret!"), nil, 401, "Invalid username or password", ""},
		apiRow{"wrong password", "POST", "/api/login", login("Ada_L", "s3cret?"), nil, 401, "Invalid username or password", ""},
		apiRow{"password is never trimmed", "POST", "/api/login", login("Ada_L", "s3cret! "), nil, 401, "Invalid username or password", ""},
		apiRow{"unknown account", "POST", "/api/login", login("nobody", "s3cret!"), nil, 401, "Invalid username or password", ""},
		apiRow{"no password", "POST", "/api/login", login("Ada_L", ""), nil, 400, "Username and password are required", ""},
		apiRow{"empty object", "POST", "/api/login", object{}, nil, 400, "Username and password are required", ""},
		apiRow{"username is free", "GET", "/api/signup/check?username=free_name", nil, nil, 200, "", ""},
		apiRow{"reset with a made-up token", "POST", "/api/reset-password", object{"token": strings.Repeat("x", 48), "new_password": "another1"}, nil, 400, "Invalid or expired reset token", ""},
		apiRow{"forgot for nobody", "POST", "/api/forgot-password", object{"email": "nobody@example.test"}, nil, 200, forgotText, ""},
	)
	runRows(t, s, rows)
	if r := a.Must(t, "GET", "/api/signup/check?username=ADA_l", nil, nil).Want(t, 200); r.JSON["available"] != false || r.S("message") != "Username already exists" {
		t.Errorf("check of a taken name: %s", r.Raw)
	}
	if r := a.Must(t, "GET", "/api/signup/check?username=free_name", nil, nil).Want(t, 200); r.JSON["available"] != true {
		t.Errorf("check of a free name: %s", r.Raw)
	}
	if r := a.Must(t, "GET", "/api/signup/check?username=ada@example.test", nil, nil); r.JSON["available"] == true || strings.Contains(string(r.Raw), "exists") {
		t.Errorf("check answers for an e-mail address: %s", r.Raw)
	}
}

const forgotText = "If that email is registered, you'll receive a reset link shortly."

func TestPlatformWire(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	token := s.SignUp(t, "wire", "wire@example.test", "s3cret!")
	big := []byte(`{"username":"` + strings.Repeat("a", 65<<10) + `"}`)
	runRows(t, s, []apiRow{
		{"malformed JSON", "POST", "/api/login", `{"username":`, nil, 400, "", ""},
		{"JSON with something behind it", "POST", "/api/login", `{"username":"a"} x`, nil, 400, "", ""},
		{"not JSON", "POST", "/api/login", "username=a", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415, "", ""},
		{"no content type", "POST", "/api/login", "{}", map[string]string{"Content-Type": ""}, 415, "", ""},
		{"over 64 KiB", "POST", "/api/login", big, nil, 413, "", ""},
		{"wrong method", "GET", "/api/login", nil, nil, 405, "", ""},
		{"unknown route", "GET", "/api/nothing", nil, nil, 404, "", ""},
		{"no token", "GET", "/api/profile", nil, nil, 401, "Missing or invalid Authorization header", ""},
		{"another scheme", "GET", "/api/profile", nil, map[string]string{"Authorization": "Token " + token}, 401, "Missing or invalid Authorization header", ""},
		{"garbage for a token", "GET", "/api/profile", nil, harness.Bearer("garbage"), 401, "Invalid or expired token", ""},
		{"changed signature", "GET", "/api/profile", nil, harness.Bearer(flip(token)), 401, "Invalid or expired token", ""},
		{"logout without a token", "POST", "/api/logout", nil, nil, 401, "Missing or invalid Authorization header", ""},
	})
	if r := s.API().Must(t, "GET", "/api/login", nil, nil); !strings.Contains(r.Header.Get("Allow"), "POST") {
		t.Errorf("Allow %q", r.Header.Get("Allow"))
	}
}

// flip changes one character in the middle of a token's signature.
func flip(token string) string {
	b := []byte(token)
	i := len(b) - 20
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

func TestPlatformLogoutEndsTheToken(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	token := s.SignUp(t, "leaver", "leaver@example.test", "s3cret!")
	introspect := func() any {
		return a.Must(t, "POST", "/introspect", form("token", token), harness.Basic(harness.WebID, harness.WebSecret)).Want(t, 200).JSON["active"]
	}
	if introspect() != true {
		t.Error("introspection says inactive before the logout")
	}
	if r := a.Must(t, "POST", "/api/logout", nil, harness.Bearer(token)).Want(t, 200); r.S("message") != "Logged out successfully" || r.JSON["success"] != true {
		t.Errorf("logout answered %s", r.Raw)
	}
	checkError(t, a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 401), "Invalid or expired token")
	if introspect() != false {
		t.Error("introspection says active after the logout")
	}
}

func TestPlatformProfile(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	h := harness.Bearer(s.SignUp(t, "profile", "profile@example.test", "s3cret!"))
	r := a.Must(t, "POST", "/api/update_profile", object{"full_name": "P. Rofile", "phone": "+1 (415) 555-0123", "experience_years": 12, "skills": []string{"go", "sql", "go", "Ünïcode"},
		"username": "other", "email_verified": true, "sub": "x"}, h).Want(t, 200)
	if r.S("message") != "Profile updated successfully" {
		t.Errorf("message %q", r.S("message"))
	}
	want := object{"username": "profile", "email": "profile@example.test", "email_verified": false, "full_name": "P. Rofile", "phone": "+14155550123",
		"experience_years": 12.0, "skills": []any{"go", "sql", "Ünïcode"}, "resume": nil, "picture": nil}
	compare := func(got object) {
		t.Helper()
		for k, v := range want {
			if diff := cmp.Diff(v, got[k]); diff != "" {
				t.Errorf("%s: %s", k, diff)
			}
		}
	}
	compare(r.O("user"))
	a.Must(t, "POST", "/api/update_profile", object{"phone": nil, "skills": nil}, h).Want(t, 200)
	want["phone"], want["skills"] = nil, []any{}
	got := a.Must(t, "GET", "/api/profile", nil, h).Want(t, 200).O("user")
	compare(got)
	for _, k := range []string{"created_at", "updated_at"} {
		if at, err := time.Parse(time.RFC3339, got[k].(string)); err != nil || at.Location() != time.UTC {
			t.Errorf("%s %v is no time in UTC", k, got[k])
		}
	}
	var rows []apiRow
	for name, body := range map[string]object{
		"phone":            {"phone": "call me"},
		"experience_years": {"experience_years": 81},
		"skills":           {"skills": []string{strings.Repeat("s", 51)}},
		"full_name":        {"full_name": strings.Repeat("n", 101)},
	} {
		rows = append(rows, apiRow{name, "POST", "/api/update_profile", body, h, 400, "", name})
	}
	runRows(t, s, rows)
	a.Must(t, "POST", "/api/update_profile", object{"experience_years": "many"}, h).Want(t, 400)
}

func TestPlatformFiles(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	token := s.SignUp(t, "filer", "filer@example.test", "s3cret!")
	h := harness.Bearer(token)
	pdf := append([]byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"), bytes.Repeat([]byte{0}, 100)...)
	r := a.Upload(t, "/api/profile/resume", "resume", `../..\cv "1".pdf`, pdf, token).Want(t, 201)
	if r.JSON["success"] != true {
		t.Errorf("upload answered %s", r.Raw)
	}
	back := a.Must(t, "GET", "/api/profile/resume", nil, h).Want(t, 200)
	if !bytes.Equal(back.Raw, pdf) || back.Header.Get("Content-Type") != "application/pdf" || back.Header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.HasPrefix(back.Header.Get("Content-Disposition"), "attachment") || strings.Contains(back.Header.Get("Content-Disposition"), "..") {
		t.Errorf("the resume came back with %v", back.Header)
	}
	if info := a.Must(t, "GET", "/api/profile", nil, h).O("user")["resume"].(object); info["size"] != float64(len(pdf)) || info["content_type"] != "application/pdf" {
		t.Errorf("resume %v", info)
	}
	// Text that looks like a page is text, whatever it calls itself.
	page := a.Upload(t, "/api/profile/resume", "resume", "page.html", []byte("<!doctype html><script>alert(1)</script>"), token).Want(t, 201).O("resume")
	if !strings.HasPrefix(page["content_type"].(string), "text/plain") || strings.HasSuffix(page["filename"].(string), ".html") {
		t.Errorf("a page was taken as %v", page)
	}
	a.Upload(t, "/api/profile/resume", "resume", "run.txt", []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00"), token).Want(t, 400)
	a.Upload(t, "/api/profile/resume", "resume", "big.pdf", append(pdf, make([]byte, 5<<20)...), token).Want(t, 413)
	a.Upload(t, "/api/profile/resume", "resume", "plain.txt", []byte("I can do things.\n"), token).Want(t, 201)
	a.Must(t, "DELETE", "/api/profile/resume", nil, h).Want(t, 204)
	a.Must(t, "GET", "/api/profile/resume", nil, h).Want(t, 404)

	picture := withText(t, "secret place 48.8584N")
	a.Upload(t, "/api/profile/picture", "picture", "me.png", picture, token).Want(t, 201)
	link, _ := a.Must(t, "GET", "/api/profile", nil, h).O("user")["picture"].(string)
	if !strings.HasPrefix(link, s.Issuer+"/") {
		t.Fatalf("picture %q", link)
	}
	shown := a.Must(t, "GET", strings.TrimPrefix(link, s.Issuer), nil, nil).Want(t, 200)
	if bytes.Contains(shown.Raw, []byte("secret place")) {
		t.Error("the picture kept its metadata")
	}
	if img, _, err := image.Decode(bytes.NewReader(shown.Raw)); err != nil || img.Bounds().Dx() != 40 {
		t.Errorf("the picture cannot be read: %v", err)
	}
	a.Upload(t, "/api/profile/picture", "picture", "me.png", []byte("not a picture"), token).Want(t, 400)
	a.Upload(t, "/api/profile/picture", "picture", "me.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), token).Want(t, 400)
	a.Must(t, "DELETE", "/api/profile/picture", nil, h).Want(t, 204)
	if p := a.Must(t, "GET", "/api/profile", nil, h).O("user")["picture"]; p != nil {
		t.Errorf("picture %v after it was deleted", p)
	}
	a.Must(t, http.MethodPost, "/api/profile/resume", []byte("x"), map[string]string{"Authorization": h["Authorization"], "Content-Type": "text/plain"}).Want(t, 415)
}

// withText is a picture with a tEXt chunk.
func withText(t *testing.T, text string) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for x := range 40 {
		img.Set(x, x%30, color.RGBA{R: 200, G: uint8(x), A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	raw := b.Bytes()
	data := append([]byte("Comment\x00"), text...)
	at := 8 + 25 // behind the signature and IHDR
	return append(append(append([]byte{}, raw[:at]...), chunk("tEXt", data)...), raw[at:]...)
}
