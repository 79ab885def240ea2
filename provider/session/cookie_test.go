package session

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type store struct {
	read  func(sid string) (storage.Session, error)
	touch func() error
}

func (s store) Session(_ context.Context, sid string, _ time.Time) (storage.Session, error) {
	return s.read(sid)
}

func (s store) TouchSession(_ context.Context, sid string, c storage.SessionChange, _ time.Time) (storage.Session, error) {
	return storage.Session{SID: sid, LastSeenAt: c.LastSeenAt}, s.touch()
}

func one(sid string) (storage.Session, error) {
	if sid != "sid" {
		return storage.Session{}, storage.ErrNotFound
	}
	return storage.Session{SID: sid, SecretHash: HashSecret("secret"), LastSeenAt: now.Add(-time.Hour)}, nil
}

func TestCurrent(t *testing.T) {
	for _, c := range []struct {
		name, cookie string
		ok           bool
	}{
		{"right", "__Host-lk_session=sid.secret", true},
		{"wrong secret", "__Host-lk_session=sid.secreT", false},
		{"no secret", "__Host-lk_session=sid.", false},
		{"no dot", "__Host-lk_session=sid", false},
		{"unknown", "__Host-lk_session=x.secret", false},
		{"none", "", false},
		{"RFC 6265bis §4.1.3 a name without the prefix", "lk_session=sid.secret", false},
		{"two: one of them was planted", "__Host-lk_session=sid.secret; __Host-lk_session=sid.secret", false},
		{"too long", "__Host-lk_session=sid." + strings.Repeat("x", 300), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			touched := 0
			k := New(store{one, func() error { touched++; return nil }}, true, "", func() time.Time { return now })
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Cookie", c.cookie)
			s, ok, err := k.Current(r)
			if ok != c.ok || err != nil || (ok && (s.SID != "sid" || touched != 1)) || (!ok && touched != 0) {
				t.Errorf("%+v %v %v, touched %d", s, ok, err, touched)
			}
		})
	}
	t.Run("a session without a cookie has none", func(t *testing.T) {
		k := New(store{func(string) (storage.Session, error) { return storage.Session{SID: "sid"}, nil }, nil}, true, "", func() time.Time { return now })
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", "__Host-lk_session=sid.x")
		if _, ok, _ := k.Current(r); ok {
			t.Error("let in")
		}
	})
	t.Run("a fault is a fault", func(t *testing.T) {
		k := New(store{func(string) (storage.Session, error) { return storage.Session{}, storage.ErrUnavailable }, nil}, true, "", func() time.Time { return now })
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", "__Host-lk_session=sid.x")
		if _, _, err := k.Current(r); !errors.Is(err, storage.ErrUnavailable) {
			t.Error(err)
		}
	})
}

func TestSet(t *testing.T) {
	for _, c := range []struct {
		name       string
		secure     bool
		path, want string
		s          storage.Session
	}{
		{"RFC 6265bis §4.1.3 __Host-", true, "", "__Host-lk_session=sid.x; Path=/; HttpOnly; Secure; SameSite=Lax", storage.Session{SID: "sid"}},
		{"below a path", true, "/id", "__Secure-lk_session=sid.x; Path=/id; HttpOnly; Secure; SameSite=Lax", storage.Session{SID: "sid"}},
		{"http on loopback", false, "", "lk_session=sid.x; Path=/; HttpOnly; SameSite=Lax", storage.Session{SID: "sid"}},
		{"keep me signed in", true, "", "__Host-lk_session=sid.x; Path=/; Expires=Sun, 01 Mar 2026 12:00:00 GMT; HttpOnly; Secure; SameSite=Lax", storage.Session{SID: "sid", Persistent: true, ExpiresAt: now}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, w := New(nil, c.secure, c.path, nil), httptest.NewRecorder()
			k.Set(w, c.s, "x")
			if got := w.Header().Get("Set-Cookie"); got != c.want {
				t.Errorf("got %s", got)
			}
			k.Clear(w)
			if got := w.Header().Values("Set-Cookie")[1]; !strings.Contains(got, "Max-Age=0") {
				t.Errorf("got %s", got)
			}
		})
	}
}

func FuzzCookie(f *testing.F) {
	f.Add("__Host-lk_session=sid.secret")
	f.Add("a=b; __Host-lk_session=..")
	f.Fuzz(func(t *testing.T, header string) {
		k := New(store{one, func() error { return nil }}, true, "", func() time.Time { return now })
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Cookie"] = []string{header}
		if _, ok, err := k.Current(r); err != nil || (ok && !strings.Contains(header, "sid.secret")) {
			t.Errorf("%q: %v %v", header, ok, err)
		}
	})
}
