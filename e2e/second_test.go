package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// authenticator is an app: it gives each code once.
type authenticator struct {
	t      testing.TB
	secret []byte
	last   int64
}

func newAuthenticator(t testing.TB, text string) *authenticator {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil || len(secret) != 20 {
		t.Fatalf("the key %q: %v", text, err)
	}
	return &authenticator{t: t, secret: secret}
}

// code is one that was not given before and that the server takes now, be the clock half a minute early or late (RFC 6238 §5.2). It waits for one.
func (a *authenticator) code() string {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		now := time.Now().Unix() / 30
		if step := max(a.last+1, now-1); step <= now+1 {
			a.last = step
			mac := hmac.New(sha1.New, a.secret)
			_ = binary.Write(mac, binary.BigEndian, step)
			sum := mac.Sum(nil)
			at := sum[19] & 15
			return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1_000_000)
		}
		if time.Now().After(deadline) {
			a.t.Fatal("no code in a minute")
		}
	}
}

var (
	keyText  = regexp.MustCompile(`<p class="secret-key"[^>]*><code[^>]*>([A-Z2-7 ]+)</code>`)
	codeText = regexp.MustCompile(`<li><code>([A-Z2-7-]{19})</code></li>`)
)

// setUp sets an app up on the page that shows a key, by the form to action.
func setUp(t testing.TB, b *harness.Browser, action string) *authenticator {
	t.Helper()
	m := keyText.FindSubmatch(b.Body)
	if m == nil {
		t.Fatalf("no key on the page at %s:\n%s", b.URL, b.Text())
	}
	phone := newAuthenticator(t, string(m[1]))
	b.Submit(action, map[string]string{"code": "000000"}).At(action, 422)
	if again := keyText.FindSubmatch(b.Body); again == nil || string(again[1]) != string(m[1]) {
		t.Error("after a wrong code the key is another")
	}
	b.Submit(action, map[string]string{"code": phone.code()})
	return phone
}

// saved reads the recovery codes on the page, as they are shown and as a file, and says that they are saved.
func saved(t testing.TB, b *harness.Browser) []string {
	t.Helper()
	b.At("/account/two-step/codes", 200)
	var codes []string
	for _, m := range codeText.FindAllSubmatch(b.Body, -1) {
		codes = append(codes, string(m[1]))
	}
	page := b.URL.String()
	b.Open("/account/two-step/codes.txt")
	if len(codes) != 10 || !strings.Contains(string(b.Body), strings.Join(codes, "\r\n")) || !strings.HasPrefix(b.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%d codes, file %.200q", len(codes), b.Body)
	}
	b.Open(page).Submit("/account/two-step/codes", nil)
	return codes
}

