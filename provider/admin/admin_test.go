package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/storage"
	"latchkey/storage/memory"
)

// people keeps accounts in a store, without rules: the rules are not this package's.
type people struct {
	storage.Accounts
	passwords map[int64]string
}

func (p people) FindAccount(ctx context.Context, key storage.AccountKey) (storage.Account, error) {
	a, err := p.Account(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		return a, &account.Refusal{Kind: account.Gone}
	}
	return a, err
}

func (p people) SetDisabled(ctx context.Context, id int64, disabled bool, _ account.Caller) (storage.Account, error) {
	a, err := p.FindAccount(ctx, storage.AccountKey{ID: id})
	if err != nil {
		return a, err
	}
	a.Disabled = disabled
	return p.ReplaceAccount(ctx, a, storage.Effects{}, a.UpdatedAt)
}

func (p people) SetPassword(_ context.Context, id int64, password string, _ account.Caller) error {
	if len(password) < 8 {
		return &account.Refusal{Kind: account.Invalid, Fields: map[string]account.Problem{"password": account.TooShort}}
	}
	p.passwords[id] = password
	return nil
}

func (p people) Delete(ctx context.Context, id int64, _ account.Caller) error {
	return p.DeleteAccount(ctx, id, storage.Effects{}, time.Time{})
}

func (p people) setClaims(ctx context.Context, id int64, change account.Profile, vouched account.Vouched, _ account.Caller) (storage.Account, error) {
	a, err := p.FindAccount(ctx, storage.AccountKey{ID: id})
	if err != nil {
		return a, err
	}
	if err := account.CheckClaims(&a, change, vouched); err != nil {
		return a, err
	}
	return p.ReplaceAccount(ctx, a, storage.Effects{}, a.UpdatedAt)
}

type ring struct{ fault error }

func (k ring) List(context.Context) ([]Key, error) { return []Key{{KID: "k1", Alg: "ES256"}}, k.fault }
func (k ring) Rotate(_ context.Context, alg string) (time.Time, error) {
	return time.Unix(int64(len(alg)), 0), k.fault
}
func (k ring) Revoke(_ context.Context, kid string) (Revoked, error) {
	if kid != "k1" {
		return Revoked{}, storage.ErrNotFound
	}
	return Revoked{KID: kid, Alg: "ES256", Was: "active"}, k.fault
}
func (k ring) Reseal(context.Context) (int, error) { return 7, k.fault }

type fixture struct {
	handler http.Handler
	store   *memory.Store
	people  people
	events  []string
	log     strings.Builder
}

func newFixture(t *testing.T, keys Keys) *fixture {
	t.Helper()
	f := &fixture{store: memory.New()}
	t.Cleanup(func() { _ = f.store.Close() })
	f.people = people{f.store, map[int64]string{}}
	now := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	f.handler = Handler(Config{
		Users: f.people, Clients: f.store, Keys: keys, Algs: func() []string { return []string{"RS256", "ES256", "EdDSA"} }, Now: now, Random: rand.Reader, Logger: slog.New(slog.NewTextHandler(&f.log, nil)),
		SignUp: func(ctx context.Context, in account.SignUp) (account.SignedIn, error) {
			a, err := f.store.CreateAccount(ctx, storage.Account{
				Sub: rand.Text(), Username: in.Username, UsernameKey: account.UsernameKey(in.Username), Email: in.Email, EmailKey: in.Email,
			}, storage.Effects{}, now())
			if errors.Is(err, storage.ErrUsernameTaken) {
				err = &account.Refusal{Kind: account.UsernameTaken}
			}
			return account.SignedIn{Account: a}, err
		},
		SetClaims: f.people.setClaims,
		Declared:  func() []storage.Client { return []storage.Client{{ID: "fixed", AuthMethod: "none"}} },
		Audit:     audit.SinkFunc(func(_ context.Context, e audit.Event) { f.events = append(f.events, string(e.Name)+" "+e.Detail) }),
	})
	return f
}

