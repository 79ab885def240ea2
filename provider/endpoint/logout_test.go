package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider/account"
	"latchkey/provider/client"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

const appBye = "https://app.example/bye"

// logoutRig is the endpoint over fakes: Ada is signed in with the session s1, and the client app has an ID token of it, "hint".
type logoutRig struct {
	*Logout
	in, sent     bool
	endErr       error
	frames       []string
	ended        []string
	cleared      int
	page         string // what was drawn, and with what
	view         serve.SignOutView
	verifyFault  error
	clientsFault error
}

// notes is the client app, and told are the applications that are told of a sign-out.
var (
	notes = storage.Client{ID: "app", Name: "Harbour Notes", PostLogoutRedirectURIs: []string{appBye}}
	told  = []storage.Client{notes, {ID: "tides", Name: "Tide Tables"}}
)

func newLogoutRig() *logoutRig {
	r := &logoutRig{in: true, sent: true}
	r.Logout = &Logout{Clients: r, Hints: r, Sessions: r, Accounts: r, Vault: r, Pages: r, Now: func() time.Time { return time.Unix(1e9, 0) },
		End: func(_ context.Context, sid string, _ *serve.Record) error {
			r.ended = append(r.ended, sid)
			return r.endErr
		},
		Told: func(_ context.Context, s storage.Session) (apps []storage.Client, frames []string) {
			if s.SID != "s1" {
				return nil, nil
			}
			return told, r.frames
		}}
	return r
}

func (r *logoutRig) Client(_ context.Context, id string) (storage.Client, error) {
	if r.clientsFault != nil {
		return storage.Client{}, r.clientsFault
	}
	if id != "app" {
		return storage.Client{}, client.ErrUnknown
	}
	return notes, nil
}

func (r *logoutRig) VerifyIDHint(_ context.Context, raw string) (token.ID, error) {
	hint := token.ID{Subject: "pairwise-ada", Audience: token.Audience{"app"}, SID: "s1"}
	switch raw {
	case "hint":
	case "hint-of-bob":
		hint.Subject = "pairwise-bob"
	case "hint-of-another-session":
		hint.SID = "s2"
	case "hint-without-session":
		hint.SID = ""
	case "hint-of-a-client-that-is-gone":
		hint.Audience = token.Audience{"gone"}
	case "hint-of-two":
		hint.Audience = token.Audience{"other", "app"}
	default:
		return token.ID{}, fmt.Errorf("%w: not ours", token.ErrMalformed)
	}
	return hint, r.verifyFault
}

// HintNames knows that the app knows Ada by a subject of its own.
func (r *logoutRig) HintNames(h token.ID, c storage.Client, a storage.Account) bool {
	return h.Audience.Has(c.ID) && a.Sub == "ada" && h.Subject == "pairwise-ada"
}

// SID is the session's own here.
func (r *logoutRig) SID(_ storage.Client, sid string) string { return sid }

func (r *logoutRig) Current(*http.Request) (storage.Session, bool, error) {
	if !r.in {
		return storage.Session{}, false, nil
	}
	return storage.Session{SID: "s1", AccountID: 7}, true, nil
}
func (r *logoutRig) Sent(*http.Request) bool   { return r.sent }
func (r *logoutRig) Clear(http.ResponseWriter) { r.cleared++ }

func (r *logoutRig) Account(context.Context, storage.AccountKey) (storage.Account, error) {
	return storage.Account{ID: 7, Sub: "ada", Username: "Ada_B", Email: "ada@example.test", FullName: "Ada Byron"}, nil
}

func (r *logoutRig) Seal(purpose, context string, plain []byte) ([]byte, error) {
	return []byte(purpose + "|" + context + "|" + string(plain)), nil
}

func (r *logoutRig) Open(purpose, context string, sealed []byte) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), purpose+"|"+context+"|")
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return []byte(plain), nil
}

func (r *logoutRig) Problem(http.ResponseWriter, *http.Request, serve.Problem) {}
func (r *logoutRig) HandOff(_ http.ResponseWriter, _ *http.Request, to string) error {
	r.page = "hand-off " + to
	return nil
}
func (r *logoutRig) FormPost(http.ResponseWriter, *http.Request, string, []serve.Param) error {
	return errors.New("no form post here")
}
func (r *logoutRig) SignOutConfirm(_ http.ResponseWriter, _ *http.Request, v serve.SignOutView) error {
	r.page, r.view = "question", v
	return nil
}
func (r *logoutRig) SignedOut(_ http.ResponseWriter, _ *http.Request, v serve.SignOutView) error {
	r.page, r.view = "signed out", v
	return nil
}

