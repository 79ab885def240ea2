package e2e

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"latchkey/e2e/harness"
)

// atOnce calls try n times at the same time, and says how often it answered what.
func atOnce(n int, try func() string) map[string]int {
	answers := make([]string, n)
	var ready, done sync.WaitGroup
	ready.Add(n)
	done.Add(n)
	begin := make(chan struct{})
	for i := range n {
		go func() {
			defer done.Done()
			ready.Done()
			<-begin
			answers[i] = try()
		}()
	}
	ready.Wait()
	close(begin)
	done.Wait()
	count := map[string]int{}
	for _, a := range answers {
		count[a]++
	}
	return count
}

// TestOneTimeThingsAreTakenOnce: fifty requests at the same time for each thing that is good once.
func TestOneTimeThingsAreTakenOnce(t *testing.T) {
	p := newParties(t)
	p.takenOnce(t, p.start(harness.Options{Config: object{"tokens.refresh_grace": "0s"}}))
}

// takenOnce tries each thing that is good once, with a server that gives no grace to refresh tokens.
func (p *parties) takenOnce(t *testing.T, s *harness.Server) {
	t.Helper()
	const many = 50
	b, a := s.Browser(t).SignIn(personName, personPassword), s.API()
	// post sends a form, and gives its error, or "ok".
	post := func(path string, form url.Values, header map[string]string) string {
		r, err := a.Do("POST", path, form, header)
		switch {
		case err != nil:
			return err.Error()
		case r.Status == 200:
			return "ok"
		}
		return r.S("error")
	}
	check := func(name, refusal string, got map[string]int) {
		t.Helper()
		if got["ok"] != 1 || got[refusal] != many-1 {
			t.Errorf("%s: %v, want one to succeed and %d to get %s", name, got, many-1, refusal)
		}
	}
	quiet := func() *harness.Flow {
		t.Helper()
		f := harness.NewFlow(harness.QuietID, harness.QuietSecret, true)
		if err := f.Answer(b.Open(f.Path("openid offline_access", nil)).Left(harness.Callback), s.Issuer); err != nil {
			t.Fatal(err)
		}
		return f
	}
	redeem := func(f *harness.Flow) url.Values {
		return form("grant_type", "authorization_code", "code", f.Code, "redirect_uri", harness.Callback, "code_verifier", f.Verifier, "client_id", f.Client, "client_secret", f.Secret)
	}

	f := quiet()
	check("RFC 6749 §4.1.2 code", "invalid_grant", atOnce(many, func() string { return post("/token", redeem(f), nil) }))

	f = quiet()
	tokens := a.Must(t, "POST", "/token", redeem(f), nil).Want(t, 200)
	check("RFC 9700 §4.14.2 refresh token", "invalid_grant", atOnce(many, func() string {
		return post("/token", form("grant_type", "refresh_token", "refresh_token", tokens.S("refresh_token"), "client_id", f.Client, "client_secret", f.Secret), nil)
	}))

	device := a.Must(t, "POST", "/device_authorization", form("client_id", "tv", "scope", "openid"), nil).Want(t, 200)
	b.Open("/device").Submit("/device", map[string]string{"user_code": device.S("user_code")}).Submit("/device/confirm", nil, "decision", "allow")
	time.Sleep(time.Second)
	check("RFC 8628 §3.5 device code", "invalid_grant", atOnce(many, func() string {
		got := post("/token", form("grant_type", harness.DeviceGrant, "client_id", "tv", "device_code", device.S("device_code")), nil)
		if got == "slow_down" { // those that came before the one
			got = "invalid_grant"
		}
		return got
	}))

	par := p.known["par"].(object)
	pushed := a.Must(t, "POST", "/par", pushedForm(harness.NewFlow("par", "", false)), harness.Basic("par", par["client_secret"].(string))).Want(t, 201)
	address := "/authorize?" + form("client_id", "par", "request_uri", pushed.S("request_uri")).Encode()
	browsers := make(chan *harness.Browser, many)
	for range many {
		browsers <- b.Copy(t)
	}
	check("RFC 9126 §7.3 pushed request", "refused", atOnce(many, func() string {
		one := <-browsers
		one.Open(address)
		if one.Outside != nil && one.Outside.Query().Has("code") {
			return "ok"
		}
		return "refused"
	}))

	assertion := p.assert(t, s.Issuer, "key-jwt", harness.Random(20))
	check("OpenID Connect Core §9 jti", "invalid_client", atOnce(many, func() string {
		return post("/token", form("grant_type", "client_credentials", "scope", "read", "client_assertion", assertion,
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), nil)
	}))

	initial := harness.Bearer(initialAccessToken(t, s, 1))
	check("RFC 7591 §3 initial access token", "invalid_token", atOnce(many, func() string {
		r, err := a.Do("POST", "/register", object{"redirect_uris": []string{harness.SecureCallback}}, initial)
		switch {
		case err != nil:
			return err.Error()
		case r.Status == 201:
			return "ok"
		case r.Status == 401 && strings.Contains(r.Header.Get("WWW-Authenticate"), `error="invalid_token"`):
			return "invalid_token"
		}
		return string(r.Raw)
	}))
}

// pushedForm is the authorization request of a flow as it is pushed.
func pushedForm(f *harness.Flow) url.Values {
	return form("client_id", f.Client, "response_type", "code", "redirect_uri", harness.SecureCallback, "scope", "openid", "state", f.State, "nonce", f.Nonce,
		"code_challenge", harness.Challenge(f.Verifier), "code_challenge_method", "S256")
}

// assert is a client's assertion, signed with its P-256 key (RFC 7523 §2.2).
func (p *parties) assert(t *testing.T, issuer, id, jti string) string {
	t.Helper()
	raw, err := json.Marshal(p.known[id].(object)["jwks"])
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: set.Key("party-p256")[0]}, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	out, err := jwt.Signed(signer).Claims(jwt.Claims{Issuer: id, Subject: id, Audience: jwt.Audience{issuer}, ID: jti, IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute))}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// initialAccessToken lets n clients register (RFC 7591 §3).
func initialAccessToken(t *testing.T, s *harness.Server, n int) string {
	t.Helper()
	out, bad, code := s.Run(t, "clients", "tokens", "create", "tests", "--uses", strconv.Itoa(n), "--output", "json")
	var made struct{ Token string }
	if err := json.Unmarshal([]byte(out), &made); code != 0 || err != nil || made.Token == "" {
		t.Errorf("clients tokens create: %d %v %s%s", code, err, out, bad)
	}
	return made.Token
}