// TestSecondFactor is a second factor from its first to its last day, in a browser without script.
func TestSecondFactor(t *testing.T) {
	strong := map[string]any{"client_id": "vault", "client_name": "Vault", "token_endpoint_auth_method": "client_secret_post", "secrets": []map[string]any{{"value": harness.QuietSecret}},
		"grant_types": []string{"authorization_code", "refresh_token"}, "scope": "openid", "redirect_uris": []string{harness.Callback}, "skip_consent": true, "second_factor": true}
	s := harness.Start(t, harness.Options{Clients: append(harness.Clients(), strong), Config: map[string]any{"accounts.second_factor.groups": []string{"admins"}}})
	password := harness.Random(16)
	s.SignUp(t, "nora", "nora@example.test", password)
	b := s.Browser(t).SignIn("nora", password)

	b.Open("/account/two-step").Follow("/account/two-step/app").At("/account/two-step/app", 200)
	phone := setUp(t, b, "/account/two-step/app")
	codes := saved(t, b)
	b.At("/account/two-step", 200)
	s.Mail.Wait(t, "nora@example.test", "/not-me", 1)

	signIn := func(device *harness.Browser) *harness.Browser {
		return device.Open("/login").Submit("/login", map[string]string{"username": "nora", "password": password})
	}
	t.Run("the code, once", func(t *testing.T) {
		other := signIn(s.Browser(t)).At("/login/otp", 200)
		other.Copy(t).Open("/account").At("/login", 200) // no session before every step is done
		other.Submit("/login/otp", map[string]string{"code": "12345"}).At("/login/otp", 422)
		code := phone.code()
		other.Submit("/login/otp", map[string]string{"code": code[:3] + " " + code[3:]}).At("/account", 200)
		again := signIn(s.Browser(t)).Submit("/login/otp", map[string]string{"code": code}).At("/login/otp", 422)
		if !strings.Contains(again.Text(), "not right or has expired") {
			t.Errorf("a code twice: %s", again.Text())
		}
	})
	t.Run("a recovery code, once; the last ones are told of", func(t *testing.T) {
		other := signIn(s.Browser(t)).Follow("/login/recovery").At("/login/recovery", 200)
		other.Submit("/login/recovery", map[string]string{"code": strings.ToLower(strings.ReplaceAll(codes[0], "-", " "))}).At("/account", 200)
		s.Mail.Wait(t, "nora@example.test", "/not-me", 2)
		signIn(s.Browser(t)).Follow("/login/recovery").Submit("/login/recovery", map[string]string{"code": codes[0]}).At("/login/recovery", 422)
		for _, c := range codes[1:7] {
			s.API().Must(t, "POST", "/api/login", object{"username": "nora", "password": password, "otp": c}, nil).Want(t, 200)
		}
		low := signIn(s.Browser(t)).Follow("/login/recovery").Submit("/login/recovery", map[string]string{"code": codes[7]}).At("/account/two-step", 200)
		if !strings.Contains(low.Text(), "2 recovery codes left") {
			t.Errorf("two are left: %s", low.Text())
		}
	})
	t.Run("a browser that is trusted, until the password changes", func(t *testing.T) {
		device := signIn(s.Browser(t)).Submit("/login/otp", map[string]string{"code": phone.code(), "trust": "1"}).At("/account", 200)
		device.Submit("/account/sign-out", nil)
		signIn(device).At("/account", 200)
		f := harness.NewFlow(harness.QuietID, harness.QuietSecret, true)
		device.Open(f.Path("openid", map[string]string{"acr_values": "2", "claims": `{"id_token":{"acr":{"essential":true,"values":["2"]}}}`})).At("/login/otp", 200)
		if next := harness.Random(16); next != "" {
			device.Open("/account/password").Submit("/account/password", map[string]string{"current": password, "password": next})
			password = next
		}
		signIn(device.Open("/account").Submit("/account/sign-out", nil)).At("/login/otp", 200)
	})
	t.Run("the account API", func(t *testing.T) {
		r := s.API().Must(t, "POST", "/api/login", object{"username": "nora", "password": password}, nil).Want(t, 401)
		list, _ := r.JSON["second_factor"].([]any)
		if r.S("message") != "Second factor required" || !slices.Contains(list, any("totp")) {
			t.Errorf("%s", r.Raw)
		}
		if r := s.API().Must(t, "POST", "/api/auth/login", object{"username": "nora", "password": password, "otp": "000000"}, nil).Want(t, 401); r.S("message") != "Invalid second factor" {
			t.Errorf("%s", r.Raw)
		}
		s.API().Must(t, "POST", "/api/auth/login", object{"email": "nora@example.test", "password": password, "otp": codes[8]}, nil).Want(t, 200)
	})
	t.Run("off, after proving it again", func(t *testing.T) {
		b := signIn(s.Browser(t)).Follow("/login/recovery").Submit("/login/recovery", map[string]string{"code": codes[9]}).At("/account/two-step", 200)
		b.Open("/account/two-step/off").At("/account/two-step/off", 200).Submit("/account/two-step/off", nil).At("/account/two-step", 200)
		signIn(s.Browser(t)).At("/account", 200)
	})
	t.Run("an operator", func(t *testing.T) { operated(t, s) })
}

// operated: commands say who has which factors, and take them away; a group that must have two leads its members to set one up, before any session.
func operated(t *testing.T, s *harness.Server) {
	password := harness.Random(16)
	s.SignUp(t, "otis", "otis@example.test", password)
	s.Run(t, "groups", "add", "admins", "otis")
	b := s.Browser(t)
	f := harness.NewFlow(harness.QuietID, harness.QuietSecret, true)
	b.Open(f.Path("openid", nil)).Submit("/login", map[string]string{"username": "otis", "password": password}).At("/login/enrol", 200)
	b.Copy(t).Open("/account").At("/login", 200)
	b.Follow("/login/enrol/app")
	setUp(t, b, "/login/enrol/app")
	saved(t, b)
	if err := f.Answer(b.Left(harness.Callback), s.Issuer); err != nil {
		t.Fatal(err)
	}
	if out, _, code := s.Run(t, "users", "show", "otis"); code != 0 || !strings.Contains(out, "authenticator app") || !strings.Contains(out, "true") {
		t.Errorf("users show: %d %s", code, out)
	}
	if r := s.API().Must(t, "POST", "/api/login", object{"username": "otis", "password": password}, nil).Want(t, 401); r.S("message") != "Second factor required" {
		t.Errorf("%s", r.Raw)
	}
	s.Run(t, "users", "reset-factors", "otis")
	b.Open("/account").At("/login", 200)
	if r := s.API().Must(t, "POST", "/api/login", object{"username": "otis", "password": password}, nil).Want(t, 403); r.S("message") != "A second factor must be set up first" {
		t.Errorf("%s", r.Raw)
	}
}

