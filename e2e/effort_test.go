package e2e

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestHashesSpent counts the hashes that requests cost: the time that a refusal takes is made of them, and counting is exact where timing is not.
func TestHashesSpent(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	s.SignUp(t, "counted", "counted@example.test", "s3cret!")
	login := func(field, name, password string) object { return object{field: name, "password": password} }
	for name, row := range map[string]struct {
		path   string
		body   object
		hashes float64
		status int
	}{
		"right password":             {"/api/login", login("username", "counted", "s3cret!"), 1, 200},
		"wrong password":             {"/api/login", login("username", "counted", "s3cret?"), 1, 401},
		"unknown name":               {"/api/login", login("username", "nobody", "s3cret!"), 1, 401},
		"unknown name, simple":       {"/api/auth/login", login("username", "nobody-2", "s3cret!"), 1, 401},
		"wrong password, session":    {"/api/auth/login", login("email", "counted@example.test", "s3cret?"), 1, 401},
		"unknown e-mail, session":    {"/api/auth/login", login("email", "nobody@example.test", "s3cret!"), 1, 401},
		"password over 1024 bytes":   {"/api/login", login("username", "counted", strings.Repeat("p", 1025)), 0, 0},
		"forgot, known address":      {"/api/forgot-password", object{"email": "counted@example.test"}, 0, 200},
		"forgot, unknown address":    {"/api/forgot-password", object{"email": "nobody@example.test"}, 0, 200},
		"reset with a made-up token": {"/api/reset-password", object{"token": strings.Repeat("y", 48), "new_password": "long enough"}, 0, 400},
	} {
		before := s.Metrics(t).Sum("latchkey_hash_done_total")
		r := s.API().Must(t, http.MethodPost, row.path, row.body, nil)
		if row.status != 0 && r.Status != row.status || row.status == 0 && (r.Status < 400 || r.Status >= 500) {
			t.Errorf("%s: %d %s", name, r.Status, r.Raw)
		}
		if spent := s.Metrics(t).Sum("latchkey_hash_done_total") - before; spent != row.hashes {
			t.Errorf("%s cost %v hashes, want %v", name, spent, row.hashes)
		}
	}
}

// TestAnonymousVisitorsWriteNothing: the store's file is the same before and after.
func TestAnonymousVisitorsWriteNothing(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"storage.sweep_every": "1d"}})
	read := func() []byte {
		b, err := os.ReadFile(s.Store)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	before := read()
	harness.Until(t, 20*time.Second, "what the server writes for itself when it starts is written", func() error {
		last := before
		time.Sleep(300 * time.Millisecond)
		if before = read(); !bytes.Equal(last, before) {
			return errors.New("the file still changes")
		}
		return nil
	})
	for range 20 {
		f := harness.NewFlow(harness.WebID, harness.WebSecret, false)
		b := s.Browser(t)
		b.Open(f.Path("openid", nil)).At("/login", 200).Follow("/signup").At("/signup", 200)
		b.Open(f.Path("openid", map[string]string{"prompt": "none"})).Left(harness.Callback)
		b.Open("/account").At("/login", 200)
		_ = s.API().Must(t, http.MethodPost, "/api/login", object{"username": harness.Random(8), "password": "guess!!"}, nil)
	}
	if !bytes.Equal(before, read()) {
		t.Error("somebody who proved nothing caused a write")
	}
}

// TestSweeper: what has expired is removed without being asked.
func TestSweeper(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"storage.sweep_every": "1s", "accounts.api.session.refresh_ttl": "3s", "accounts.api.session.token_ttl": "3s"}})
	a := s.API()
	a.Must(t, "POST", "/api/auth/register", object{"email": "brief@example.test", "password": "longenough", "first_name": "Brief", "last_name": "Stay"}, nil).Want(t, 201)
	records := func() float64 { return s.Metrics(t).Sum("latchkey_store_records", "kind", "grants") }
	if n := s.Metrics(t).Sum("latchkey_store_records", "kind", "accounts"); n != 1 {
		t.Errorf("%v accounts", n)
	}
	if records() < 1 {
		t.Error("no grant is counted")
	}
	harness.Until(t, 20*time.Second, "the expired refresh token is gone from the store", func() error {
		if records() != 0 {
			return errors.New("still there")
		}
		return nil
	})
}
