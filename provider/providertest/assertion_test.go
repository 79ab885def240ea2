package providertest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/provider/client"
	"latchkey/storage"
)

// assertionWorld has clients that prove themselves with assertions: two by the keys of one jwks_uri, one by a secret.
type assertionWorld struct {
	i    *Issuer
	side *side
	keys *keyring
}

const assertionSecret = "lks_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func newAssertionWorld(t *testing.T) assertionWorld {
	t.Helper()
	w := assertionWorld{side: newSide(t), keys: newKeyring(t, "ES256")}
	at := w.side.put("/jwks", w.keys.document(t))
	keyed := func(c *storage.Client) {
		c.AuthMethod, c.Secrets, c.JWKSURI, c.GrantTypes = client.KeyJWTMethod, nil, at, append(c.GrantTypes, "urn:ietf:params:oauth:grant-type:device_code")
	}
	w.i = New(t, fetching(t, w.side), Clients(WebClient("app", keyed), WebClient("other", keyed), WebClient("mac", func(c *storage.Client) { c.AuthMethod = client.SecretJWTMethod })))
	mac := w.i.App("mac").Client
	sealed, err := client.SealSecret(w.i.Keys, "mac", client.HashSecret(assertionSecret), assertionSecret)
	if err != nil {
		t.Fatal(err)
	}
	mac.Secrets = []storage.ClientSecret{{ID: "1", Hash: client.HashSecret(assertionSecret), Sealed: sealed}}
	w.i.Registry.Declare([]storage.Client{w.i.App("app").Client, w.i.App("other").Client, mac})
	return w
}

// machine asks for a token with an assertion.
func (w assertionWorld) machine(assertion string, pairs ...string) Answer {
	return w.post("/token", assertion, append([]string{"grant_type", "client_credentials", "scope", "read"}, pairs...)...)
}

func (w assertionWorld) post(path, assertion string, pairs ...string) Answer {
	w.i.T.Helper()
	form := Query("client_assertion_type", client.AssertionType, "client_assertion", assertion)
	for n := 0; n+1 < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
		if pairs[n+1] == "" {
			form.Del(pairs[n])
		}
	}
	return w.i.Call(http.MethodPost, path, form, nil)
}

func (w assertionWorld) by(t *testing.T, id string, change map[string]any) string {
	t.Helper()
	if id == "mac" {
		return (&keyring{alg: "HS256"}).assertion(t, w.i, id, assertionSecret, change)
	}
	return w.keys.assertion(t, w.i, id, "", change)
}

func TestAssertions(t *testing.T) {
	w := newAssertionWorld(t)
	w.i.Person("alice")
	now := w.i.Clock.Now()
	mine := w.i.App("app")
	mine.Prove = func(_ string, form url.Values) http.Header {
		form.Set("client_assertion_type", client.AssertionType)
		form.Set("client_assertion", w.by(t, "app", nil))
		return nil
	}
	ans := mine.Redeem(mine.SignIn(w.i.Browser(), "alice"))
	if ans.Status != 200 {
		t.Fatalf("%d %s", ans.Status, ans.Raw)
	}
	type change = map[string]any
	for _, c := range []struct {
		name, id string
		change   change
		pairs    []string
		want     string
	}{
		{"RFC 7523 §2.2 by a key", "app", nil, nil, ""},
		{"RFC 7523 §2.2 by a secret", "mac", nil, nil, ""},
		{"RFC 7521 §4.2 with client_id", "app", nil, []string{"client_id", "app"}, ""},
		{"RFC 7521 §4.2 another client_id", "app", nil, []string{"client_id", "other"}, "invalid_request"},
		{"RFC 7521 §4.2 no type", "app", nil, []string{"client_assertion_type", ""}, "invalid_client"},
		{"RFC 7521 §4.2 another type", "app", nil, []string{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, "invalid_client"},
		{"RFC 6749 §2.3 a secret beside it", "app", nil, []string{"client_id", "app", "client_secret", "x"}, "invalid_request"},
		{"RFC 7523 §3 the token endpoint as audience", "app", change{"aud": URL + "/token"}, nil, ""},
		{"RFC 9126 §2 an endpoint that authenticates clients as audience", "app", change{"aud": URL + "/par"}, nil, ""},
		{"RFC 7523 §3 one audience of several", "app", change{"aud": []string{"https://elsewhere.test", URL}}, nil, ""},
		{"RFC 7523 §3 another audience", "app", change{"aud": "https://elsewhere.test"}, nil, "invalid_client"},
		{"RFC 7523 §3 what only begins as ours", "app", change{"aud": URL + ".evil.test/token"}, nil, "invalid_client"},
		{"RFC 7523 §3 no audience", "app", change{"aud": nil}, nil, "invalid_client"},
		{"RFC 7523 §3 of another issuer", "app", change{"iss": "other"}, nil, "invalid_client"},
		{"RFC 7523 §3 for another client, with this one's key", "other", change{"iss": "app"}, nil, "invalid_client"},
		{"RFC 7523 §3 no subject", "app", change{"sub": nil}, nil, "invalid_client"},
		{"RFC 7523 §3 expired", "app", change{"exp": now.Add(-2 * time.Minute).Unix()}, nil, "invalid_client"},
		{"RFC 7523 §3 without end", "app", change{"exp": nil}, nil, "invalid_client"},
		{"RFC 7523 §3 for years", "app", change{"exp": now.Add(24 * 365 * time.Hour).Unix()}, nil, "invalid_client"},
		{"RFC 7523 §3 not yet", "app", change{"nbf": now.Add(10 * time.Minute).Unix()}, nil, "invalid_client"},
		{"OpenID Connect Core §9 no jti", "app", change{"jti": nil}, nil, "invalid_client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.machine(w.by(t, c.id, c.change), c.pairs...)
			if status := map[string]int{"": 200, "invalid_request": 400, "invalid_client": 401}[c.want]; got.Status != status || got.Str("error") != c.want {
				t.Errorf("%d %s", got.Status, got.Raw)
			}
		})
	}
	for name, raw := range map[string]string{
		"RFC 8725 §3.11 an ID token":                                      ans.Str("id_token"),
		"RFC 8725 §3.11 an access token":                                  ans.Str("access_token"),
		"RFC 8725 §3.1, RFC 7515 §4.1.1 alg none":                         unsigned(t, w.by(t, "app", nil), `{"alg":"none"}`, false),
		"RFC 8725 §3.1 a MAC with the public key":                         (&keyring{alg: "HS256"}).assertion(t, w.i, "app", w.keys.document(t), nil),
		"RFC 8725 §3.2 an algorithm it has not":                           newKeyring(t, "PS256").assertion(t, w.i, "app", "", nil),
		"RFC 7515 §4.1.4 a key of somebody else":                          newKeyring(t, "ES256").assertion(t, w.i, "app", "", nil),
		"RFC 7515 §4.1.11 crit":                                           unsigned(t, w.by(t, "app", nil), `{"alg":"ES256","crit":["exp"],"exp":1}`, true),
		"RFC 7523 §3 signed with another's secret":                        (&keyring{alg: "HS256"}).assertion(t, w.i, "mac", strings.Repeat("x", 64), nil),
		"RFC 7518 §3.2 a MAC that its secret allows, by a client of keys": (&keyring{alg: "HS256"}).assertion(t, w.i, "app", assertionSecret, nil),
	} {
		if got := w.machine(raw); got.Status != 401 || got.Str("error") != "invalid_client" {
			t.Errorf("%s: %d %s", name, got.Status, got.Raw)
		}
	}
}

