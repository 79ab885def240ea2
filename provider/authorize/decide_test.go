package authorize

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// scene is one combination of what can ask for a page, and of what the person is and does.
type scene struct {
	prompt                         int // bits
	maxAge                         time.Duration
	hint                           string
	acr                            ACR
	claims                         oauth.ClaimsRequest
	responseType                   string
	native, skip, signedIn, second bool
	// does is what the person does beside signing in.
	does int
	// rule is the client's own: two factors, or no answer.
	rule bool
}

// What people do: nothing else, go on with the account that is signed in, or decline to prove more.
const (
	signsIn = iota
	chooses
	declines
)

// scenes yields every combination.
func scenes(yield func(scene) bool) {
	email := oauth.ClaimsRequest{Userinfo: map[string]oauth.ClaimRequest{"email": {}, "name": {Value: json.RawMessage(`"x"`)}}}
	dims := []struct {
		n   int
		set func(s *scene, v int)
	}{
		{1 << 5, func(s *scene, v int) { s.prompt = v }},
		{4, func(s *scene, v int) { s.maxAge = []time.Duration{-1, 0, time.Second, time.Hour}[v] }},
		{3, func(s *scene, v int) { s.hint = []string{"", "alice", "bob"}[v] }},
		{7, func(s *scene, v int) {
			s.acr = []ACR{{}, {Values: []string{"1"}}, {Values: []string{"1"}, Essential: true}, {Values: []string{"2"}}, {Values: []string{"2"}, Essential: true},
				{Values: []string{"1", "2"}, Essential: true}, {}}[v]
			s.rule = v == 6
		}},
		{2, func(s *scene, v int) { s.claims = []oauth.ClaimsRequest{{}, email}[v] }},
		{2, func(s *scene, v int) { s.responseType = []string{oauth.TypeCode, oauth.TypeIDToken}[v] }},
		{2, func(s *scene, v int) { s.native = v == 1 }},
		{2, func(s *scene, v int) { s.skip = v == 1 }},
		{2, func(s *scene, v int) { s.signedIn = v == 1 }},
		{2, func(s *scene, v int) { s.second = v == 1 }},
		{3, func(s *scene, v int) { s.does = v }},
	}
	total := 1
	for _, d := range dims {
		total *= d.n
	}
	for n := range total {
		var s scene
		for _, d := range dims {
			d.set(&s, n%d.n)
			n /= d.n
		}
		if !yield(s) {
			return
		}
	}
}

func (s scene) request() *Request {
	q := &Request{HasMaxAge: s.maxAge >= 0, MaxAge: s.maxAge, StartedAt: start, Scopes: oauth.Scopes{"openid"}, ACR: s.acr, Claims: s.claims, Type: s.responseType,
		Client: storage.Client{SkipConsent: s.skip, SecondFactor: s.rule, AuthMethod: "client_secret_basic"}, RedirectURI: "https://app/cb"}
	for n, v := range []string{oauth.PromptLogin, oauth.PromptConsent, oauth.PromptSelectAccount, oauth.PromptCreate, oauth.PromptNone} {
		if s.prompt&(1<<n) != 0 {
			q.Prompt = append(q.Prompt, v)
		}
	}
	if s.native {
		q.Client.ApplicationType, q.Client.AuthMethod, q.RedirectURI = "native", "none", "http://127.0.0.1/cb"
	}
	return q
}

// alice signs in with a password, whoever is asked for, and with her second factor, if she has one and two are asked for.
func (s scene) alice(sid string, at time.Time, two bool) *Person {
	p := &Person{Session: storage.Session{SID: sid, AuthTime: at, AMR: []string{"pwd"}}, Account: storage.Account{Sub: "alice"}, Named: s.hint != "bob", Second: s.second}
	if two && s.second && s.does != declines {
		p.strengthen()
	}
	return p
}

func (p *Person) strengthen() { p.Session.AMR, p.Second = []string{"pwd", "otp", "mfa"}, false }

// TestNoLoop walks every combination of what can ask for a page, with a person who does what each page asks: it ends, always, with an
// answer or an error, after few pages. OpenID Connect Core §3.1.2.3, §3.1.2.4, §5.5.1.1.
func TestNoLoop(t *testing.T) {
	for s := range scenes {
		if s.prompt > 1<<4 { // none stands alone: rulePrompt
			continue
		}
		s.walk(t)
	}
}

func (s scene) walk(t *testing.T) {
	t.Helper()
	q := s.request()
	var who *Person
	if s.signedIn {
		who = s.alice("s0", start.Add(-time.Minute), false)
	}
	var granted storage.Consent
	now := start
	for range 5 {
		now = now.Add(time.Second)
		d := decide(q, who, granted)
		switch d := d.(type) {
		case Issue:
			s.issued(t, q, who, granted)
			return
		case Refuse:
			return
		case SignIn:
			switch {
			case d.StepUp && s.does == declines:
				q.Declined = who.Session.SID
			case d.StepUp:
				if !who.Second {
					t.Errorf("%+v: asked for a second factor that there is not", s)
				}
				who.strengthen()
			case d.Choose && who != nil && s.does == chooses:
				q.Chosen = who.Session.SID
			default:
				who = s.alice("s1", now, q.WantsTwo())
			}
		case Consent:
			granted.Scopes, granted.GrantedAt = append(granted.Scopes, d.Scopes...), now
		}
		if q.Prompt.Has(oauth.PromptNone) {
			t.Errorf("%+v: a page (%T) in spite of prompt=none", s, d)
			return
		}
	}
	t.Errorf("%+v: goes round for ever", s)
}