// call returns the status and the body.
func (f *fixture) call(method, path, body string) (int, string) {
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, httptest.NewRequest(method, "/v1/"+path, strings.NewReader(body)))
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestUsers(t *testing.T) {
	f := newFixture(t, ring{})
	for _, row := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"create", "POST", "users", `{"username":"Alice","email":"a@example.com","password":"long enough"}`, 200, `"id":1`},
		{"create twice", "POST", "users", `{"username":"alice","password":"long enough"}`, 409, `"error":"exists"`},
		{"unknown field", "POST", "users", `{"username":"x","admin":true}`, 400, `"error":"invalid"`},
		{"two values", "POST", "users", `{} {}`, 400, `"error":"invalid"`},
		{"by number", "GET", "users/1", "", 200, `"username":"Alice"`},
		{"by name, in any case", "GET", "users/aLICE", "", 200, `"id":1`},
		{"by address", "GET", "users/a@example.com", "", 200, `"id":1`},
		{"unknown", "GET", "users/2", "", 404, `"error":"not_found"`},
		{"unknown name", "GET", "users/bob", "", 404, `"error":"not_found"`},
		{"list", "GET", "users", "", 200, `"username":"Alice"`},
		{"list after", "GET", "users?after=1", "", 200, `[]`},
		{"list after nonsense", "GET", "users?after=x", "", 400, `"error":"invalid"`},
		{"disable", "POST", "users/1/disable", "", 200, `"disabled":true`},
		{"enable", "POST", "users/1/enable", "", 200, `"disabled":false`},
		{"weak password", "PUT", "users/1/password", `{"password":"x"}`, 400, `"password":"too_short"`},
		{"password", "PUT", "users/1/password", `{"password":"long enough"}`, 200, `"done":true`},
		{"OpenID Connect Core §5.1 claims", "PATCH", "users/1", `{"claims":{"name":"Alice L","phone_number":"+44 20 7946 0958","phone_number_verified":true,"address":{"country":"UK"}}}`, 200,
			`"claims":{"address":{"country":"UK"},"name":"Alice L","phone_number":"+442079460958","phone_number_verified":true}`},
		{"a claim taken away", "PATCH", "users/1", `{"claims":{"address":null}}`, 200, `"claims":{"name":"Alice L","phone_number":`},
		{"OpenID Connect Core §5.1 malformed claim", "PATCH", "users/1", `{"claims":{"zoneinfo":"Mars"}}`, 400, `"zoneinfo":"malformed"`},
		{"OpenID Connect Core §5.1.1 malformed address", "PATCH", "users/1", `{"claims":{"address":{"planet":"Earth"}}}`, 400, `"address":"is neither null nor an object`},
		{"no such claim", "PATCH", "users/1", `{"claims":{"sub":"x"}}`, 400, `"sub":"is no claim`},
		{"a number for a text", "PATCH", "users/1", `{"claims":{"nickname":1}}`, 400, `"nickname":"is neither a text`},
		{"verified is yes or no", "PATCH", "users/1", `{"claims":{"email_verified":null}}`, 400, `"email_verified":"is neither true nor false"`},
		{"nothing beside claims", "PATCH", "users/1", `{"disabled":true}`, 400, `"error":"invalid"`},
		{"claims of nobody", "PATCH", "users/bob", `{"claims":{}}`, 404, `"error":"not_found"`},
		{"nobody is made with a wrong claim", "POST", "users", `{"username":"carol","password":"long enough","claims":{"phone_number_verified":true}}`, 400, `"phone_number_verified":"missing"`},
		{"nobody was", "GET", "users/carol", "", 404, `"error":"not_found"`},
		{"made with claims", "POST", "users", `{"username":"dora","password":"long enough","claims":{"nickname":"Do"}}`, 200, `"nickname":"Do"`},
		{"delete", "DELETE", "users/1", "", 200, `"done":true`},
		{"deleted", "GET", "users/1", "", 404, `"error":"not_found"`},
		{"no such route", "GET", "nothing", "", 404, `"error":"not_found"`},
	} {
		status, body := f.call(row.method, row.path, row.body)
		if status != row.status || !strings.Contains(body, row.want) {
			t.Errorf("%s: %d %s", row.name, status, body)
		}
	}
	if f.people.passwords[1] != "long enough" {
		t.Error("the password did not arrive")
	}
}

