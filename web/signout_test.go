package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"latchkey/provider/serve"
	"latchkey/storage"
)

func TestSignOutButton(t *testing.T) {
	b := newBench(t, sampleIssuer)
	var ended string
	b.verbs.signOut = func(sid string) error { ended = sid; return nil }
	if v := b.post(t, "/account/sign-out", form(), signedIn).goes("/login?notice=signed_out"); v.sets("sid").MaxAge >= 0 || ended != "s1" {
		t.Errorf("ended %q", ended)
	}
	ended = ""
	b.post(t, "/account/sign-out", form()).goes("/login?notice=signed_out")
	if ended != "" {
		t.Error("ended a session without one")
	}
	b.verbs.signOut = func(string) error { return storage.ErrUnavailable }
	if v := b.post(t, "/account/sign-out", form(), signedIn).status(500); len(v.Result().Cookies()) != 0 {
		t.Error("the cookie went although the session lives")
	}
}

// TestSignOutTells: whichever way this browser's session ends, it tells the applications that it is to tell.
func TestSignOutTells(t *testing.T) {
	for name, post := range map[string]func(*testing.T, *bench) visit{
		"the button": func(t *testing.T, b *bench) visit { return b.post(t, "/account/sign-out", form(), signedIn) },
		"the list": func(t *testing.T, b *bench) visit {
			return b.post(t, "/account/sessions/end", form("sid", "s1"), signedIn)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sampleIssuer)
			var frames []string
			b.Site.Told = func(_ context.Context, s storage.Session) (apps []storage.Client, addresses []string) {
				for _, id := range s.Clients {
					apps = append(apps, storage.Client{ID: id})
				}
				return apps, frames
			}
			post(t, b).goes("/login?notice=signed_out")
			frames = []string{"https://notes.harbour.example/out?iss=x&sid=s1"}
			v := post(t, b).status(200).says("You are signed out", "Apps that are told harbour-notes tide-tables", "Sign in again").
				holds(`<iframe src="https://notes.harbour.example/out?iss=x&amp;sid=s1" sandbox="allow-scripts allow-same-origin allow-forms" hidden></iframe>`).
				lacks("data-onward", "Return to")
			if v.sets("sid").MaxAge >= 0 || v.Header().Get("Refresh") != "" || !strings.HasSuffix(v.Header().Get("Content-Security-Policy"), "; frame-src https://notes.harbour.example") {
				t.Errorf("headers %v", v.Header())
			}
			// Another device's session is none of this browser's business.
			b.post(t, "/account/sessions/end", form("sid", "s2"), signedIn).goes("/account/sessions?notice=session_ended")
		})
	}
}

func TestSignOutPages(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/_/signout").status(200).says("Do you want to sign out?", "You are signed in as Ada Byron.", "Harbour Notes asked for it.", "Stay signed in", "Apps that are told Harbour Notes Tide Tables").
		holds(`name="confirm" value="sealed"`, `action="/_/signout"`, `id="logout-confirm"`)
	v := b.get(t, "/_/signedout").status(200).says("You are signed out", "Return to Harbour Notes").holds(`href="https://notes.harbour.example/"`).lacks("iframe", "data-onward", "Apps that")
	if v.Header().Get("Refresh") != "" {
		t.Error("goes on by itself")
	}
	v = b.get(t, "/_/signingout").status(200).says("You are signed out", "Apps that are told Harbour Notes Tide Tables", "If nothing happens, continue yourself.", "Return to Harbour Notes").
		holds(`href="https://notes.harbour.example/" rel="noreferrer" data-onward=""`, `src="https://notes.harbour.example/out?iss=x&amp;sid=s1"`, `src="https://tides.example:8443/out"`)
	if got := v.Header().Get("Refresh"); got != "3; url=https://notes.harbour.example/" {
		t.Errorf("Refresh %q", got)
	}
	b.get(t, "/_/signout", "lk_lang=de").says("Möchten Sie sich abmelden?", "Apps, die davon erfahren")
}

// signedOut draws the page of a view.
func (b *bench) signedOut(t *testing.T, v serve.SignOutView) visit {
	t.Helper()
	rec := httptest.NewRecorder()
	if err := b.SignedOut(rec, httptest.NewRequest(http.MethodGet, "/logout", nil), v); err != nil {
		t.Fatal(err)
	}
	return visit{rec, t}.status(200)
}

func TestSignedOutTarget(t *testing.T) {
	b := newBench(t, sampleIssuer)
	for _, to := range []string{"", "javascript:alert(1)", "data:x", "/relative", "https://a.example/\r\nx"} {
		for _, onward := range []bool{false, true} {
			v := b.signedOut(t, serve.SignOutView{ReturnTo: to, Onward: onward, Frames: []string{"https://a.example/out"}}).lacks("Return to", "javascript", "data-onward")
			if v.Header().Get("Refresh") != "" {
				t.Errorf("%q: Refresh %q", to, v.Header().Get("Refresh"))
			}
		}
	}
	// RFC 8252 §7.1: a native application's own scheme, where it proved that it is the client's.
	const native = "com.example.app:/bye?state=x"
	if v := b.signedOut(t, serve.SignOutView{ReturnTo: native, Onward: true}).holds(`href="com.example.app:/bye?state=x"`); v.Header().Get("Refresh") != "3; url="+native {
		t.Errorf("Refresh %q", v.Header().Get("Refresh"))
	}
	b.signedOut(t, serve.SignOutView{ReturnTo: native}).lacks("com.example.app")
	if v := b.signedOut(t, serve.SignOutView{UILocales: "de"}); !strings.Contains(v.Body.String(), `lang="de"`) {
		t.Error("RP-Initiated Logout §2: ui_locales is not heeded")
	}
	b.signedOut(t, serve.SignOutView{Apps: []storage.Client{{ID: `"><script>x`}, {ID: "x", Name: "\u202Etxt"}}, Client: storage.Client{ID: "y", Name: "<b>"}}).lacks("<script>x", "\u202e", "<b>")
}

// TestFrames: an address that would write into the policy, or that is no page, is left out.
func TestFrames(t *testing.T) {
	kept, origins := frames([]string{"https://A.example:443/out?x=1", "https://a.example/other", "http://127.0.0.1:8080/out", "javascript:alert(1)", "data:text/html,x", "/out",
		"https://a.example;script-src/x", "https://*/x", "https://a.example'/x", "https://a.example,b/x", "https:///x", "ftp://a/x"})
	if want := []string{"https://A.example:443/out?x=1", "https://a.example/other", "http://127.0.0.1:8080/out"}; !slices.Equal(kept, want) {
		t.Errorf("kept %q", kept)
	}
	if want := []string{"https://a.example", "http://127.0.0.1:8080"}; !slices.Equal(origins, want) {
		t.Errorf("origins %q", origins)
	}
}