// issued holds an answer to what the request demanded.
func (s scene) issued(t *testing.T, q *Request, who *Person, granted storage.Consent) {
	t.Helper()
	if s.hint == "bob" {
		t.Errorf("%+v: an answer about somebody else", s)
	}
	if (q.Prompt.Has(oauth.PromptLogin) || q.HasMaxAge && q.MaxAge < time.Minute) && !who.Session.AuthTime.After(start) {
		t.Errorf("%+v: an answer without a fresh sign-in", s)
	}
	if q.ACR.Essential && !slices.Contains(q.ACR.Values, q.acr(who)) || s.rule && q.acr(who) != "2" {
		t.Errorf("%+v: an answer of acr %s", s, q.acr(who))
	}
	if q.acr(who) > oauth.ACROf(who.Session.AMR) {
		t.Errorf("%+v: acr %s of %v", s, q.acr(who), who.Session.AMR)
	}
	if !s.skip && !q.personal().Within(granted.Scopes) {
		t.Errorf("%+v: an answer without consent to %v", s, q.personal())
	}
}

// TestSilent: with prompt=none no page is ever shown. OpenID Connect Core §3.1.2.1.
func TestSilent(t *testing.T) {
	alice := func(f func(p *Person)) *Person {
		p := &Person{Named: true, Session: storage.Session{AMR: []string{"pwd"}, AuthTime: start.Add(-2 * time.Second)}}
		if f != nil {
			f(p)
		}
		return p
	}
	email := oauth.ClaimsRequest{IDToken: map[string]oauth.ClaimRequest{"email": {}}}
	for _, c := range []struct {
		name    string
		q       Request
		who     *Person
		granted []string
		want    oauth.Code
	}{
		{"OpenID Connect Core §3.1.2.6 nobody", Request{}, nil, nil, oauth.LoginRequired},
		{"OpenID Connect Core §3.1.2.6 no consent", Request{}, alice(nil), nil, oauth.ConsentRequired},
		{"OpenID Connect Core §3.1.2.1 too old", Request{HasMaxAge: true, MaxAge: time.Second}, alice(nil), []string{"openid"}, oauth.LoginRequired},
		{"OpenID Connect Core §3.1.2.1 max_age just reached", Request{HasMaxAge: true, MaxAge: 2 * time.Second}, alice(nil), []string{"openid"}, ""},
		{"OpenID Connect Core §3.1.2.1 hint of another", Request{}, alice(func(p *Person) { p.Named = false }), []string{"openid"}, oauth.LoginRequired},
		{"OpenID Connect Core §5.5 a claim that nobody consented to", Request{Claims: email}, alice(nil), []string{"openid"}, oauth.ConsentRequired},
		{"OpenID Connect Core §5.5 a claim of a scope that was consented to", Request{Claims: email}, alice(nil), []string{"openid", "email"}, ""},
		{"OpenID Connect Core §5.5.1.1 acr that is voluntary", Request{ACR: ACR{Values: []string{"2"}}}, alice(nil), []string{"openid"}, ""},
		{"OpenID Connect Core §5.5.1.1 acr that is essential", Request{ACR: ACR{Values: []string{"2"}, Essential: true}}, alice(nil), []string{"openid"}, oauth.LoginRequired},
		{"OpenID Connect Core §5.5.1.1 acr that a fresh sign-in did not reach", Request{ACR: ACR{Values: []string{"2"}, Essential: true}},
			alice(func(p *Person) { p.Session.AuthTime = start.Add(time.Second) }), []string{"openid"}, oauth.UnmetAuthentication},
		{"OpenID Connect Core §5.5.1.1 acr that one more factor would reach", Request{ACR: ACR{Values: []string{"2"}, Essential: true}},
			alice(func(p *Person) { p.Second = true }), []string{"openid"}, oauth.LoginRequired},
		{"OpenID Connect Core §5.5.1.1 voluntary acr that one more factor would reach", Request{ACR: ACR{Values: []string{"2"}}},
			alice(func(p *Person) { p.Second = true }), []string{"openid"}, ""},
		{"a client that is for two factors", Request{Client: storage.Client{SecondFactor: true}}, alice(nil), []string{"openid"}, oauth.LoginRequired},
		{"a client that is for two factors, and there are two", Request{Client: storage.Client{SecondFactor: true}},
			alice(func(p *Person) { p.Session.AMR = []string{"pwd", "otp", "mfa"} }), []string{"openid"}, ""},
		{"the person declined", Request{ACR: ACR{Values: []string{"2"}, Essential: true}, Declined: "s0"},
			alice(func(p *Person) { p.Session.SID, p.Second = "s0", true }), []string{"openid"}, oauth.UnmetAuthentication},
		{"nobody signed in, and declined", Request{Declined: "-"}, nil, nil, oauth.UnmetAuthentication},
		{"OpenID Connect Core §5.5.1.1 acr of the session", Request{ACR: ACR{Values: []string{"2"}, Essential: true}},
			alice(func(p *Person) { p.Session.ACR = "2" }), []string{"openid"}, ""},
		{"OpenID Connect Core §5.5.1.1 acr of two factors", Request{ACR: ACR{Values: []string{"2"}, Essential: true}},
			alice(func(p *Person) { p.Session.AMR = []string{"pwd", "otp", "mfa"} }), []string{"openid"}, ""},
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
					t.Error("an answer")
				}
			default:
				t.Errorf("got %T", d)
			}
		})
	}
}
