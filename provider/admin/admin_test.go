package admin

import (
	"context"
	"crypto/rand"
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
	"latchkey/provider/client"
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

// vault seals by writing what it is for beside it.
type vault struct{}

func (vault) Seal(purpose, context string, plain []byte) ([]byte, error) {
	return []byte(purpose + "|" + context + "|" + string(plain)), nil
}

func (vault) Open(purpose, context string, sealed []byte) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), purpose+"|"+context+"|")
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return []byte(plain), nil
}

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
		Users: f.people, KeepAccount: f.people.keep, Factors: f.people, Clients: f.store, Registrations: f.store, Notices: f.store, Keys: keys, Vault: vault{}, Served: func() client.Served { return client.Served{Algs: []string{"RS256", "ES256", "EdDSA"}} }, Now: now, Logger: slog.New(slog.NewTextHandler(&f.log, nil)),
		SignUp: func(ctx context.Context, in account.SignUp) (account.SignedIn, error) {
			a, err := f.store.CreateAccount(ctx, storage.Account{
				Sub: rand.Text(), Username: in.Username, UsernameKey: account.UsernameKey(in.Username), Email: in.Email, EmailKey: in.Email,
			}, storage.Effects{}, now())
			if errors.Is(err, storage.ErrUsernameTaken) {
				err = &account.Refusal{Kind: account.UsernameTaken}
			}
			return account.SignedIn{Account: a}, err
		},
		SetClaims: f.people.setClaims, Groups: files{}, SetMember: f.people.setMember,
		Declaration: func(context.Context) (Declaration, error) {
			return Declaration{Source: "server", Clients: []Client{{Metadata: client.Metadata{"client_id": "b"}}, {Metadata: client.Metadata{"client_id": "a"}}}}, nil
		},
		SecretUsed: func(_, secret string) time.Time { return map[string]time.Time{"used": now()}[secret] },
		Declared:   func() []storage.Client { return []storage.Client{{ID: "fixed", AuthMethod: "none"}} },
		Audit:      audit.SinkFunc(func(_ context.Context, e audit.Event) { f.events = append(f.events, string(e.Name)+" "+e.Detail) }),
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
