package session

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"latchkey/storage"
)

// jar is the browser's side of Set-Cookie: the value of each cookie that is left.
func jar(w *httptest.ResponseRecorder) map[string]*http.Cookie {
	out := map[string]*http.Cookie{}
	for _, k := range (&http.Response{Header: w.Header()}).Cookies() {
		out[k.Name] = k
		if k.MaxAge < 0 {
			delete(out, k.Name)
		}
	}
	return out
}

func TestWatch(t *testing.T) {
	for _, c := range []struct {
		name   string
		secure bool
		path   string
		s      storage.Session
		want   string
	}{
		{"Session Management §3.2 a frame of another site reads it", true, "", storage.Session{SID: "sid"}, "__Host-lk_opbs=V; Path=/; Secure; SameSite=None"},
		{"below a path", true, "/id", storage.Session{SID: "sid"}, "__Secure-lk_opbs=V; Path=/id; Secure; SameSite=None"},
		{"http on loopback", false, "", storage.Session{SID: "sid"}, "lk_opbs=V; Path=/; SameSite=Lax"},
		{"it lives as long as the session's", true, "", storage.Session{SID: "sid", Persistent: true, ExpiresAt: now}, "__Host-lk_opbs=V; Path=/; Expires=Sun, 01 Mar 2026 12:00:00 GMT; Secure; SameSite=None"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, w := New(nil, c.secure, c.path, nil, Watch()), httptest.NewRecorder()
			k.Set(w, c.s, "secret")
			set := w.Header().Values("Set-Cookie")
			if len(set) != 2 {
				t.Fatal(set)
			}
			value := jar(w)[k.StateName()].Value
			if got := strings.Replace(set[1], value, "V", 1); got != c.want {
				t.Errorf("got %s", got)
			}
			if len(value) != 22 || strings.Contains(value, "sid") || strings.Contains(value, "secret") {
				t.Errorf("value %q", value)
			}
			k.Clear(w)
			if left := jar(w); len(left) != 0 {
				t.Errorf("left %v", left)
			}
		})
	}
	t.Run("nobody watches: no cookie, no state", func(t *testing.T) {
		k, w := New(nil, true, "", nil), httptest.NewRecorder()
		k.Set(w, storage.Session{SID: "sid"}, "secret")
		k.Clear(w)
		if set := w.Header().Values("Set-Cookie"); len(set) != 2 || strings.Contains(strings.Join(set, " "), "opbs") {
			t.Error(set)
		}
		if got := k.State(httptest.NewRequest(http.MethodGet, "/", nil), "app", "https://app.example/cb"); got != "" {
			t.Error(got)
		}
	})
}

// TestState: what clients are told, and when it is no longer true. unchanged is what the frame computes.
func TestState(t *testing.T) {
	k := New(nil, true, "", nil, Watch())
	sent := func(w *httptest.ResponseRecorder) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		for _, c := range jar(w) {
			r.AddCookie(c)
		}
		return r
	}
	signIn := func(sid, secret string) *http.Request {
		w := httptest.NewRecorder()
		k.Set(w, storage.Session{SID: sid}, secret)
		return sent(w)
	}
	unchanged := func(state, client, origin string, r *http.Request) bool {
		_, salt, _ := strings.Cut(state, ".")
		return state == sessionState(client, origin, k.sentState(r), salt)
	}
	in := signIn("s1", "x")
	state := k.State(in, "app", "https://App.example:443/cb?a=b")
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{22}$`).MatchString(state) {
		t.Errorf("Session Management §2: %q", state)
	}
	if k.State(in, "app", "https://app.example/cb") == state {
		t.Error("Session Management §3.2: no salt")
	}
	out := httptest.NewRecorder()
	k.Clear(out)
	for _, c := range []struct {
		name, client, origin string
		now                  *http.Request
		want                 bool
	}{
		{"Session Management §3.2 unchanged", "app", "https://app.example", in, true},
		{"Session Management §3.2 signed out", "app", "https://app.example", sent(out), false},
		{"Session Management §3.2 signed in again", "app", "https://app.example", signIn("s2", "y"), false},
		{"Session Management §3.2 the same person proved again who they are", "app", "https://app.example", signIn("s1", "z"), true},
		{"Session Management §3.2 another client", "other", "https://app.example", in, false},
		{"Session Management §3.2 another origin", "app", "https://evil.example", in, false},
		{"Session Management §3.2 another port", "app", "https://app.example:8443", in, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := unchanged(state, c.client, c.origin, c.now); got != c.want {
				t.Errorf("unchanged: %v", got)
			}
		})
	}
	t.Run("Session Management §2 an error has one too, of a browser that is signed out", func(t *testing.T) {
		none := sent(out)
		if s := k.State(none, "app", "https://app.example/cb"); !unchanged(s, "app", "https://app.example", none) || unchanged(s, "app", "https://app.example", in) {
			t.Error(s)
		}
	})
	for _, uri := range []string{"com.example.app:/cb", "com.example.app://host/cb", "https:///cb", "::", ""} {
		if got := k.State(in, "app", uri); got != "" {
			t.Errorf("%q has the origin of %s", uri, got)
		}
	}
}

// TestStateVector is one that the frame's script was found to agree with; whoever changes it changes the frame.
func TestStateVector(t *testing.T) {
	const want = "05VOFsxSZ_1vZ-eGmgUz5UOSTa68CFyjyc7KIdpL3Co.AAECAwQFBgcICQoLDA0ODw"
	if got := sessionState("an app", "https://app.example", "c3RhdGUtb2YtYnJvd3Nlcg", "AAECAwQFBgcICQoLDA0ODw"); got != want {
		t.Errorf("got %s", got)
	}
}

func TestSent(t *testing.T) {
	k := New(nil, true, "", nil)
	for cookie, want := range map[string]bool{"__Host-lk_session=dead.x": true, "__Host-lk_session=": true, "lk_session=x": false, "": false} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", cookie)
		if got := k.Sent(r); got != want {
			t.Errorf("%q: %v", cookie, got)
		}
	}
}
