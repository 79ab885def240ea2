package e2e

import (
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

func TestSessionDialect(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	r := a.Must(t, "POST", "/api/auth/register", object{"email": "zoe@example.test", "password": "longenough", "first_name": "Zoë", "last_name": "O'Neil-Smith Jr."}, nil).Want(t, 201)
	if r.S("message") != "Registration successful" || r.S("token_type") != "Bearer" || r.JSON["expires_in"] != 900.0 || r.S("access_token") == "" || r.S("refresh_token") == "" {
		t.Errorf("register answered %s", r.Raw)
	}
	if u := r.O("user"); u["first_name"] != "Zoë" || u["last_name"] != "O'Neil-Smith Jr." || u["email"] != "zoe@example.test" {
		t.Errorf("user %v", u)
	}
	a.Must(t, "POST", "/api/auth/register", object{"email": "camel@example.test", "password": "longenough", "firstName": "Ca", "lastName": "Mel"}, nil).Want(t, 201)
	register := func(change object) object {
		body := object{"email": "new@example.test", "password": "longenough", "first_name": "Ann", "last_name": "Lee"}
		for k, v := range change {
			body[k] = v
		}
		return body
	}
	login := func(email, password string) object { return object{"email": email, "password": password} }
	runRows(t, s, []apiRow{
		{"e-mail taken", "POST", "/api/auth/register", register(object{"email": "ZOE@example.test"}), nil, 400, "Email already exists", ""},
		{"password of 7", "POST", "/api/auth/register", register(object{"password": "1234567"}), nil, 400, "Password must be at least 8 characters", "password"},
		{"first name of 1", "POST", "/api/auth/register", register(object{"first_name": "A"}), nil, 400, "", "first_name"},
		{"last name with a digit", "POST", "/api/auth/register", register(object{"last_name": "Lee2"}), nil, 400, "", "last_name"},
		{"no last name", "POST", "/api/auth/register", register(object{"last_name": ""}), nil, 400, "", "last_name"},
		{"login", "POST", "/api/auth/login", login("Zoe@Example.test", "longenough"), nil, 200, "", ""},
		{"wrong password", "POST", "/api/auth/login", login("zoe@example.test", "longenougH"), nil, 401, "Invalid credentials", ""},
		{"unknown e-mail", "POST", "/api/auth/login", login("who@example.test", "longenough"), nil, 401, "Invalid credentials", ""},
		{"unknown refresh token", "POST", "/api/auth/refresh", object{"refresh_token": "lkr_unknown"}, nil, 401, "Invalid refresh token", ""},
		{"no refresh token", "POST", "/api/auth/refresh", object{}, nil, 401, "Invalid refresh token", ""},
	})
	in := a.Must(t, "POST", "/api/auth/login", login("zoe@example.test", "longenough"), nil).Want(t, 200)
	refresh := object{"refresh_token": in.S("refresh_token")}
	for range 2 { // it stays valid and unchanged
		r := a.Must(t, "POST", "/api/auth/refresh", refresh, nil).Want(t, 200)
		if r.S("token_type") != "Bearer" || r.JSON["expires_in"] != 900.0 || r.S("refresh_token") != "" {
			t.Errorf("refresh answered %s", r.Raw)
		}
		a.Must(t, "GET", "/api/profile", nil, harness.Bearer(r.S("access_token"))).Want(t, 200)
	}
	// An OAuth client cannot use it, since it is no token of its.
	if r, err := (&harness.Flow{Client: harness.PublicID}).Refresh(a, in.S("refresh_token")); err != nil || r.Status != 400 || r.S("error") != "invalid_grant" {
		t.Errorf("/token took a refresh token of the account API: %v %v", r, err)
	}
	if r := a.Must(t, "POST", "/api/auth/logout", refresh, nil).Want(t, 200); r.S("message") != "Logged out successfully" {
		t.Errorf("logout answered %s", r.Raw)
	}
	checkError(t, a.Must(t, "POST", "/api/auth/refresh", refresh, nil).Want(t, 401), "Invalid refresh token")
	if r := a.Must(t, "GET", "/api/auth/session", nil, harness.Bearer(in.S("access_token"))).Want(t, 200); r.JSON["authenticated"] != false {
		t.Errorf("the access token lives on after the logout: %s", r.Raw)
	}
	again := a.Must(t, "POST", "/api/auth/login", login("zoe@example.test", "longenough"), nil).Want(t, 200)
	a.Must(t, "POST", "/api/auth/logout", nil, harness.Bearer(again.S("access_token"))).Want(t, 200)
	checkError(t, a.Must(t, "POST", "/api/auth/refresh", object{"refresh_token": again.S("refresh_token")}, nil).Want(t, 401), "Invalid refresh token")
}

func TestSimpleDialect(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	signUp := func(username, password, confirm string) object {
		return object{"username": username, "password": password, "confirm_password": confirm}
	}
	r := a.Must(t, "POST", "/api/auth/signup", signUp("Sim-ple_1", "secret", "secret"), nil).Want(t, 201)
	if r.S("message") != "Registration successful" || r.JSON["expires_in"] != 604800.0 || r.S("token") == "" || r.S("token_type") != "Bearer" || r.O("user")["username"] != "Sim-ple_1" {
		t.Errorf("signup answered %s", r.Raw)
	}
	token := r.S("token")
	a.Must(t, "POST", "/api/auth/signup", object{"username": "camel", "password": "secret", "confirmPassword": "secret"}, nil).Want(t, 201)
	const chars = "Username can only contain letters, numbers, underscores and hyphens"
	login := func(username, password string) object { return object{"username": username, "password": password} }
	runRows(t, s, []apiRow{
		{"nothing", "POST", "/api/auth/signup", object{}, nil, 400, "Username and password are required", ""},
		{"no password", "POST", "/api/auth/signup", signUp("other", "", ""), nil, 400, "Username and password are required", ""},
		{"mismatch", "POST", "/api/auth/signup", signUp("other", "secret", "Secret"), nil, 400, "Passwords do not match", ""},
		{"password of 5", "POST", "/api/auth/signup", signUp("other", "12345", "12345"), nil, 400, "Password must be at least 6 characters", ""},
		{"taken", "POST", "/api/auth/signup", signUp("sim-PLE_1", "secret", "secret"), nil, 400, "Username already exists", ""},
		{"characters", "POST", "/api/auth/signup", signUp("o ther", "secret", "secret"), nil, 400, chars, ""},
		{"login", "POST", "/api/auth/login", login("Sim-ple_1", "secret"), nil, 200, "", ""},
		{"login without password", "POST", "/api/auth/login", login("Sim-ple_1", ""), nil, 400, "Username and password are required", ""},
		{"wrong password", "POST", "/api/auth/login", login("Sim-ple_1", "Secret"), nil, 401, "Invalid username or password", ""},
		{"unknown", "POST", "/api/auth/login", login("nobody", "secret"), nil, 401, "Invalid username or password", ""},
		{"me without header", "GET", "/api/auth/me", nil, nil, 401, "No authorization token provided", ""},
		{"me with garbage", "GET", "/api/auth/me", nil, harness.Bearer("a.b.c"), 401, "Invalid token", ""},
		{"me with a changed signature", "GET", "/api/auth/me", nil, harness.Bearer(flip(token)), 401, "Invalid token", ""},
	})
	if u := a.Must(t, "GET", "/api/auth/me", nil, harness.Bearer(token)).Want(t, 200).O("user"); u["username"] != "Sim-ple_1" || u["email"] != nil {
		t.Errorf("me %v", u)
	}
	in := a.Must(t, "POST", "/api/auth/login", login("Sim-ple_1", "secret"), nil).Want(t, 200)
	if in.S("token") == "" || in.O("user")["username"] != "Sim-ple_1" {
		t.Errorf("login answered %s", in.Raw)
	}
	session := func(h map[string]string) *harness.Reply {
		return a.Must(t, "GET", "/api/auth/session", nil, h).Want(t, 200)
	}
	if r := session(nil); r.JSON["authenticated"] != false {
		t.Errorf("session of a guest: %s", r.Raw)
	}
	if r := session(harness.Bearer("garbage")); r.JSON["authenticated"] != false {
		t.Errorf("session with garbage: %s", r.Raw)
	}
	if r := session(harness.Bearer(token)); r.JSON["authenticated"] != true || r.O("user")["username"] != "Sim-ple_1" {
		t.Errorf("session: %s", r.Raw)
	}
	a.Must(t, "POST", "/api/auth/logout", nil, harness.Bearer(token)).Want(t, 200)
	checkError(t, a.Must(t, "GET", "/api/auth/me", nil, harness.Bearer(token)).Want(t, 401), "Invalid or expired token")
	a.Must(t, "GET", "/api/auth/me", nil, harness.Bearer(in.S("token"))).Want(t, 200) // the other session lives
}

// TestTokensExpire: each dialect has its own words for it.
func TestTokensExpire(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"accounts.api.platform.token_ttl": "1s", "accounts.api.simple.token_ttl": "1s", "accounts.api.session.token_ttl": "1s"}})
	a := s.API()
	platform := s.SignUp(t, "mayfly", "mayfly@example.test", "s3cret!")
	simple := a.Must(t, "POST", "/api/auth/signup", object{"username": "mayfly2", "password": "secret", "confirm_password": "secret"}, nil).Want(t, 201).S("token")
	session := a.Must(t, "POST", "/api/auth/register", object{"email": "m3@example.test", "password": "longenough", "first_name": "May", "last_name": "Fly"}, nil).Want(t, 201)
	exp := jwtPart(t, session.S("access_token"), 1)["exp"].(float64)
	time.Sleep(time.Until(time.Unix(int64(exp), 0).Add(50 * time.Millisecond)))
	checkError(t, a.Must(t, "GET", "/api/profile", nil, harness.Bearer(platform)).Want(t, 401), "Invalid or expired token")
	checkError(t, a.Must(t, "GET", "/api/auth/me", nil, harness.Bearer(simple)).Want(t, 401), "Token expired")
	checkError(t, a.Must(t, "GET", "/api/auth/me", nil, harness.Bearer(session.S("access_token"))).Want(t, 401), "Token expired")
	if r := a.Must(t, "POST", "/api/auth/refresh", object{"refresh_token": session.S("refresh_token")}, nil).Want(t, 200); strings.Count(r.S("access_token"), ".") != 2 {
		t.Errorf("refresh answered %s", r.Raw)
	}
}

// TestOperatorsPasswordMinimum raises every dialect's minimum and lowers none.
func TestOperatorsPasswordMinimum(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"accounts.password.min_length": 10}})
	runRows(t, s, []apiRow{
		{"platform", "POST", "/api/signup", object{"username": "abc", "email": "a@example.test", "password": "123456789"}, nil, 400, "Password must be at least 10 characters", "password"},
		{"session", "POST", "/api/auth/register", object{"email": "a@example.test", "password": "123456789", "first_name": "Ann", "last_name": "Lee"}, nil, 400, "Password must be at least 10 characters", "password"},
		{"simple", "POST", "/api/auth/signup", object{"username": "abc", "password": "123456789", "confirm_password": "123456789"}, nil, 400, "Password must be at least 10 characters", "password"},
	})
}
