package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"latchkey/e2e/harness"
)

// protocolKinds are the kinds of secrets that [useProtocol] uses.
var protocolKinds = []string{"device code", "user code", "request_uri", "opaque token", "assertion", "initial access token", "registration access token", "registered secret", "front token", "logout token"}

// useProtocol runs through whatever has a secret beyond the code flow, also where it is refused.
func useProtocol(t *testing.T, s *harness.Server, p *parties) {
	t.Helper()
	a, b := s.API(), s.Browser(t).SignIn(personName, personPassword)
	for _, decision := range []string{"allow", "deny"} {
		device := a.Must(t, "POST", "/device_authorization", form("client_id", "tv", "scope", "openid"), nil).Want(t, 200)
		s.Secrets.Add("device code", device.S("device_code"))
		s.Secrets.Add("user code", device.S("user_code"), strings.ReplaceAll(device.S("user_code"), "-", ""))
		b.Open(device.S("verification_uri_complete")).Submit("/device", nil).Submit("/device/confirm", nil, "decision", decision)
		time.Sleep(time.Second)
		for range 2 {
			_ = a.Must(t, "POST", "/token", form("grant_type", harness.DeviceGrant, "client_id", "tv", "device_code", device.S("device_code")), nil)
		}
	}
	par := p.known["par"].(object)
	for _, who := range []string{"par", "tv"} { // one is used, one tried by another client
		pushed := a.Must(t, "POST", "/par", pushedForm(harness.NewFlow("par", "", false)), harness.Basic("par", par["client_secret"].(string))).Want(t, 201)
		s.Secrets.Add("request_uri", pushed.S("request_uri"), strings.TrimPrefix(pushed.S("request_uri"), "urn:ietf:params:oauth:request_uri:"))
		if b.Open("/authorize?" + form("client_id", who, "request_uri", pushed.S("request_uri")).Encode()); b.Outside != nil {
			s.Secrets.Add("code", b.Outside.Query().Get("code"))
		}
	}
	opaque := p.signIn(t, s, b, "opaque")
	s.Secrets.Add("opaque token", opaque.token.AccessToken, opaque.token.RefreshToken)
	s.Secrets.Add("id_token", opaque.raw)
	_, _ = opaque.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(opaque.token))
	assertion := p.assert(t, s.Issuer, "key-jwt", harness.Random(20))
	s.Secrets.Add("assertion", assertion)
	for _, path := range []string{"/token", "/par", "/introspect", "/revoke", "/token"} {
		_ = a.Must(t, "POST", path, form("grant_type", "client_credentials", "token", opaque.token.AccessToken, "client_assertion", assertion, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), nil)
	}
	front := p.goParty(t, s, "front")
	address, _, _, _ := front.begin(oauth2.SetAuthURLParam("response_type", "id_token token"))
	b.Open(address)
	got, err := url.ParseQuery(b.Outside.Fragment)
	if err != nil {
		t.Fatal(err)
	}
	s.Secrets.Add("front token", got.Get("access_token"), got.Get("id_token"))
	useRegistration(t, s, a)

	told := p.signIn(t, s, b, "told")
	s.Secrets.Add("id_token", told.raw)
	b.Open("/logout?" + form("id_token_hint", told.raw).Encode())
	told.logoutToken(t, p.side, "/told", 1)
	posted, _ := url.ParseQuery(p.side.got("/told")[0])
	s.Secrets.Add("logout token", posted.Get("logout_token"))
}

func useRegistration(t *testing.T, s *harness.Server, a *harness.API) {
	t.Helper()
	initial := initialAccessToken(t, s, 2)
	s.Secrets.Add("initial access token", initial)
	// Its ID tokens are signed with its secret, so that the secret must be kept, and not its hash alone.
	r := a.Must(t, "POST", "/register", object{"redirect_uris": []string{harness.SecureCallback}, "id_token_signed_response_alg": "HS256"}, harness.Bearer(initial)).Want(t, 201)
	s.Secrets.Add("registration access token", r.S("registration_access_token"))
	s.Secrets.Add("registered secret", r.S("client_secret"))
	at := strings.TrimPrefix(r.S("registration_client_uri"), s.Issuer)
	_ = a.Must(t, "GET", at, nil, harness.Bearer(r.S("registration_access_token"))).Want(t, 200)
	_ = a.Must(t, "GET", at, nil, harness.Bearer(initial)).Want(t, 401)
	_ = a.Must(t, "POST", "/register", object{"client_secret": r.S("client_secret")}, harness.Bearer(initial)).Want(t, 400)
	_ = a.Must(t, "POST", "/introspect", form("token", initial), harness.Basic(r.S("client_id"), r.S("client_secret"))).Want(t, 200)
}
