package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"latchkey/provider/fetch"
	"latchkey/provider/oauth"
	"latchkey/storage"
	"latchkey/storage/memory"
)

const (
	issuer   = "https://id.example.test"
	endpoint = issuer + "/token"
	secret   = "lks_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// web is a fetcher of addresses that the test answers for.
type web struct {
	get func(ctx context.Context, uri string) (fetch.Answer, error)
	mu  sync.Mutex
	n   int
}

func (w *web) Get(ctx context.Context, uri, _ string) (fetch.Answer, error) {
	w.mu.Lock()
	w.n++
	w.mu.Unlock()
	return w.get(ctx, uri)
}

func (w *web) fetches() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

// openVault seals by writing down what was sealed, for what and where.
type openVault struct{}

func (openVault) Seal(purpose, where string, plain []byte) ([]byte, error) {
	return json.Marshal([]string{purpose, where, string(plain)})
}

func (openVault) Open(purpose, where string, sealed []byte) ([]byte, error) {
	var parts []string
	if json.Unmarshal(sealed, &parts) != nil || len(parts) != 3 || parts[0] != purpose || parts[1] != where {
		return nil, errors.New("cannot be opened")
	}
	return []byte(parts[2]), nil
}

// rig authenticates three clients: one for each method of assertions, and one with a plain secret.
type rig struct {
	t       testing.TB
	store   *memory.Store
	clients map[string]storage.Client
	*Authenticator
	failed []string
	used   []string
}

func (r *rig) Client(_ context.Context, id string) (storage.Client, error) {
	if c, ok := r.clients[id]; ok {
		return c, nil
	}
	return storage.Client{}, ErrUnknown
}

func (r *rig) Used(_ context.Context, c storage.Client) { r.used = append(r.used, c.ID) }

func sealedSecret(t testing.TB, client, id, value string, created time.Time) storage.ClientSecret {
	t.Helper()
	sealed, err := SealSecret(openVault{}, client, HashSecret(value), value)
	if err != nil {
		t.Fatal(err)
	}
	return storage.ClientSecret{ID: id, Hash: HashSecret(value), Sealed: sealed, CreatedAt: created}
}

func newRig(t testing.TB) *rig {
	r := &rig{t: t, store: memory.New(), clients: map[string]storage.Client{
		"basic": {ID: "basic", AuthMethod: BasicMethod, Secrets: []storage.ClientSecret{{Hash: HashSecret("plain")}}},
		"mac":   {ID: "mac", AuthMethod: SecretJWTMethod, Secrets: []storage.ClientSecret{sealedSecret(t, "mac", "1", secret, now)}},
		"key":   {ID: "key", AuthMethod: KeyJWTMethod},
	}}
	var all []map[string]any
	for _, pair := range []string{"RSA", "P-256", "P-384", "P-521", "Ed25519"} {
		all = append(all, publicJWK(t, pair, pair, nil))
	}
	r.change("key", func(c *storage.Client) { c.JWKS = setOf(t, all...) })
	r.Authenticator = NewAuthenticator(r, Deps{Keys: NewKeys(nil, func() time.Time { return now }), Vault: openVault{}, Replays: r.store,
		Audiences: []string{issuer, endpoint}, Now: func() time.Time { return now }})
	r.OnFailure(func(_ context.Context, c storage.Client) { r.failed = append(r.failed, c.ID) })
	return r
}

func (r *rig) change(id string, f func(*storage.Client)) {
	c := r.clients[id]
	f(&c)
	r.clients[id] = c
}

// claims are those of a good assertion of a client, changed; nil takes one away.
func claims(id string, change map[string]any) map[string]any {
	m := map[string]any{"iss": id, "sub": id, "aud": issuer, "jti": rand.Text(), "exp": now.Add(time.Minute).Unix(), "iat": now.Unix()}
	maps.Copy(m, change)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return m
}

// asserted is a form with an assertion, and whatever else.
func asserted(assertion string, more ...string) url.Values {
	v := url.Values{"client_assertion_type": {AssertionType}, "client_assertion": {assertion}}
	for n := 0; n+1 < len(more); n += 2 {
		v.Set(more[n], more[n+1])
		if more[n+1] == "" {
			v.Del(more[n])
		}
	}
	return v
}

// try authenticates; basic is the Authorization header, "" for none.
func (r *rig) try(form url.Values, basic string) (storage.Client, error) {
	r.t.Helper()
	f, err := oauth.NewForm(form)
	if err != nil {
		r.t.Fatal(err)
	}
	q := httptest.NewRequest(http.MethodPost, "/token", nil)
	if basic != "" {
		q.Header.Set("Authorization", basic)
	}
	return r.Authenticate(r.t.Context(), q, f)
}

// refused wants an error of that code.
func (r *rig) refused(err error, code oauth.Code) {
	r.t.Helper()
	if e, ok := oauth.AsError(err); !ok || e.Code != code {
		r.t.Errorf("got %v, want %s", err, code)
	}
}
