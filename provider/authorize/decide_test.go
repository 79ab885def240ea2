package authorize

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/storage"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestNoLoop walks every combination of what can ask for a page, with a person who does what each page asks: it ends, always, with a
// code or an error, after few pages. OpenID Connect Core §3.1.2.3, §3.1.2.4.
func TestNoLoop(t *testing.T) {
	bools := []bool{false, true}
	for mask := range 1 << 4 {
		var prompt oauth.Prompt
		for n, v := range []string{oauth.PromptLogin, oauth.PromptConsent, oauth.PromptSelectAccount, oauth.PromptCreate} {
			if mask&(1<<n) != 0 {
				prompt = append(prompt, v)
			}
		}
		for _, maxAge := range []time.Duration{-1, 0, time.Second, time.Hour} {
			for _, hint := range []string{"", "alice", "bob"} {
				for _, native := range bools {
					for _, skip := range bools {
						for _, signedIn := range bools {
							for _, choose := range bools {
								q := &Request{Prompt: prompt, HasMaxAge: maxAge >= 0, MaxAge: maxAge, HintSub: hint, StartedAt: start, Scopes: oauth.Scopes{"openid"},
									Client: storage.Client{SkipConsent: skip, AuthMethod: "client_secret_basic"}, RedirectURI: "https://app/cb"}
								if native {
									q.Client.ApplicationType, q.Client.AuthMethod, q.RedirectURI = "native", "none", "http://127.0.0.1/cb"
								}
								walk(t, q, signedIn, choose)
							}
						}
					}
				}
			}
		}
	}
}

func walk(t *testing.T, q *Request, signedIn, choose bool) {
	t.Helper()
	var who *Person
	if signedIn {
		who = &Person{Session: storage.Session{SID: "s0", AuthTime: start.Add(-time.Minute)}, Account: storage.Account{Sub: "alice"}}
	}
	var granted storage.Consent
	now := start
	for range 4 {
		now = now.Add(time.Second)
		switch d := decide(q, who, granted).(type) {
		case Issue:
			if q.HintSub != "" && who.Account.Sub != q.HintSub {
				t.Errorf("%+v: a code for %s", q, who.Account.Sub)
			}
			if (q.Prompt.Has(oauth.PromptLogin) || q.HasMaxAge && q.MaxAge < time.Minute) && !who.Session.AuthTime.After(start) {
				t.Errorf("%+v: a code without a fresh sign-in", q)
			}
			return
		case Refuse:
			return
		case SignIn:
			if d.Choose && who != nil && choose {
				q.Chosen = who.Session.SID
				continue
			}
			who = &Person{Session: storage.Session{SID: "s1", AuthTime: now}, Account: storage.Account{Sub: "alice"}}
		case Consent:
			granted.Scopes, granted.GrantedAt = append(granted.Scopes, d.Scopes...), now
		}
	}
	t.Errorf("%+v (signed in %v, chooses %v): goes round for ever", q, signedIn, choose)
}

// TestSilent: with prompt=none no page is ever shown. OpenID Connect Core §3.1.2.1.
func TestSilent(t *testing.T) {
	for _, c := range []struct {
		name    string
		q       Request
		who     *Person
		granted []string
		want    oauth.Code
	}{
		{"OpenID Connect Core §3.1.2.6 nobody", Request{}, nil, nil, oauth.LoginRequired},
		{"OpenID Connect Core §3.1.2.6 no consent", Request{}, &Person{}, nil, oauth.ConsentRequired},
		{"OpenID Connect Core §3.1.2.1 too old", Request{HasMaxAge: true, MaxAge: time.Second}, &Person{Session: storage.Session{AuthTime: start.Add(-2 * time.Second)}}, []string{"openid"}, oauth.LoginRequired},
		{"OpenID Connect Core §3.1.2.1 max_age just reached", Request{HasMaxAge: true, MaxAge: 2 * time.Second}, &Person{Session: storage.Session{AuthTime: start.Add(-2 * time.Second)}}, []string{"openid"}, ""},
		{"OpenID Connect Core §3.1.2.1 hint of another", Request{HintSub: "bob"}, &Person{Account: storage.Account{Sub: "alice"}}, []string{"openid"}, oauth.LoginRequired},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.q.Prompt, c.q.StartedAt, c.q.Scopes = oauth.Prompt{oauth.PromptNone}, start, oauth.Scopes{"openid"}
			switch d := decide(&c.q, c.who, storage.Consent{Scopes: c.granted}).(type) {
			case Refuse:
				if d.Err.Code != c.want {
					t.Errorf("got %s, want %q", d.Err.Code, c.want)
				}
			case Issue:
				if c.want != "" {
					t.Error("a code")
				}
			default:
				t.Errorf("got %T", d)
			}
		})
	}
}

