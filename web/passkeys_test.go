package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/provider/account"
	"latchkey/provider/passkey"
	"latchkey/storage"
)

// fakePasskeys answers as it is set, and keeps what it was asked.
type fakePasskeys struct {
	list   []storage.Passkey
	err    error
	asked  account.PasskeyAsk
	signed account.PasskeySignIn
	added  account.PasskeyAnswer
	called []string
}

func (f *fakePasskeys) question(verb string) (passkey.Question, error) {
	f.called = append(f.called, verb)
	return passkey.Question{Ticket: "sealed", PublicKey: []byte(`{"challenge":"AAAA"}`)}, f.err
}

func (f *fakePasskeys) AskPasskey(_ context.Context, in account.PasskeyAsk) (passkey.Question, error) {
	f.asked = in
	return f.question("ask")
}

func (f *fakePasskeys) SignInPasskey(_ context.Context, in account.PasskeySignIn) (account.SignedIn, error) {
	f.signed = in
	return account.SignedIn{Account: ada(), Session: storage.Session{SID: "s2", AccountID: 7}, Secret: "secret"}, f.err
}

func (f *fakePasskeys) AskNewPasskey(_ context.Context, _ int64, _ string, quiet bool, _ account.Caller) (passkey.Question, error) {
	if quiet {
		return f.question("new quiet")
	}
	return f.question("new")
}

func (f *fakePasskeys) AskEnrolPasskey(context.Context, string, string, account.Caller) (passkey.Question, error) {
	return f.question("enrol")
}

func (f *fakePasskeys) AddPasskey(_ context.Context, id int64, in account.PasskeyAnswer, name string) (storage.Passkey, error) {
	f.added, f.called = in, append(f.called, "add "+name)
	return storage.Passkey{AccountID: id}, f.err
}

func (f *fakePasskeys) EnrolPasskey(context.Context, string, account.PasskeyAnswer, string) (account.SignedIn, error) {
	return account.SignedIn{}, f.err
}

func (f *fakePasskeys) Passkeys(context.Context, int64) ([]storage.Passkey, error) {
	return f.list, nil
}

func (f *fakePasskeys) PasskeySignals(context.Context, storage.Account) (account.PasskeySignals, error) {
	out := account.PasskeySignals{Party: "localhost", Handle: "SGFuZGxl", Name: "ada.byron@example.com", DisplayName: "Ada Byron", IDs: []string{}}
	for _, k := range f.list {
		out.IDs = append(out.IDs, k.ID)
	}
	return out, nil
}

func (f *fakePasskeys) RenamePasskey(_ context.Context, _ int64, id, name string, _ account.Caller) error {
	f.called = append(f.called, "rename "+id+" "+name)
	return f.err
}

func (f *fakePasskeys) RemovePasskey(_ context.Context, _ int64, id string, _ account.Caller) error {
	f.called = append(f.called, "remove "+id)
	return f.err
}

// withPasskeys turns them on.
func withPasskeys(t *testing.T, origins ...string) (*bench, *fakePasskeys) {
	b, f := newBench(t, sampleIssuer), &fakePasskeys{}
	b.Site.Passkeys = &Passkeys{PasskeyEntry: f, PasskeyMaker: f, PasskeyKeeper: f, Party: "localhost", Origins: append([]string{sampleIssuer}, origins...)}
	return b, f
}