func TestClientSecrets(t *testing.T) {
	f := newFixture(t, ring{})
	create := func(body string) Client {
		t.Helper()
		status, text := f.call("POST", "clients", body)
		var c Client
		if err := json.Unmarshal([]byte(text), &c); err != nil || status != 200 {
			t.Fatalf("%d %s %v", status, text, err)
		}
		return c
	}
	rotate := func(body string) Client {
		t.Helper()
		status, text := f.call("POST", "clients/shop/secret", body)
		var c Client
		if err := json.Unmarshal([]byte(text), &c); err != nil || status != 200 {
			t.Fatalf("%d %s %v", status, text, err)
		}
		return c
	}
	live := func() []string {
		c, err := f.store.Client(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		var hashes []string
		for _, s := range c.Secrets {
			hashes = append(hashes, s.Hash)
		}
		return hashes
	}
	hash := func(secret string) string {
		sum := sha256.Sum256([]byte(secret))
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	first := create(`{"client_id":"shop","redirect_uris":["https://shop.example/cb"]}`)
	if !strings.HasPrefix(first.Secret, "lks_") || len(first.Secret) != 4+43 || len(live()) != 1 || live()[0] != hash(first.Secret) {
		t.Fatalf("%+v %v", first, live())
	}
	second, third := rotate(""), rotate("{}")
	if got, want := fmt.Sprint(live()), fmt.Sprint([]string{hash(second.Secret), hash(third.Secret)}); got != want || first.Secret == second.Secret {
		t.Errorf("live %v, want %v", got, want)
	}
	fourth := rotate(`{"drop_former":true}`)
	if got := live(); len(got) != 1 || got[0] != hash(fourth.Secret) {
		t.Errorf("%v", got)
	}
	for _, path := range []string{"clients", "clients/shop"} {
		if _, text := f.call("GET", path, ""); strings.Contains(text, "lks_") || strings.Contains(text, "sha256") {
			t.Errorf("a secret is shown again: %s", text)
		}
	}
	public := create(`{"client_id":"spa","token_endpoint_auth_method":"none","redirect_uris":["https://spa.example/cb"]}`)
	if public.Secret != "" || public.Secrets != nil {
		t.Errorf("%+v", public)
	}
	if got := strings.Join(f.events, ", "); got != "client.changed created, client.changed secret_rotated, client.changed secret_rotated, client.changed secret_rotated, client.changed created" {
		t.Error(got)
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
		{"bad redirect URI", "POST", "clients", `{"client_id":"b","redirect_uris":["http://b.example/cb"]}`, 400, `"redirect_uris":`},
		{"bad grant", "POST", "clients", `{"client_id":"b","grant_types":["password"]}`, 400, `"grant_types":`},
		{"own secret", "POST", "clients", `{"client_id":"b","client_secret":"mine"}`, 400, `secrets and times`},
		{"machine", "POST", "clients", `{"client_id":"m","grant_types":["client_credentials"]}`, 200, `"client_secret":"lks_`},
		{"RFC 8628 §3.1 device", "POST", "clients", `{"client_id":"tv","token_endpoint_auth_method":"none","grant_types":["urn:ietf:params:oauth:grant-type:device_code","refresh_token"]}`, 200, `"client_id":"tv"`},
		{"list", "GET", "clients", "", 200, `"client_id":"fixed"`},
		{"change one of the configuration's", "DELETE", "clients/fixed", "", 400, `stands in the configuration`},
		{"rotate one of the configuration's", "POST", "clients/fixed/secret", "", 400, `stands in the configuration`},
		{"delete", "DELETE", "clients/a", "", 200, `"done":true`},
		{"deleted", "GET", "clients/a", "", 404, `"error":"not_found"`},
	} {
		status, body := f.call(row.method, row.path, row.body)
		if status != row.status || !strings.Contains(body, row.want) {
			t.Errorf("%s: %d %s", row.name, status, body)
		}
	}
}

func TestKeys(t *testing.T) {
	f := newFixture(t, ring{})
	for _, row := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"list", "GET", "keys", "", 200, `"kid":"k1"`},
		{"rotate", "POST", "keys/rotate", `{"alg":"ES256"}`, 200, `"activates_at":"1970-01-01T00:00:05Z"`},
		{"rotate nonsense", "POST", "keys/rotate", `{"alg":"HS256"}`, 400, `"error":"invalid"`},
		{"revoke", "POST", "keys/k1/revoke", "", 200, `"was":"active"`},
		{"revoke nonsense", "POST", "keys/k2/revoke", "", 404, `"error":"not_found"`},
		{"reseal", "POST", "keys/reseal", "", 200, `"resealed":7`},
	} {
		status, body := f.call(row.method, row.path, row.body)
		if status != row.status || !strings.Contains(body, row.want) {
			t.Errorf("%s: %d %s", row.name, status, body)
		}
	}
	if got := strings.Join(f.events, ", "); got != "key.rotated ES256, key.revoked ES256" {
		t.Error(got)
	}
}

