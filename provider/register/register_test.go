package register

import (
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/provider/client"
	"latchkey/storage"
)

func TestRegister(t *testing.T) {
	registrant, err := os.ReadFile("../client/testdata/registrant.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, body string
		check      func(t *testing.T, a answer, c storage.Client)
	}{
		{"minimal", shop + `}`, func(t *testing.T, a answer, c storage.Client) {
			if len(c.Secrets) != 1 || c.Secrets[0].Hash != client.HashSecret(a.text("client_secret")) || c.Secrets[0].Sealed != nil {
				t.Errorf("RFC 7591 §3.2.1 the secret: %+v", c.Secrets)
			}
		}},
		{"public", shop + `,"token_endpoint_auth_method":"none","application_type":"native"}`, func(t *testing.T, _ answer, c storage.Client) {
			if c.Secrets != nil {
				t.Error("RFC 7591 §3.2.1 a public client has a secret")
			}
		}},
		{"machine", `{"grant_types":["client_credentials"]}`, nil},
		{"whole", string(registrant), func(t *testing.T, a answer, c storage.Client) {
			plain, err := client.HMACSecrets(box{}, c, time.Time{})
			if err != nil || len(plain) != 1 || string(plain[0]) != a.text("client_secret") {
				t.Errorf("OpenID Connect Core §10.1 the secret for HS256: %q %v", plain, err)
			}
			if c.Sector != "shop.example" {
				t.Errorf("OpenID Connect Core §8.1 sector %q", c.Sector)
			}
		}},
		{"unknown", shop + `,"x_unheard_of":{"a":1},"scope":"email nonsense account","client_name":null}`, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := newRig(t)
			g.documents["https://shop.example/sector.json"] = `["https://shop.example/cb","https://shop.example/other"]`
			a := g.register(t, row.body)
			if a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("RFC 7591 §3.2.1: %v", a.header)
			}
			c := g.stored(t, a)
			if !c.Registered || c.SkipConsent || c.AccountClaims || c.PKCEExempt || slices.Contains(c.Scopes, "account") || !c.ExpiresAt.Equal(g.now.Add(24*time.Hour)) {
				t.Errorf("%+v", c)
			}
			if c.RegistrationHash != client.HashRegistrationToken(client.ManagePrefix, a.text("registration_access_token")) || len(c.RegistrationHash) != 64 {
				t.Error("RFC 7592 §3: the registration access token")
			}
			if row.check != nil {
				row.check(t, a, c)
			}
			a.golden(t, row.name+".golden.json")
			if strings.Join(g.events, ",") != "client.changed registered" {
				t.Error(g.events)
			}
		})
	}
}