func TestPasskeyQuestion(t *testing.T) {
	b, f := withPasskeys(t)
	v := b.post(t, "/passkeys/options?two=1", form()).status(200)
	var got passkey.Question
	if err := json.Unmarshal(v.Body.Bytes(), &got); err != nil || got.Ticket != "sealed" || v.Header().Get("Content-Type") != "application/json" || v.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("answer %s, %v", v.Body, v.Header())
	}
	kept := v.sets("lk_passkey")
	if kept == nil || !kept.HttpOnly || len(kept.Value) != 26 || f.asked.Browser != kept.Value || !f.asked.Two || f.asked.Step != "" || f.asked.AccountID != 0 {
		t.Errorf("cookie %v, asked %+v", kept, f.asked)
	}
	v = b.post(t, "/passkeys/options", form(), "lk_passkey="+kept.Value).status(200)
	if len(v.Result().Cookies()) != 0 || f.asked.Browser != kept.Value || f.asked.Two {
		t.Errorf("the second time: %v, %+v", v.Result().Cookies(), f.asked)
	}
	b.post(t, "/passkeys/options", form(), "lk_passkey=planted").status(200)
	if f.asked.Browser == "planted" {
		t.Error("a planted value is bound to")
	}
	for _, c := range []struct {
		name, query string
		cookies     []string
		err         error
		recent      bool
		status      int
		called      string
	}{
		{"a step", "?for=step", []string{"lk_step=step"}, nil, true, 200, "ask"},
		{"a step without its cookie", "?for=step", nil, nil, true, 403, ""},
		{"again", "?for=again", []string{signedIn}, nil, false, 200, "ask"},
		{"again, of nobody", "?for=again", nil, nil, true, 403, ""},
		{"a new one", "?for=new", []string{signedIn}, nil, true, 200, "new"},
		{"a new one, quietly", "?for=new&quiet=1", []string{signedIn}, nil, true, 200, "new quiet"},
		{"a new one, long after signing in", "?for=new", []string{signedIn}, nil, false, 403, ""},
		{"a new one, of nobody", "?for=new", nil, nil, true, 403, ""},
		{"something unknown", "?for=everything", []string{signedIn}, nil, true, 403, ""},
		{"too often", "", nil, refusal(account.Throttled), true, 429, "ask"},
		{"too many", "?for=new", []string{signedIn}, refusal(account.PasskeysFull), true, 403, "new"},
		{"none", "?for=again", []string{signedIn}, refusal(account.PasskeyUnknown), true, 403, "ask"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.called, f.err = nil, c.err
			b.second.recent = func(storage.Account, storage.Session) bool { return c.recent }
			v := b.post(t, "/passkeys/options"+c.query, form(), c.cookies...).status(c.status)
			if strings.Join(f.called, " ") != c.called {
				t.Errorf("called %v", f.called)
			}
			if c.status != 200 && !strings.Contains(v.Body.String(), `{"message":"`) || c.status == 429 && v.Header().Get("Retry-After") != "40" {
				t.Errorf("%v %s", v.Header(), v.Body)
			}
		})
	}
	f.err = storage.ErrUnavailable
	b.post(t, "/passkeys/options", form()).status(500)
}

func TestLoginByPasskey(t *testing.T) {
	b, f := withPasskeys(t)
	b.get(t, "/login").status(200).says("Sign in with a passkey").holds(`autocomplete="username webauthn"`, `data-options="/passkeys/options"`, `data-quiet`, `data-able`)
	two := notes()
	two.TwoFactors = true
	b.flows.open["f-two"] = two
	b.get(t, "/login?flow=f-two").status(200).holds(`data-options="/passkeys/options?two=1"`, `name="flow" value="f-two"`)
	b.get(t, "/login?flow=f-reauth", signedIn).status(200).lacks("Sign in with a passkey")
	f.list = sampleKeys()[:1]
	b.get(t, "/login?flow=f-reauth", signedIn).status(200).says("Sign in with a passkey").holds(`for=again`)

	good := form("credential", `{"id":"x"}`, "ticket", "sealed", "remember", "1")
	v := b.post(t, "/login/passkey", good, "lk_passkey=ABC", "lk_known=device").goes("/account")
	if v.sets("sid").Value != "s2" || f.signed.Browser != "ABC" || f.signed.Ticket != "sealed" || string(f.signed.Answer) != `{"id":"x"}` || !f.signed.Persistent ||
		f.signed.DeviceToken != "device" || f.signed.Replace != "" || f.signed.AccountID != 0 || f.signed.Caller.Address != "192.0.2.17" {
		t.Errorf("signed in with %+v", f.signed)
	}
	good.Set("flow", "f-two")
	b.post(t, "/login/passkey", good).goes("/authorize?flow=f-two")
	if !f.signed.Two {
		t.Error("two factors were not asked for")
	}
	good.Set("flow", "f-reauth")
	b.post(t, "/login/passkey", good, signedIn).goes("/authorize?flow=f-reauth")
	if f.signed.AccountID != 7 || f.signed.Replace != "s1" || f.signed.Persistent {
		t.Errorf("again with %+v", f.signed)
	}
	good.Del("flow")
	good.Set("return", "//evil.example")
	b.post(t, "/login/passkey", good).goes("/account")
	f.err = &account.Refusal{Kind: account.StepNeeded, Step: &account.Step{Ticket: "t", Need: account.NeedSecond, ExpiresAt: at("2026-11-21T21:10:00Z")}}
	b.post(t, "/login/passkey", good).goes("/login/otp")
}