func TestFaultsTellNothingOfOurInsides(t *testing.T) {
	for _, row := range []struct {
		fault  error
		status int
	}{{errors.New("SECRET insides"), 500}, {fmt.Errorf("SECRET: %w", storage.ErrUnavailable), 503}, {fmt.Errorf("SECRET: %w", storage.ErrConflict), 409}} {
		f := newFixture(t, ring{row.fault})
		status, body := f.call("POST", "keys/reseal", "")
		if status != row.status || strings.Contains(body, "SECRET") {
			t.Errorf("%d %s", status, body)
		}
		if row.status == 500 && !strings.Contains(f.log.String(), "SECRET insides") {
			t.Error("the log does not say why")
		}
	}
}

func TestCheckClient(t *testing.T) {
	good := func() storage.Client {
		return storage.Client{ID: "a", ApplicationType: "web", AuthMethod: "client_secret_basic", GrantTypes: []string{"authorization_code"},
			Secrets: []storage.ClientSecret{{}}, RedirectURIs: []string{"https://a.example/cb"}, Scopes: []string{"openid"}}
	}
	if faults := CheckClient(good()); faults != nil {
		t.Fatal(faults)
	}
	for _, row := range []struct {
		name, field string
		change      func(*storage.Client)
	}{
		{"no ID", "client_id", func(c *storage.Client) { c.ID = "" }},
		{"ID with space", "client_id", func(c *storage.Client) { c.ID = "a b" }},
		{"long ID", "client_id", func(c *storage.Client) { c.ID = strings.Repeat("a", 129) }},
		{"ID of the account API", "client_id", func(c *storage.Client) { c.ID = "latchkey-account" }},
		{"type", "application_type", func(c *storage.Client) { c.ApplicationType = "cli" }},
		{"method", "token_endpoint_auth_method", func(c *storage.Client) { c.AuthMethod = "private_key_jwt" }},
		{"no grant", "grant_types", func(c *storage.Client) { c.GrantTypes = nil }},
		{"RFC 6749 §4.4 public", "grant_types", func(c *storage.Client) {
			c.AuthMethod, c.Secrets, c.GrantTypes = "none", nil, []string{"client_credentials"}
		}},
		{"refresh alone", "grant_types", func(c *storage.Client) { c.GrantTypes = []string{"refresh_token"} }},
		{"no secret", "secrets", func(c *storage.Client) { c.Secrets = nil }},
		{"public with secret", "secrets", func(c *storage.Client) { c.AuthMethod = "none" }},
		{"three secrets", "secrets", func(c *storage.Client) { c.Secrets = make([]storage.ClientSecret, 3) }},
		{"RFC 9700 §2.1.1 public without PKCE", "pkce_exempt", func(c *storage.Client) { c.AuthMethod, c.Secrets, c.PKCEExempt = "none", nil, true }},
		{"no redirect URI", "redirect_uris", func(c *storage.Client) { c.RedirectURIs = nil }},
		{"private scheme of a web client", "redirect_uris", func(c *storage.Client) { c.RedirectURIs = []string{"com.example.a:/cb"} }},
		{"post-logout", "post_logout_redirect_uris", func(c *storage.Client) { c.PostLogoutRedirectURIs = []string{"javascript:alert(1)"} }},
		{"link", "client_uri", func(c *storage.Client) { c.URI = "javascript:alert(1)" }},
		{"RFC 6749 §3.3 scope", "scope", func(c *storage.Client) { c.Scopes = []string{`a"b`} }},
		{"RFC 8707 §2 fragment", "audiences", func(c *storage.Client) { c.Audiences = []string{"https://a.example/#x"} }},
		{"RFC 8707 §2 relative", "audiences", func(c *storage.Client) { c.DefaultAudience = "api" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := good()
			row.change(&c)
			faults := CheckClient(c)
			if len(faults) != 1 || faults[0].Field != row.field {
				t.Errorf("%v", faults)
			}
		})
	}
}
