package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"latchkey/keys"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
	"latchkey/storage/memory"
)

const rigIssuer = "https://id.example.test"

var rigNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// rigKeys are made once: RSA keys are dear.
var rigKeys = sync.OnceValues(func() (*keys.Rings, error) {
	sealer, err := keys.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		return nil, err
	}
	return keys.Open(context.Background(), keys.Config{Algs: []string{"RS256", "ES256", "ES384"}, RotateEvery: 90 * 24 * time.Hour, JWKSMaxAge: time.Hour,
		LongestToken: time.Hour, Now: func() time.Time { return rigNow }}, memory.New(), sealer)
})

const rigSecret = "a secret of the client of 32 bytes or more"

// tokenRig is what the endpoints that take tokens stand on: alice, her session, and clients.
type tokenRig struct {
	*testing.T
	keys    *keys.Rings
	store   *memory.Store
	issuer  *token.Issuer
	live    token.Live
	clients map[string]storage.Client
	alice   storage.Account
	now     time.Time
}

func newTokenRig(t *testing.T, clients ...storage.Client) *tokenRig {
	t.Helper()
	r := &tokenRig{T: t, store: memory.New(), clients: map[string]storage.Client{}, now: rigNow}
	var err error
	r.keys, err = rigKeys()
	r.must(err)
	for _, c := range clients {
		r.clients[c.ID] = c
	}
	now := func() time.Time { return r.now }
	r.issuer = token.NewIssuer(token.Config{Issuer: rigIssuer, AccessAlg: "ES256", AccessTTL: 5 * time.Minute, IDTTL: time.Hour, RefreshTTL: time.Hour, CodeTTL: time.Minute,
		ClientOf: r.client, HMACSecrets: func(storage.Client) ([][]byte, error) { return [][]byte{[]byte(rigSecret)}, nil }, Now: now}, r.keys)
	r.live = token.Live{Store: r.store, Client: r.client, Now: now}
	r.alice, err = r.store.CreateAccount(t.Context(), storage.Account{Sub: "alice", Username: "alice", UsernameKey: "alice", FullName: "Alice A", Nickname: "Al",
		Email: "a@x.example", EmailKey: "a@x.example"}, storage.Effects{}, r.now)
	r.must(err)
	r.must(r.store.CreateSession(t.Context(), storage.Session{SID: "sid", AccountID: r.alice.ID, ExpiresAt: r.now.Add(time.Hour)}, r.now))
	return r
}

func (r *tokenRig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *tokenRig) client(_ context.Context, id string) (storage.Client, error) {
	c, ok := r.clients[id]
	if !ok {
		return c, storage.ErrNotFound
	}
	return c, nil
}

// Authenticate believes the form.
func (r *tokenRig) Authenticate(_ context.Context, _ *http.Request, f oauth.Form) (storage.Client, error) {
	c, ok := r.clients[f.Get("client_id")]
	if !ok {
		return c, oauth.E(oauth.InvalidClient, "unknown")
	}
	return c, nil
}

// issue makes tokens of a new family for alice.
func (r *tokenRig) issue(clientID string, scopes oauth.Scopes, change func(*storage.Grant)) *token.Answer {
	r.Helper()
	g := storage.Grant{ID: token.NewGrantID(r.now), ClientID: clientID, AccountID: r.alice.ID, SID: "sid", Scopes: scopes, AuthTime: r.now.Add(-time.Minute), AMR: []string{"pwd"}, ACR: "1",
		Refresh: &storage.Refresh{ExpiresAt: r.now.Add(time.Hour)}, CreatedAt: r.now, ExpiresAt: r.now.Add(time.Hour)}
	if change != nil {
		change(&g)
	}
	r.must(r.store.CreateGrant(r.Context(), g, r.now))
	ans, err := r.issuer.Issue(r.Context(), &token.Authorization{Client: new(r.clients[clientID]), Grant: g, Account: r.alice, Scopes: scopes, Resources: g.Resources, IDToken: true,
		Refresh: r.issuer.EncodeRefresh(token.Refresh{GrantID: g.ID})})
	r.must(err)
	return ans
}

// answer is what an endpoint said; code is that of an error, "fault" for one of ours.
type answer struct {
	*httptest.ResponseRecorder
	code string
}

func (a answer) json(t *testing.T) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal(a.Body.Bytes(), &out); err != nil {
		t.Fatalf("%d %s: %v", a.Code, a.Body, err)
	}
	return out
}

func (r *tokenRig) call(h serve.Handler, req *http.Request) answer {
	r.Helper()
	a := answer{ResponseRecorder: httptest.NewRecorder()}
	if err := h(a.ResponseRecorder, req.WithContext(r.Context())); err != nil {
		a.code = "fault"
		var known *oauth.Error
		if errors.As(err, &known) {
			a.code = string(known.Code)
		}
	}
	return a
}

func (r *tokenRig) post(h serve.Handler, form url.Values, accept ...string) answer {
	r.Helper()
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header["Accept"] = accept
	return r.call(h, req)
}

// checked verifies a JWT as its reader does and returns its parts.
func (r *tokenRig) checked(alg, raw string) (header, claims map[string]any) {
	r.Helper()
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	r.must(err)
	var key any = []byte(rigSecret)
	if alg != token.HS256 {
		var set jose.JSONWebKeySet
		r.must(json.Unmarshal(r.keys.JWKS().Body, &set))
		key = set.Key(jws.Signatures[0].Header.KeyID)[0]
	}
	payload, err := jws.Verify(key)
	r.must(err)
	r.must(json.Unmarshal(payload, &claims))
	header = map[string]any{"alg": jws.Signatures[0].Header.Algorithm, "typ": jws.Signatures[0].Header.ExtraHeaders["typ"]}
	return header, claims
}