func TestLoginByPasskeyRefused(t *testing.T) {
	b, f := withPasskeys(t)
	id := base64.RawURLEncoding.EncodeToString([]byte("credential"))
	data := base64.RawURLEncoding.EncodeToString(append(make([]byte, 36), 0))
	answer := `{"id":"` + id + `","rawId":"` + id + `","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"` + data + `","signature":"AA"}}`
	for _, c := range []struct {
		kind    account.Kind
		status  int
		says    string
		signals bool
	}{
		{account.PasskeyUnknown, 422, "This passkey is not known here", true},
		{account.WrongCredentials, 422, "This passkey is not known here", false}, // disabled: the same words, and the browser keeps it
		{account.PasskeyRefused, 422, "was not accepted", false},
		{account.PasskeyStale, 422, "took too long", false},
		{account.Throttled, 429, "Too many attempts", false},
	} {
		f.err = refusal(c.kind)
		v := b.post(t, "/login/passkey", form("credential", answer, "ticket", "sealed")).status(c.status).says(c.says, "Sign in with a passkey")
		if got := strings.Contains(v.Body.String(), "signalUnknownCredential"); got != c.signals || got && !strings.Contains(v.Body.String(), id) {
			t.Errorf("%s: signals %t", c.kind, got)
		}
	}
	f.err = storage.ErrUnavailable
	b.post(t, "/login/passkey", form("credential", answer)).status(500)
}

func TestPasskeyOffer(t *testing.T) {
	b, f := withPasskeys(t)
	able := form("username", "ada@example.com", "password", "correct horse", "able", "1")
	b.post(t, "/login", able).goes("/login/offer")
	able.Set("flow", "f1")
	b.post(t, "/login", able).goes("/login/offer?flow=f1")
	b.post(t, "/login", able, "lk_offered=1").goes("/authorize?flow=f1")
	b.post(t, "/login", form("username", "ada@example.com", "password", "correct horse", "able", "")).goes("/account")
	f.list = sampleKeys()
	b.post(t, "/login", able).goes("/authorize?flow=f1")
	f.list = nil

	b.get(t, "/login/offer?flow=f1").goes("/authorize?flow=f1") // nobody is signed in
	v := b.get(t, "/login/offer?flow=f1", signedIn).status(200).says("Not now", "Create a passkey").holds(`name="flow" value="f1"`, "data-quiet")
	if kept := v.sets("lk_offered"); kept == nil || kept.MaxAge != 30*24*3600 {
		t.Errorf("cookie %v", kept)
	}
	b.get(t, "/login/offer?flow=f1", signedIn, "lk_offered=1").goes("/authorize?flow=f1")
	b.post(t, "/login/offer", form("flow", "f1"), signedIn).goes("/authorize?flow=f1") // not now
	if len(f.called) != 0 {
		t.Errorf("called %v", f.called)
	}
	b.post(t, "/login/offer", form("flow", "f1", "credential", "{}", "ticket", "t"), signedIn).goes("/authorize?flow=f1")
	b.post(t, "/login/offer", form("credential", "{}", "ticket", "t"), signedIn).goes("/account/passkeys?notice=passkey_added")
	if !slices.Equal(f.called, []string{"add Chrome on Linux", "add Chrome on Linux"}) || string(f.added.Answer) != "{}" {
		t.Errorf("called %v", f.called)
	}
	f.err = refusal(account.PasskeyRefused)
	b.post(t, "/login/offer", form("flow", "f1", "credential", "{}"), signedIn).status(422).says("was not accepted").lacks("data-quiet")
	f.called = nil
	b.second.recent = func(storage.Account, storage.Session) bool { return false }
	b.post(t, "/login/offer", form("flow", "f1", "credential", "{}"), signedIn).goes("/authorize?flow=f1")
	if len(f.called) != 0 {
		t.Errorf("long after signing in: called %v", f.called)
	}
}

