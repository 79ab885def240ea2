package admin

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider/client"
	"latchkey/provider/token"
	"latchkey/storage"
)

// client makes a call that must answer with a client.
func (f *fixture) client(t *testing.T, method, path, body string) Client {
	t.Helper()
	status, text := f.call(method, path, body)
	var c Client
	if err := json.Unmarshal([]byte(text), &c); err != nil || status != 200 {
		t.Fatalf("%s %s: %d %s %v", method, path, status, text, err)
	}
	return c
}

func (f *fixture) stored(t *testing.T, id string) storage.Client {
	t.Helper()
	c, err := f.store.Client(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientSecrets(t *testing.T) {
	f := newFixture(t, ring{})
	live := func() (hashes []string) {
		for _, s := range f.stored(t, "shop").Secrets {
			hashes = append(hashes, s.Hash)
		}
		return hashes
	}
	first := f.client(t, "POST", "clients", `{"client_id":"shop","redirect_uris":["https://shop.example/cb"]}`)
	if !strings.HasPrefix(first.Secret, "lks_") || len(first.Secret) != 4+64 || len(live()) != 1 || live()[0] != client.HashSecret(first.Secret) {
		t.Fatalf("%+v %v", first, live())
	}
	second, third := f.client(t, "POST", "clients/shop/secret", ""), f.client(t, "POST", "clients/shop/secret", "{}")
	if got, want := fmt.Sprint(live()), fmt.Sprint([]string{client.HashSecret(second.Secret), client.HashSecret(third.Secret)}); got != want || first.Secret == second.Secret {
		t.Errorf("live %v, want %v", got, want)
	}
	fourth := f.client(t, "POST", "clients/shop/secret", `{"drop_former":true}`)
	if got := live(); len(got) != 1 || got[0] != client.HashSecret(fourth.Secret) {
		t.Errorf("%v", got)
	}
	for _, path := range []string{"clients", "clients/shop"} {
		if _, text := f.call("GET", path, ""); strings.Contains(text, "lks_") || strings.Contains(text, "sha256") {
			t.Errorf("a secret is shown again: %s", text)
		}
	}
	public := f.client(t, "POST", "clients", `{"client_id":"spa","token_endpoint_auth_method":"none","redirect_uris":["https://spa.example/cb"]}`)
	if public.Secret != "" || public.Secrets != nil {
		t.Errorf("%+v", public)
	}
	if got := strings.Join(f.events, ", "); got != "client.changed created, client.changed secret_rotated, client.changed secret_rotated, client.changed secret_rotated, client.changed created" {
		t.Error(got)
	}
}

// A client whose algorithms need its secret has it sealed, also when it is rotated, or came to need it later.
func TestSecretsAreSealedWhereNeeded(t *testing.T) {
	f := newFixture(t, ring{})
	opens := func(told Client) {
		t.Helper()
		plain, err := client.HMACSecrets(vault{}, f.stored(t, "m"), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil || len(plain) == 0 || !strings.Contains(fmt.Sprintf("%s", plain), told.Secret) {
			t.Errorf("OpenID Connect Core §10.1: %s, %v", plain, err)
		}
	}
	opens(f.client(t, "POST", "clients", `{"client_id":"m","token_endpoint_auth_method":"client_secret_jwt","grant_types":["client_credentials"]}`))
	opens(f.client(t, "POST", "clients/m/secret", ""))
	if c := f.client(t, "PATCH", "clients/m", `{"token_endpoint_auth_method":"client_secret_basic"}`); c.Secret != "" || len(f.stored(t, "m").Secrets) != 2 {
		t.Errorf("%+v", c)
	}
	f.client(t, "POST", "clients/m/secret", `{"drop_former":true}`)
	opens(f.client(t, "PATCH", "clients/m", `{"token_endpoint_auth_method":"client_secret_jwt"}`))
	if c := f.client(t, "PATCH", "clients/m", `{"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://m.example/jwks"}`); f.stored(t, "m").Secrets != nil || c.Secrets != nil {
		t.Error("a secret that nothing rests on is still live")
	}
}

func TestClients(t *testing.T) {
	f := newFixture(t, ring{})
	for _, row := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"create", "POST", "clients", `{"client_id":"a","redirect_uris":["https://a.example/cb"]}`, 200, `"response_types":["code"]`},
		{"create twice", "POST", "clients", `{"client_id":"a","redirect_uris":["https://a.example/cb"]}`, 409, `"error":"exists"`},
		{"one of the configuration's", "POST", "clients", `{"client_id":"fixed","redirect_uris":["https://a.example/cb"]}`, 409, `"error":"exists"`},
		{"no ID", "POST", "clients", `{"redirect_uris":["https://a.example/cb"]}`, 400, `"client_id":"is missing"`},
		{"the account API's", "POST", "clients", `{"client_id":"` + token.AccountClientID + `","redirect_uris":["https://a.example/cb"]}`, 400, `"client_id":`},
		{"bad redirect URI", "POST", "clients", `{"client_id":"b","redirect_uris":["http://b.example/cb"]}`, 400, `"redirect_uris":"has \"http://b.example/cb\", which uses http`},
		{"bad grant", "POST", "clients", `{"client_id":"b","grant_types":["password"]}`, 400, `"grant_types":`},
		{"algorithm without keys", "POST", "clients", `{"client_id":"b","redirect_uris":["https://a.example/cb"],"id_token_signed_response_alg":"PS256"}`, 400, `"id_token_signed_response_alg":`},
		{"own secret", "POST", "clients", `{"client_id":"b","client_secret":"mine"}`, 400, `"client_secret":"is made by the server`},
		{"slip of the pen", "POST", "clients", `{"client_id":"b","redirect_uri":"x"}`, 400, `"redirect_uri":"is not known"`},
		{"not served", "POST", "clients", `{"client_id":"b","redirect_uris":["https://a.example/"],"dpop_bound_access_tokens":true}`, 400, `"dpop_bound_access_tokens":`},
		{"no object", "POST", "clients", `[]`, 400, `"error":"invalid"`},
		{"a name twice", "POST", "clients", `{"client_id":"b","client_id":"c"}`, 400, `"error":"invalid"`},
		{"machine", "POST", "clients", `{"client_id":"m","grant_types":["client_credentials"]}`, 200, `"client_secret":"lks_`},
		{"RFC 8628 §3.1 device", "POST", "clients", `{"client_id":"tv","token_endpoint_auth_method":"none","grant_types":["urn:ietf:params:oauth:grant-type:device_code","refresh_token"]}`, 200, `"scope":"openid`},
		{"what no stranger gets", "POST", "clients", `{"client_id":"own","redirect_uris":["https://a.example/cb"],"skip_consent":true,"account_claims":true,"scope":"openid account","access_token_ttl":60}`, 200, `"skip_consent":true`},
		{"list", "GET", "clients", "", 200, `"client_id":"fixed"`},
		{"update", "PATCH", "clients/a", `{"client_name":"A","client_id":"a","default_max_age":0}`, 200, `"default_max_age":0`},
		{"RFC 7396 §2 back to the default", "PATCH", "clients/a", `{"default_max_age":null}`, 200, `"client_name":"A"`},
		{"update to what is wrong", "PATCH", "clients/a", `{"redirect_uris":[]}`, 400, `"redirect_uris":`},
		{"another ID", "PATCH", "clients/a", `{"client_id":"z"}`, 400, `"client_id":`},
		{"update nobody", "PATCH", "clients/z", `{}`, 404, `there is no client`},
		{"change one of the configuration's", "DELETE", "clients/fixed", "", 400, `stands in the configuration`},
		{"update one of the configuration's", "PATCH", "clients/fixed", `{}`, 400, `stands in the configuration`},
		{"rotate one of the configuration's", "POST", "clients/fixed/secret", "", 400, `stands in the configuration`},
		{"delete", "DELETE", "clients/a", "", 200, `"done":true`},
		{"deleted", "GET", "clients/a", "", 404, `"error":"not_found"`},
	} {
		status, body := f.call(row.method, row.path, row.body)
		if status != row.status || !strings.Contains(body, row.want) {
			t.Errorf("%s: %d %s", row.name, status, body)
		}
	}
	if !strings.Contains(strings.Join(f.events, ","), "client.changed updated") {
		t.Error(f.events)
	}
}

// Everything that the table has can be given by an operator, is kept, and is shown.
func TestClientHasEveryMember(t *testing.T) {
	f := newFixture(t, ring{})
	raw, err := os.ReadFile("../client/testdata/operator.json")
	if err != nil {
		t.Fatal(err)
	}
	f.client(t, "POST", "clients", strings.Replace(string(raw), "{", `{"client_id":"all",`, 1))
	var want, got map[string]any
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	shown := f.client(t, "GET", "clients/all", "")
	text, err := json.Marshal(shown)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil || len(shown.Secrets) != 1 {
		t.Errorf("%v %s", err, text)
	}
	pair := strings.NewReplacer(`"account_claims": true`, `"account_claims": false`, `"public"`, `"pairwise"`).Replace(string(raw))
	f.client(t, "POST", "clients", strings.Replace(pair, "{", `{"client_id":"pair",`, 1))
	if shown := f.client(t, "GET", "clients/pair", ""); shown.Sector != "shop.example" {
		t.Errorf("%+v", shown)
	}
	for name, v := range want {
		if diff := cmp.Diff(v, got[name]); diff != "" || shown.Text(name) == "" {
			t.Errorf("%s, shown as %q: %s", name, shown.Text(name), diff)
		}
	}
}

// A client that registered itself stays one, whatever an operator does to it.
func TestRegistrantsAreNeverTrusted(t *testing.T) {
	f := newFixture(t, ring{})
	c := storage.Client{ID: "dcr-x", Registered: true, AuthMethod: "none", ApplicationType: "web", GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"},
		RedirectURIs: []string{"https://a.example/"}, RegisteredWith: "t", ExpiresAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	if _, err := f.store.CreateClient(t.Context(), c, time.Time{}); err != nil {
		t.Fatal(err)
	}
	for member, body := range map[string]string{"skip_consent": `{"skip_consent":true}`, "account_claims": `{"account_claims":true}`, "scope": `{"scope":"openid account"}`} {
		if status, text := f.call("PATCH", "clients/dcr-x", body); status != 400 || !strings.Contains(text, member) {
			t.Errorf("%s: %d %s", member, status, text)
		}
	}
	shown := f.client(t, "PATCH", "clients/dcr-x", `{"audiences":["https://api.example"]}`)
	if !shown.Registered || shown.RegisteredWith != "t" || shown.ExpiresAt.IsZero() || shown.Text("audiences") != "https://api.example" {
		t.Errorf("%+v", shown)
	}
}

func TestRegistrationTokens(t *testing.T) {
	f := newFixture(t, ring{})
	status, text := f.call("POST", "registration-tokens", `{"name":"team","max_uses":3,"expires_in":86400,"pkce_exempt":true}`)
	var made Token
	if err := json.Unmarshal([]byte(text), &made); err != nil || status != 200 || !strings.HasPrefix(made.Token, "lki_") || made.MaxUses != 3 || !made.PKCEExempt {
		t.Fatalf("%d %s", status, text)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	kept, err := f.store.RegistrationToken(t.Context(), client.HashRegistrationToken(client.InitialPrefix, made.Token), now)
	if err != nil || kept.ID != made.ID || !kept.ExpiresAt.Equal(now.Add(24*time.Hour)) || strings.Contains(kept.Hash, made.Token) {
		t.Errorf("%+v %v", kept, err)
	}
	for _, row := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"without bounds", "POST", "registration-tokens", `{"name":"for ever"}`, 200, `"uses":0`},
		{"no name", "POST", "registration-tokens", `{}`, 400, `"name":`},
		{"negative", "POST", "registration-tokens", `{"name":"x","max_uses":-1}`, 400, `"max_uses":`},
		{"negative time", "POST", "registration-tokens", `{"name":"x","expires_in":-1}`, 400, `"expires_in":`},
		{"out of time", "POST", "registration-tokens", `{"name":"x","expires_in":9000000000000000000}`, 400, `"expires_in":`},
		{"unknown field", "POST", "registration-tokens", `{"name":"x","token":"lki_mine"}`, 400, `"error":"invalid"`},
		{"list", "GET", "registration-tokens", "", 200, `"name":"team"`},
		{"delete", "DELETE", "registration-tokens/" + made.ID, "", 200, `"done":true`},
		{"delete again", "DELETE", "registration-tokens/" + made.ID, "", 404, `there is no registration token`},
	} {
		status, body := f.call(row.method, row.path, row.body)
		if status != row.status || !strings.Contains(body, row.want) || row.method == "GET" && strings.Contains(body, "lki_") {
			t.Errorf("%s: %d %s", row.name, status, body)
		}
	}
	if got := strings.Join(f.events, ", "); got != "registration_token.changed created, registration_token.changed created, registration_token.changed deleted" {
		t.Error(got)
	}
}

// TestClientsAPage: whoever reads page after page meets every client once.
func TestClientsAPage(t *testing.T) {
	f := newFixture(t, ring{})
	for _, id := range []string{"b", "a", "z"} {
		f.client(t, "POST", "clients", `{"client_id":"`+id+`","redirect_uris":["https://shop.example/cb"]}`)
	}
	var got []string
	for _, after := range []string{"", "a", "b", "z"} {
		status, body := f.call("GET", "clients?limit=1&after="+after, "")
		var page []Client
		if err := json.Unmarshal([]byte(body), &page); err != nil || status != 200 {
			t.Fatalf("%d %s %v", status, body, err)
		}
		for _, c := range page {
			got = append(got, c.Text("client_id"))
		}
	}
	if d := cmp.Diff([]string{"a", "fixed", "b", "z"}, got); d != "" {
		t.Error(d)
	}
}