func TestRegisterRefuses(t *testing.T) {
	g := newRig(t)
	g.documents["https://shop.example/none.json"] = `[]`
	g.documents["https://shop.example/short.json"] = `["https://shop.example/other"]`
	g.documents["https://shop.example/broken.json"] = `["https://shop.example/cb"`
	g.documents["https://shop.example/object.json"] = `{"uris":["https://shop.example/cb"]}`
	g.documents["https://shop.example/nested.json"] = `[["https://shop.example/cb"],{"https://shop.example/cb":1}]`
	for _, row := range []struct {
		name, body, code, member string
	}{
		{"RFC 7591 §3.1 no JSON", `redirect_uris=x`, "invalid_client_metadata", "JSON object"},
		{"RFC 7591 §3.1 an array", `[]`, "invalid_client_metadata", "JSON object"},
		{"a name twice", `{"client_name":"a","client_name":"b"}`, "invalid_client_metadata", "unique names"},
		{"too long", `{"client_name":"` + strings.Repeat("x", client.MaxMetadataBytes) + `"}`, "invalid_client_metadata", "bytes"},
		{"RFC 7591 §2 no redirect URI", `{}`, "invalid_redirect_uri", "redirect_uris"},
		{"RFC 6749 §3.1.2 fragment", `{"redirect_uris":["https://a.example/#x"]}`, "invalid_redirect_uri", "redirect_uris"},
		{"scheme that runs", `{"redirect_uris":["javascript:alert(1)"]}`, "invalid_redirect_uri", "redirect_uris"},
		{"RFC 9700 §4.16 an address of ours", `{"redirect_uris":["https://id.example/op/account/sign-out"],"response_types":["code"]}`, "invalid_redirect_uri", "redirect_uris"},
		{"an address of ours among others", `{"redirect_uris":["https://shop.example/cb","https://ID.example:443/op"]}`, "invalid_redirect_uri", "redirect_uris"},
		{"an address of ours to come back to", shop + `,"post_logout_redirect_uris":["https://id.example/op/x"]}`, "invalid_client_metadata", "post_logout_redirect_uris"},
		{"OpenID Connect Core §8.1 a sector that nothing binds to the client", `{"grant_types":["client_credentials"],"subject_type":"pairwise","sector_identifier_uri":"https://shop.example/none.json"}`,
			"invalid_client_metadata", "sector_identifier_uri"},
		{"OpenID Connect Core §8.1 tokens that reach others than the sector", shop + `,"grant_types":["authorization_code","urn:ietf:params:oauth:grant-type:device_code"],"subject_type":"pairwise"}`,
			"invalid_client_metadata", "subject_type"},
		{"RFC 7591 §3.2.2 two members", `{"redirect_uris":["http://a.example/"],"client_uri":"x"}`, "invalid_client_metadata", "client_uri"},
		{"type", shop + `,"contacts":"me"}`, "invalid_client_metadata", "contacts"},
		{"RFC 7591 §2.2", shop + `,"logo_uri#de":"javascript:x"}`, "invalid_client_metadata", "logo_uri"},
		{"RFC 7591 §3.1 an ID of its own", shop + `,"client_id":"mine"}`, "invalid_client_metadata", "client_id"},
		{"RFC 7591 §3.1 a secret of its own", shop + `,"client_secret":"mine"}`, "invalid_client_metadata", "client_secret"},
		{"what is the operator's", shop + `,"skip_consent":true}`, "invalid_client_metadata", "skip_consent"},
		{"what is the operator's, PKCE", shop + `,"pkce_exempt":true}`, "invalid_client_metadata", "pkce_exempt"},
		{"RFC 8705 §3.4", shop + `,"tls_client_certificate_bound_access_tokens":true}`, "invalid_client_metadata", "tls_client_certificate_bound_access_tokens"},
		{"RFC 9449 §5.2", shop + `,"dpop_bound_access_tokens":true}`, "invalid_client_metadata", "dpop_bound_access_tokens"},
		{"OpenID Connect Registration §2 encryption", shop + `,"id_token_encrypted_response_alg":"RSA-OAEP"}`, "invalid_client_metadata", "id_token_encrypted_response_alg"},
		{"RFC 7591 §2 private keys", shop + `,"jwks":{"keys":[{"kty":"RSA","n":"x","e":"AQAB","d":"x"}]}}`, "invalid_client_metadata", "jwks"},
		{"RFC 7591 §2.3 statement", shop + `,"software_statement":"a.b.c"}`, "unapproved_software_statement", "software_statement"},
		{"RFC 7591 §2.3 no statement", shop + `,"software_statement":{"x":1}}`, "invalid_software_statement", "software_statement"},
		{"algorithm without a key", shop + `,"id_token_signed_response_alg":"PS512"}`, "invalid_client_metadata", "id_token_signed_response_alg"},
		{"response type that is off", shop + `,"response_types":["code token"],"grant_types":["authorization_code","implicit"]}`, "invalid_client_metadata", "response_types"},
		{"no scope that may be had", shop + `,"scope":"account admin"}`, "invalid_client_metadata", "scope"},
		{"OpenID Connect Registration §2 third party over http", shop + `,"initiate_login_uri":"http://shop.example/"}`, "invalid_client_metadata", "initiate_login_uri"},
		{"OpenID Connect Registration §5 nothing there", shop + `,"sector_identifier_uri":"https://gone.example/"}`, "invalid_client_metadata", "sector_identifier_uri"},
		{"OpenID Connect Registration §5 not listed", shop + `,"sector_identifier_uri":"https://shop.example/short.json"}`, "invalid_client_metadata", "sector_identifier_uri"},
		{"OpenID Connect Registration §5 no JSON", shop + `,"sector_identifier_uri":"https://shop.example/broken.json"}`, "invalid_client_metadata", "sector_identifier_uri"},
		{"OpenID Connect Registration §5 no array", shop + `,"sector_identifier_uri":"https://shop.example/object.json"}`, "invalid_client_metadata", "sector_identifier_uri"},
		{"OpenID Connect Registration §5 no array of strings", shop + `,"sector_identifier_uri":"https://shop.example/nested.json"}`, "invalid_client_metadata", "sector_identifier_uri"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := g.do("POST", "/op/register", "", row.body)
			if a.status != http.StatusBadRequest || a.text("error") != row.code || !strings.Contains(a.text("error_description"), row.member) {
				t.Errorf("%d %s", a.status, a.body)
			}
			if strings.Contains(a.body, "shop.example") || strings.Contains(a.body, "a.example") || strings.Contains(a.body, "SECRET") || strings.Contains(a.body, "mine") {
				t.Errorf("it echoes: %s", a.body)
			}
			if a.header.Get("Cache-Control") != "no-store" || a.header.Get("WWW-Authenticate") != "" {
				t.Errorf("%v", a.header)
			}
		})
	}
	if list, err := g.store.ListClients(t.Context(), "", 1); len(list) > 0 || err != nil || g.events != nil {
		t.Errorf("something was registered: %v %v %v", list, err, g.events)
	}
}