func TestPasskeyList(t *testing.T) {
	b, f := withPasskeys(t)
	b.get(t, "/account/passkeys").goes("/login?return=%2Faccount%2Fpasskeys")
	b.get(t, "/account/passkeys", signedIn).status(200).says("You have no passkeys yet", "Create a passkey")
	f.list = sampleKeys()
	b.get(t, "/account/passkeys?notice=passkey_removed", signedIn).status(200).says("Passkey removed", "Apple Passwords", "Synced", "The key on my ring", "YubiKey", "One device", "Not used yet", "Chrome on Windows").
		holds("signalAllAcceptedCredentials", "signalCurrentUserDetails", "CCCC", `data-options="/passkeys/options?for=new"`)
	b.get(t, "/account/passkeys?notice=%3Cb%3E", signedIn).status(200).lacks("notice-ok")

	b.post(t, "/account/passkeys/rename", form("id", "BBBB", "name", "My key"), signedIn).goes("/account/passkeys?notice=passkey_renamed")
	f.err = invalid(account.FieldPasskeyName, account.TooLong)
	b.post(t, "/account/passkeys/rename", form("id", "BBBB", "name", "long"), signedIn).status(422).says("60 characters or fewer").holds(`value="long"`, "<details class=\"fold\" open>")
	f.err = refusal(account.Gone)
	b.post(t, "/account/passkeys/rename", form("id", "ZZZZ", "name", "x"), signedIn).goes("/account/passkeys")
	f.err = nil
	b.get(t, "/account/passkeys/remove?id=BBBB", signedIn).status(200).says("The key on my ring", "Keep it").lacks("Apple Passwords")
	b.get(t, "/account/passkeys/remove?id=ZZZZ", signedIn).goes("/account/passkeys")
	b.post(t, "/account/passkeys/remove", form("id", "BBBB"), signedIn).goes("/account/passkeys?notice=passkey_removed")
	f.err = refusal(account.LastWayIn)
	b.post(t, "/account/passkeys/remove", form("id", "BBBB"), signedIn).status(422).says("the only way into your account")
	f.err = refusal(account.PasskeyTaken)
	b.post(t, "/account/passkeys", form("credential", "{}"), signedIn).status(422).says("already has a passkey")
	f.err = nil
	b.post(t, "/account/passkeys", form("credential", "{}"), signedIn).goes("/account/passkeys?notice=passkey_added")

	f.called = nil
	b.second.recent = func(storage.Account, storage.Session) bool { return false }
	b.get(t, "/account/passkeys", signedIn).status(200).holds(`href="/reauth?return=/account/passkeys"`).lacks("data-passkey")
	b.get(t, "/account/passkeys/remove?id=BBBB", signedIn).goes("/reauth?return=%2Faccount%2Fpasskeys%2Fremove%3Fid%3DBBBB")
	b.post(t, "/account/passkeys/remove", form("id", "BBBB"), signedIn).goes("/reauth?return=%2Faccount%2Fpasskeys%2Fremove%3Fid%3DBBBB")
	b.post(t, "/account/passkeys", form("credential", "{}"), signedIn).goes("/reauth?return=%2Faccount%2Fpasskeys")
	if len(f.called) != 0 {
		t.Errorf("long after signing in: called %v", f.called)
	}
	f.list = slices.Repeat(sampleKeys()[:1], maxPasskeys)
	b.get(t, "/account/passkeys", signedIn).status(200).says("You can have 20 passkeys")
}

func TestPasskeyWellKnown(t *testing.T) {
	b, _ := withPasskeys(t)
	v := b.get(t, "/.well-known/passkey-endpoints").status(200)
	if want := `{"enroll":"` + sampleIssuer + `/account/passkeys","manage":"` + sampleIssuer + `/account/passkeys"}`; v.Body.String() != want || v.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s", v.Body)
	}
	b.get(t, "/.well-known/webauthn").status(http.StatusNotFound)
	b, _ = withPasskeys(t, "https://id.example.org")
	if v := b.get(t, "/.well-known/webauthn").status(200); v.Body.String() != `{"origins":["`+sampleIssuer+`","https://id.example.org"]}` {
		t.Errorf("%s", v.Body)
	}
	none := newBench(t, sampleIssuer)
	none.get(t, "/.well-known/passkey-endpoints").status(http.StatusNotFound)
	none.get(t, "/login").status(200).lacks("data-passkey", "webauthn", "data-able")
	none.get(t, "/account/passkeys", signedIn).status(http.StatusNotFound)
}