func TestWithParams(t *testing.T) {
	ps := []serve.Param{{Name: "code", Value: "a b&c"}, {Name: "state", Value: "é"}}
	const enc = "code=a+b%26c&state=%C3%A9"
	for _, c := range []struct {
		name, uri string
		mode      oauth.ResponseMode
		want      string
	}{
		{"RFC 6749 §4.1.2", "https://a/cb", oauth.ModeQuery, "https://a/cb?" + enc},
		{"RFC 6749 §3.1.2 a query is kept", "https://a/cb?bar=foo", oauth.ModeQuery, "https://a/cb?bar=foo&" + enc},
		{"RFC 6749 §3.1.2 an empty query", "https://a/cb?", oauth.ModeQuery, "https://a/cb?" + enc},
		{"Multiple Response Types §2.1", "https://a/cb?bar=foo", oauth.ModeFragment, "https://a/cb?bar=foo#" + enc},
		{"RFC 8252 §7.1", "com.example.app:/cb", oauth.ModeQuery, "com.example.app:/cb?" + enc},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := withParams(c.uri, ps, c.mode); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

// openVault keeps nothing secret: what the fuzzer writes is what is opened.
type openVault struct{}

func (openVault) Seal(purpose, context string, plain []byte) ([]byte, error) {
	return []byte(purpose + "|" + context + "|" + string(plain)), nil
}

func (openVault) Open(purpose, context string, sealed []byte) ([]byte, error) {
	rest, ok := strings.CutPrefix(string(sealed), purpose+"|"+context+"|")
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return []byte(rest), nil
}

func FuzzSealedFlow(f *testing.F) {
	e := &Endpoint{Vault: openVault{}, Now: func() time.Time { return start }}
	enc := base64.RawURLEncoding.EncodeToString
	f.Add("")
	f.Add(enc([]byte("authorize flow|b|{}")))
	f.Add(enc([]byte(`authorize flow|b|{"f":"a=1&a=2","t":"2026-03-01T12:00:00Z"}`)))
	f.Fuzz(func(t *testing.T, sealed string) {
		q, err := e.unsealAs(flowPurpose, sealed, "b")
		if err != nil {
			if !errors.Is(err, ErrFlow) || q != nil {
				t.Errorf("%v", err)
			}
			return
		}
		if e.Now().Sub(q.StartedAt) >= FlowTTL || q.Form.Check() != nil {
			t.Errorf("%q", sealed)
		}
	})
}

func FuzzFlowCookie(f *testing.F) {
	f.Add("lk_flow=AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("lk_flow=a; lk_flow=b")
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Cookie"] = []string{header}
		if v := (&Endpoint{}).browser(r); v != "" && len(v) != 22 {
			t.Errorf("%q", v)
		}
	})
}

func TestRestartIsNoFlow(t *testing.T) {
	e := &Endpoint{Vault: openVault{}, Now: func() time.Time { return start }}
	form, err := oauth.NewForm(url.Values{"client_id": {"a"}})
	if err != nil {
		t.Fatal(err)
	}
	q := &Request{Form: form, StartedAt: start}
	posted, err := e.sealAs(postedPurpose, q, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.unsealAs(flowPurpose, posted, ""); !errors.Is(err, ErrFlow) {
		t.Error("a posted request opens as a flow")
	}
}