// TestStepUpOfACR: an application asks for two factors (OpenID Connect Core §5.5.1.1), of a person with one, and of one with two.
func TestStepUpOfACR(t *testing.T) {
	strong := map[string]any{"client_id": "vault", "client_name": "Vault", "token_endpoint_auth_method": "client_secret_post", "secrets": []map[string]any{{"value": harness.QuietSecret}},
		"grant_types": []string{"authorization_code", "refresh_token"}, "scope": "openid offline_access", "redirect_uris": []string{harness.Callback}, "skip_consent": true, "second_factor": true}
	s := harness.Start(t, harness.Options{Clients: append(harness.Clients(), strong)})
	a, password := s.API(), harness.Random(16)
	s.SignUp(t, "pia", "pia@example.test", password)
	b := s.Browser(t).SignIn("pia", password)
	essential := map[string]string{"claims": `{"id_token":{"acr":{"essential":true,"values":["2"]}}}`}

	ask := func(client string, extra map[string]string) *harness.Flow {
		f := harness.NewFlow(client, harness.QuietSecret, true)
		b.Open(f.Path("openid", extra))
		return f
	}
	bought := func(f *harness.Flow) object {
		t.Helper()
		if err := f.Answer(b.Left(harness.Callback), s.Issuer); err != nil {
			t.Fatal(err)
		}
		r, err := f.Redeem(a)
		if err != nil {
			t.Fatal(err)
		}
		return jwtPart(t, r.Want(t, 200).S("id_token"), 1)
	}
	refused := func(left url.Values) {
		t.Helper()
		if left.Get("error") != "unmet_authentication_requirements" {
			t.Errorf("OpenID Connect Core §5.5.1.1: %v", left)
		}
	}

	// One factor: what is wished is left, what is essential can be set up, and is refused to the application where she will not.
	if claims := bought(ask(harness.QuietID, map[string]string{"acr_values": "2"})); claims["acr"] != "1" {
		t.Errorf("voluntary: %v", claims)
	}
	ask(harness.QuietID, essential)
	b.At("/login/enrol", 200).Submit("/login/decline", nil)
	refused(b.Left(harness.Callback))
	ask("vault", nil)
	b.At("/login/enrol", 200).Submit("/login/decline", nil)
	refused(b.Left(harness.Callback))
	f := ask("vault", nil)
	b.At("/login/enrol", 200).Follow("/login/enrol/app")
	phone := setUp(t, b, "/login/enrol/app")
	saved(t, b)
	if claims := bought(f); claims["acr"] != "2" || fmt.Sprint(claims["amr"]) != "[pwd otp mfa]" {
		t.Errorf("set up on the way: %v", claims)
	}

	// Two: who signed in with one of them by a trusted browser is asked for the other alone, once; silent requests are told.
	b = s.Browser(t)
	b.Open("/login").Submit("/login", map[string]string{"username": "pia", "password": password}).Submit("/login/otp", map[string]string{"code": phone.code(), "trust": "1"}).At("/account", 200)
	b.Submit("/account/sign-out", nil)
	b.SignIn("pia", password)
	before := bought(ask(harness.QuietID, nil))
	if before["acr"] != "1" || fmt.Sprint(before["amr"]) != "[pwd]" {
		t.Errorf("a trusted browser is no factor: %v", before)
	}
	ask(harness.QuietID, map[string]string{"claims": essential["claims"], "prompt": "none"})
	if left := b.Left(harness.Callback); left.Get("error") != "login_required" {
		t.Errorf("prompt=none: %v", left)
	}
	ask(harness.QuietID, essential)
	b.At("/login/otp", 200).Submit("/login/decline", nil)
	refused(b.Left(harness.Callback))
	f = ask(harness.QuietID, essential)
	b.At("/login/otp", 200).Submit("/login/otp", map[string]string{"code": phone.code()})
	after := bought(f)
	if after["acr"] != "2" || after["auth_time"] != before["auth_time"] || after["sid"] != before["sid"] {
		t.Errorf("stepped up: %v, before %v", after, before)
	}
	if claims := bought(ask("vault", nil)); claims["acr"] != "2" {
		t.Errorf("the second time nobody is asked: %v", claims)
	}
	if claims := bought(ask(harness.QuietID, map[string]string{"claims": `{"id_token":{"acr":{"essential":true,"value":"1"}}}`})); claims["acr"] != "1" {
		t.Errorf("OpenID Connect Core §5.5.1.1, a class that two factors reach too: %v", claims)
	}
	if got, _ := a.Must(t, "GET", "/.well-known/openid-configuration", nil, nil).Want(t, 200).JSON["acr_values_supported"].([]any); fmt.Sprint(got) != "[1 2]" {
		t.Errorf("announced: %v", got)
	}
}