// ask sends a request and says where it ended: a page, a redirect, or an error.
func (r *logoutRig) ask(method string, pairs ...string) string {
	v := url.Values{}
	for n := 0; n+1 < len(pairs); n += 2 {
		v.Set(pairs[n], pairs[n+1])
	}
	req := httptest.NewRequest(method, "/logout?"+v.Encode(), nil)
	if method == http.MethodPost {
		req = httptest.NewRequest(method, "/logout", strings.NewReader(v.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	r.page, r.view = "", serve.SignOutView{}
	err := r.Serve(w, req)
	switch {
	case err != nil:
		p, ok := errors.AsType[*serve.ProblemError](err)
		if !ok {
			return "fault"
		}
		return fmt.Sprint(p.Problem.Status, " ", p.Problem.Kind)
	case r.page != "":
		return r.page
	}
	return fmt.Sprint(w.Code, " ", w.Header().Get("Location"))
}

// TestLogoutProof: when nobody has to be asked, and when the session ends.
func TestLogoutProof(t *testing.T) {
	const redirect = "303 " + appBye
	for _, c := range []struct {
		name  string
		pairs []string
		want  string
		ended bool
	}{
		{"RP-Initiated Logout §2 the client knows the session", []string{"id_token_hint", "hint", "post_logout_redirect_uri", appBye}, redirect, true},
		{"OpenID Connect Core §8.1 the client knows the person by its own subject", []string{"id_token_hint", "hint"}, "signed out", true},
		{"RP-Initiated Logout §2 somebody else's hint", []string{"id_token_hint", "hint-of-bob", "post_logout_redirect_uri", appBye}, "question", false},
		{"RP-Initiated Logout §2 another session's hint", []string{"id_token_hint", "hint-of-another-session", "post_logout_redirect_uri", appBye}, "question", false},
		{"RP-Initiated Logout §6 a hint that knows no session, such as a client with HS256 can make itself", []string{"id_token_hint", "hint-without-session"}, "question", false},
		{"RP-Initiated Logout §2 no hint of ours", []string{"id_token_hint", "forged", "post_logout_redirect_uri", appBye}, "400 request", false},
		{"RP-Initiated Logout §2 a hint of a client that is gone", []string{"id_token_hint", "hint-of-a-client-that-is-gone"}, "question", false},
		{"RP-Initiated Logout §3 an address of a client that is gone", []string{"id_token_hint", "hint-of-a-client-that-is-gone", "post_logout_redirect_uri", appBye}, "400 unknown_client", false},
		{"RP-Initiated Logout §2 client_id among the audience", []string{"id_token_hint", "hint-of-two", "client_id", "app", "post_logout_redirect_uri", appBye}, redirect, true},
		{"RP-Initiated Logout §2 client_id not among the audience", []string{"id_token_hint", "hint", "client_id", "other"}, "400 request", false},
		{"RP-Initiated Logout §2 logout_hint is her username", []string{"id_token_hint", "hint", "logout_hint", "ada_b"}, "signed out", true},
		{"RP-Initiated Logout §2 logout_hint is her email address", []string{"id_token_hint", "hint", "logout_hint", "Ada@example.test"}, "signed out", true},
		{"RP-Initiated Logout §2 logout_hint is her subject", []string{"id_token_hint", "hint", "logout_hint", "pairwise-ada"}, "signed out", true},
		{"RP-Initiated Logout §2 logout_hint is somebody else", []string{"id_token_hint", "hint", "logout_hint", "bob", "post_logout_redirect_uri", appBye}, "question", false},
		{"RP-Initiated Logout §2 logout_hint alone proves nothing", []string{"logout_hint", "ada_b"}, "question", false},
		{"RP-Initiated Logout §6 anybody can send a person here", nil, "question", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newLogoutRig()
			if got := r.ask(http.MethodGet, c.pairs...); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if ended := len(r.ended) == 1 && r.ended[0] == "s1"; ended != c.ended || (r.cleared == 1) != c.ended {
				t.Errorf("ended %v, cookies cleared %d times", r.ended, r.cleared)
			}
			if strings.Contains(fmt.Sprintf("%+v", r.view), "bob") {
				t.Errorf("a hint is shown: %+v", r.view)
			}
		})
	}
}

// TestLogoutFrames: other applications come before the way back.
func TestLogoutFrames(t *testing.T) {
	frames := []string{"https://tides.example/out?iss=i&sid=s1"}
	for _, c := range []struct {
		name   string
		frames []string
		pairs  []string
		want   string
		view   serve.SignOutView
	}{
		{"Front-Channel Logout §3 the page goes on by itself", frames, []string{"id_token_hint", "hint", "post_logout_redirect_uri", appBye, "state", "x", "ui_locales", "de"},
			"signed out", serve.SignOutView{Client: notes, ReturnTo: appBye + "?state=x", Onward: true, Apps: told, Frames: frames, UILocales: "de"}},
		{"Front-Channel Logout §3 nowhere to go", frames, []string{"id_token_hint", "hint"}, "signed out", serve.SignOutView{Client: notes, Apps: told, Frames: frames}},
		{"nobody to tell by frames", nil, []string{"id_token_hint", "hint"}, "signed out", serve.SignOutView{Client: notes, Apps: told}},
		{"RP-Initiated Logout §3 nobody to tell", nil, []string{"id_token_hint", "hint", "post_logout_redirect_uri", appBye}, "303 " + appBye, serve.SignOutView{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newLogoutRig()
			r.frames = c.frames
			if got := r.ask(http.MethodGet, c.pairs...); got != c.want {
				t.Errorf("got %s", got)
			}
			if d := cmp.Diff(c.view, r.view); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestLogoutQuestion: what the question says, and where its answer leads.
func TestLogoutQuestion(t *testing.T) {
	frames := []string{"https://tides.example/out?iss=i&sid=s1"}
	for _, c := range []struct {
		name   string
		frames []string
		want   string
	}{
		{"Front-Channel Logout §3 frames first", frames, "signed out"},
		{"RP-Initiated Logout §3 back at once", nil, "hand-off " + appBye + "?state=x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newLogoutRig()
			r.frames = c.frames
			if got := r.ask(http.MethodGet, "client_id", "app", "post_logout_redirect_uri", appBye, "state", "x", "ui_locales", "de"); got != "question" {
				t.Fatal(got)
			}
			v := r.view
			if v.Account != "Ada Byron" || v.Client.ID != "app" || v.UILocales != "de" || v.Frames != nil || len(v.Apps) != 2 || len(r.ended) != 0 {
				t.Errorf("%+v", v)
			}
			if got := r.ask(http.MethodPost, "confirm", v.Confirm); got != c.want || len(r.ended) != 1 {
				t.Errorf("got %s, ended %v", got, r.ended)
			}
			want := serve.SignOutView{}
			if c.frames != nil {
				want = serve.SignOutView{Client: notes, ReturnTo: appBye + "?state=x", Onward: true, Apps: v.Apps, Frames: frames, UILocales: "de"}
			}
			if d := cmp.Diff(want, r.view); d != "" {
				t.Error(d)
			}
			r.in = false
			if got := r.ask(http.MethodPost, "confirm", v.Confirm); got != "signed out" || len(r.ended) != 1 {
				t.Errorf("answered twice: %s, ended %v", got, r.ended)
			}
		})
	}
}

func TestLogoutNobody(t *testing.T) {
	r := newLogoutRig()
	r.in = false
	if got := r.ask(http.MethodGet, "id_token_hint", "hint", "post_logout_redirect_uri", appBye); got != "303 "+appBye || r.cleared != 1 {
		t.Errorf("a cookie of a session that is over: %s, cleared %d times", got, r.cleared)
	}
	// A frame on another site's page comes without the cookie: it must not take away what applications watch.
	r.sent = false
	if got := r.ask(http.MethodGet); got != "signed out" || r.cleared != 1 || len(r.ended) != 0 {
		t.Errorf("%s, cleared %d times", got, r.cleared)
	}
	if got := r.ask(http.MethodGet, "client_id", "app", "post_logout_redirect_uri", appBye); got != "signed out" || r.view.ReturnTo != appBye || r.view.Onward {
		t.Errorf("RP-Initiated Logout §3 client_id alone is no redirect: %s %+v", got, r.view)
	}
}

func TestLogoutFaults(t *testing.T) {
	r := newLogoutRig()
	r.endErr = fmt.Errorf("end: %w", &account.Refusal{Kind: account.Gone})
	if got := r.ask(http.MethodGet, "id_token_hint", "hint"); got != "signed out" || r.cleared != 1 {
		t.Errorf("somebody else ended it first: %s", got)
	}
	r.endErr = storage.ErrUnavailable
	if got := r.ask(http.MethodGet, "id_token_hint", "hint"); got != "fault" || r.cleared != 1 {
		t.Errorf("the session lives: %s", got)
	}
	r = newLogoutRig()
	r.verifyFault = storage.ErrUnavailable
	if got := r.ask(http.MethodGet, "id_token_hint", "hint"); got != "fault" {
		t.Errorf("the client's key could not be read: %s", got)
	}
	r = newLogoutRig()
	r.clientsFault = storage.ErrUnavailable
	if got := r.ask(http.MethodGet, "id_token_hint", "hint"); got != "fault" || len(r.ended) != 0 {
		t.Errorf("the client could not be read: %s", got)
	}
}