func TestRegisterContentType(t *testing.T) {
	g := newRig(t)
	for contentType, want := range map[string]int{"application/json": 201, "Application/JSON; charset=UTF-8": 201, "": 415, "text/plain": 415,
		"application/x-www-form-urlencoded": 415, "application/json; charset=latin1": 415, "application/jwt": 415} {
		a := g.do("POST", "/op/register", "", shop+`}`, func(r *http.Request) { r.Header.Set("Content-Type", contentType) })
		if a.status != want {
			t.Errorf("RFC 7591 §3.1 %q: %d", contentType, a.status)
		}
	}
}

func TestInitialAccessToken(t *testing.T) {
	g := newRig(t)
	good := g.token(t, storage.RegistrationToken{ID: "good", PKCEExempt: true})
	spent := g.token(t, storage.RegistrationToken{ID: "spent", MaxUses: 1})
	gone := g.token(t, storage.RegistrationToken{ID: "gone", ExpiresAt: g.now.Add(time.Minute)})
	g.Policy.Mode = Token
	if a := g.do("POST", "/op/register", spent, shop+`}`); a.status != 201 || g.stored(t, a).RegisteredWith != "spent" || g.stored(t, a).PKCEExempt {
		t.Fatal(a.body)
	}
	g.now = g.now.Add(time.Minute)
	for _, row := range []struct {
		name, token string
		open        int
		closed      int
		challenge   string
	}{
		{"RFC 6750 §3.1 none", "", 201, 401, `Bearer realm="latchkey"`},
		{"RFC 7591 §3 good", good, 201, 201, ""},
		{"used up", spent, 401, 401, `error="invalid_token"`},
		{"expired", gone, 401, 401, `error="invalid_token"`},
		{"unknown", "lki_" + strings.Repeat("A", 43), 401, 401, `error="invalid_token"`},
		{"of another kind", "lkg_" + strings.Repeat("A", 43), 401, 401, `error="invalid_token"`},
		{"malformed", "lki_ x", 401, 401, `error="invalid_token"`},
	} {
		for mode, want := range map[Mode]int{Open: row.open, Token: row.closed} {
			g.Policy.Mode = mode
			a := g.do("POST", "/op/register", row.token, shop+`}`)
			if a.status != want {
				t.Errorf("%s, %s: %d %s", row.name, mode, a.status, a.body)
			}
			if challenge := a.header.Get("WWW-Authenticate"); want == 401 && (!strings.Contains(challenge, row.challenge) || a.text("error") != "invalid_token") {
				t.Errorf("%s, %s: %s %s", row.name, mode, challenge, a.body)
			}
		}
	}
	g.Policy.Mode = Token
	if a := g.do("POST", "/op/register", good, shop+`}`); !g.stored(t, a).PKCEExempt || g.stored(t, a).RegisteredWith != "good" {
		t.Error("the token's exemption did not arrive")
	}
	if a := g.do("POST", "/op/register", good, shop+`,"token_endpoint_auth_method":"none"}`); g.stored(t, a).PKCEExempt {
		t.Error("RFC 9700 §2.1.1 a public client is exempt from PKCE")
	}
	if a := g.do("POST", "/op/register?access_token="+good, "", shop+`}`); a.status != 401 {
		t.Error("RFC 9700 §4.3.2 a token in the address is taken")
	}
}

func TestQuotaAndBudget(t *testing.T) {
	g := newRig(t, func(g *rig) { g.Policy.MaxClients = 2 })
	first := g.register(t, shop+`}`)
	g.register(t, shop+`}`)
	a := g.do("POST", "/op/register", "", shop+`}`)
	if a.status != 403 || a.text("error") != "access_denied" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := g.manage("DELETE", first, ""); a.status != 204 {
		t.Fatal(a.body)
	}
	g.register(t, shop+`}`)

	g = newRig(t, func(g *rig) { g.Policy.PerAddress = 2 })
	first = g.register(t, shop+`}`)
	if a := g.do("POST", "/op/register", "", `{`); a.status != 400 {
		t.Error("a bad request costs an attempt too")
	}
	a = g.do("POST", "/op/register", "", shop+`}`)
	if a.status != 429 || a.header.Get("Retry-After") != "3600" || !slices.Contains(g.events, "limit.throttled register") {
		t.Errorf("%d %v %v", a.status, a.header, g.events)
	}
	if a := g.manage("GET", first, ""); a.status != 200 {
		t.Error("reading is not what is counted")
	}
	g.now = g.now.Add(time.Hour)
	g.register(t, shop+`}`)
}

func TestStoreFaultsAreOurs(t *testing.T) {
	g := newRig(t)
	token := g.token(t, storage.RegistrationToken{ID: "x"})
	if err := g.store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", token} {
		if a := g.do("POST", "/op/register", token, shop+`}`); a.status != 503 || a.header.Get("Retry-After") == "" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	g = newRig(t)
	g.Vault = broken{}
	if a := g.do("POST", "/op/register", "", shop+`,"token_endpoint_auth_method":"client_secret_jwt"}`); a.status != 500 || strings.Contains(a.body, "SECRET") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

type broken struct{ box }

func (broken) Seal(string, string, []byte) ([]byte, error) { return nil, errors.New("SECRET") }