// unsigned puts another header before an assertion, with or without its signature.
func unsigned(t *testing.T, raw, header string, signature bool) string {
	t.Helper()
	parts := strings.Split(raw, ".")
	if !json.Valid([]byte(header)) {
		t.Fatal(header)
	}
	parts[0] = base64.RawURLEncoding.EncodeToString([]byte(header))
	if !signature {
		parts[2] = ""
	}
	return strings.Join(parts, ".")
}

// TestAssertionOnce: an assertion is good once, at whatever endpoint; another client's with the same jti is another assertion.
func TestAssertionOnce(t *testing.T) {
	w := newAssertionWorld(t)
	paths := map[string][]string{"/token": {"grant_type", "client_credentials", "scope", "read"}, "/introspect": {"token", "x"}, "/revoke": {"token", "x"},
		"/device_authorization": {"scope", "openid"}, "/par": nil}
	for first, pairs := range paths {
		t.Run("RFC 7523 §3 jti, first at "+first, func(t *testing.T) {
			if first == "/par" {
				for name, v := range w.i.App("app").Request() {
					pairs = append(pairs, name, v[0])
				}
			}
			raw := w.by(t, "app", map[string]any{"jti": "same " + first})
			if got := w.post(first, raw, pairs...); got.Status != 200 && got.Status != 201 {
				t.Fatalf("%d %s", got.Status, got.Raw)
			}
			for path, pairs := range paths {
				if got := w.post(path, raw, pairs...); got.Status != 401 {
					t.Errorf("again at %s: %d %s", path, got.Status, got.Raw)
				}
			}
			if got := w.machine(w.by(t, "other", map[string]any{"jti": "same " + first})); got.Status != 200 {
				t.Errorf("another client's: %d %s", got.Status, got.Raw)
			}
			w.i.Clock.Add(90 * time.Second) // as long as the assertion counts
			if got := w.machine(raw); got.Status != 401 {
				t.Errorf("later: %d %s", got.Status, got.Raw)
			}
		})
	}
}

// TestClientChangesItsKeys: an unknown kid is a reason to look again, but no stranger can make us look all the time.
func TestClientChangesItsKeys(t *testing.T) {
	w := newAssertionWorld(t)
	good := func(what string) {
		t.Helper()
		if got := w.machine(w.by(t, "app", nil)); got.Status != 200 {
			t.Errorf("%s: %d %s", what, got.Status, got.Raw)
		}
	}
	good("first")
	old := &keyring{alg: "ES256", keys: w.keys.keys[:1], ids: w.keys.ids[:1]}
	w.keys.rotate(t)
	w.side.put("/jwks", w.keys.document(t))
	good("OpenID Connect Core §10.1.1 a key that is new")
	if got := w.machine(old.assertion(t, w.i, "app", "", nil)); got.Status != 401 {
		t.Errorf("OpenID Connect Core §10.1.1 a key that was taken away: %d", got.Status)
	}
	before := w.side.count()
	for range 50 {
		if got := w.machine(newKeyring(t, "ES256").assertion(t, w.i, "app", "", nil)); got.Status != 401 {
			t.Fatal(got.Raw)
		}
	}
	if n := w.side.count() - before; n > 1 {
		t.Errorf("OpenID Connect Core §10.1.1 fifty strangers made us fetch %d times", n)
	}
	good("in between")
	w.i.Clock.Add(time.Hour)
	w.side.Close()
	good("the address is away, the keys that are known go on")
}
