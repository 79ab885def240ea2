package e2e

import (
	"net/http"
	"strconv"
	"testing"

	"latchkey/e2e/harness"
)

const tooMany = "Too many authentication attempts"

// throttled checks a 429.
func throttled(t *testing.T, r *harness.Reply) {
	t.Helper()
	r.Want(t, 429)
	checkError(t, r, tooMany)
	if n, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil || n < 1 || n > 15*60 {
		t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
	}
}

func TestLoginLimits(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	s.SignUp(t, "victim", "victim@example.test", "s3cret!")
	stranger, owner := s.API(), s.API()
	stranger.Address, owner.Address = "198.18.0.1", "198.18.0.2"
	right, wrong := object{"username": "victim", "password": "s3cret!"}, object{"username": "victim", "password": "guess!!"}
	for range 3 {
		stranger.Must(t, "POST", "/api/login", right, nil).Want(t, 200) // what is right does not count
	}
	for range 4 {
		stranger.Must(t, "POST", "/api/login", wrong, nil).Want(t, 401)
	}
	// The same account by its other name, and through another dialect.
	stranger.Must(t, "POST", "/api/auth/login", object{"email": "victim@example.test", "password": "guess!!"}, nil).Want(t, 401)
	throttled(t, stranger.Must(t, "POST", "/api/login", wrong, nil))
	throttled(t, stranger.Must(t, "POST", "/api/login", right, nil))
	owner.Must(t, "POST", "/api/login", right, nil).Want(t, 200) // from elsewhere nobody is locked out
	for range 5 {
		stranger.Must(t, "POST", "/api/login", object{"username": "unknown_1", "password": "guess!!"}, nil).Want(t, 401)
	}
	throttled(t, stranger.Must(t, "POST", "/api/login", object{"username": "unknown_1", "password": "guess!!"}, nil))
}

func TestLimitsOfResetRefreshForgotAndAddress(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	for name, row := range map[string]struct {
		path   string
		body   object
		status int
	}{
		"reset":   {"/api/reset-password", object{"token": "no-such-token-no-such-token-no-such-token-no-suc", "new_password": "long enough"}, 400},
		"refresh": {"/api/auth/refresh", object{"refresh_token": "lkr_none"}, 401},
		"forgot":  {"/api/forgot-password", object{"email": "somebody@example.test"}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.API()
			for range 5 {
				a.Must(t, "POST", row.path, row.body, nil).Want(t, row.status)
			}
			throttled(t, a.Must(t, "POST", row.path, row.body, nil))
		})
	}
	t.Run("forgot counts the address asked about, wherever it is asked", func(t *testing.T) {
		throttled(t, s.API().Must(t, "POST", "/api/forgot-password", object{"email": "SOMEBODY@example.test"}, nil))
	})
	t.Run("address", func(t *testing.T) {
		a := s.API()
		a.Address = "198.19.7.7"
		for i := range 100 {
			r := a.Must(t, "POST", "/api/login", object{"username": "n" + strconv.Itoa(i), "password": "guess!!"}, nil)
			r.Want(t, 401)
		}
		throttled(t, a.Must(t, "POST", "/api/login", object{"username": "fresh", "password": "guess!!"}, nil))
		throttled(t, a.Must(t, "POST", "/api/signup", object{"username": "fresh", "email": "fresh@example.test", "password": "s3cret!"}, nil))
	})
	t.Run("account", func(t *testing.T) {
		s.SignUp(t, "hunted", "hunted@example.test", "s3cret!")
		for i := range 50 {
			a := s.API()
			a.Address = "198.19.8." + strconv.Itoa(i+1)
			a.Must(t, "POST", "/api/login", object{"username": "hunted", "password": "guess!!"}, nil).Want(t, 401)
		}
		throttled(t, s.API().Must(t, "POST", "/api/login", object{"username": "hunted", "password": "guess!!"}, nil))
	})
}

// TestForgedAddress: who is no trusted proxy is not believed.
func TestForgedAddress(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"server.trusted_proxies": []string{"203.0.113.0/24"}}})
	body := object{"username": "somebody", "password": "guess!!"}
	for range 5 {
		s.API().Must(t, "POST", "/api/login", body, nil).Want(t, http.StatusUnauthorized)
	}
	throttled(t, s.API().Must(t, "POST", "/api/login", body, map[string]string{"Forwarded": "for=198.51.100.7"}))
}
