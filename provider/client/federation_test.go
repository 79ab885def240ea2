package client

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/provider/fetch"
	"latchkey/provider/oauth"
	"latchkey/storage"
	"latchkey/storage/memory"
)

const (
	cluster = "https://kubernetes.default.svc"
	account = "system:serviceaccount:shop:worker"
	// identity is what the tests' client trusts.
	identity = `{"issuer": "` + cluster + `", "subject": "` + account + `"}`
)

// projected are the claims of a token that a cluster projects into a pod, changed; nil takes one away.
func projected(change map[string]any) map[string]any {
	m := map[string]any{"aud": []string{issuer}, "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(), "nbf": now.Unix(), "iss": cluster, "sub": account,
		"jti": "8a2c2a5d-4d0b-4c66-8c9b-0a5d7d8f6a11",
		"kubernetes.io": map[string]any{"namespace": "shop", "node": map[string]any{"name": "n1", "uid": "u1"}, "pod": map[string]any{"name": "worker-0", "uid": "u2"},
			"serviceaccount": map[string]any{"name": "worker", "uid": "u3"}}}
	maps.Copy(m, change)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return m
}

// abroad is a rig whose client "worker" trusts another issuer, and that issuer.
type abroad struct {
	*rig
	web    *web
	opened []FederatedIdentity
	told   []string
	at     time.Time
}

func newAbroad(t *testing.T, identities ...string) *abroad {
	a := &abroad{rig: &rig{t: t, store: memory.New(), clients: map[string]storage.Client{}}, at: now}
	a.clients["worker"] = storage.Client{ID: "worker", AuthMethod: KeyJWTMethod, Federated: []byte("[" + strings.Join(identities, ",") + "]")}
	a.clients["own"] = storage.Client{ID: "own", AuthMethod: KeyJWTMethod, JWKS: setOf(t, publicJWK(t, "P-256", "k", nil))}
	a.clients["other"] = storage.Client{ID: "other", AuthMethod: KeyJWTMethod,
		Federated: []byte(`[{"issuer": "` + cluster + `", "subject": "system:serviceaccount:shop:other"}]`)}
	docs := map[string][]byte{
		cluster + "/.well-known/openid-configuration": []byte(`{"issuer": "` + cluster + `", "jwks_uri": "` + cluster + `/openid/v1/jwks"}`),
		cluster + "/openid/v1/jwks":                   setOf(t, publicJWK(t, "RSA", "k1", nil)),
	}
	a.web = &web{get: func(_ context.Context, uri string) (fetch.Answer, error) {
		if doc, ok := docs[uri]; ok {
			return fetch.Answer{Body: doc}, nil
		}
		return fetch.Answer{}, errors.New("nothing at " + uri)
	}}
	clock := func() time.Time { return a.at }
	a.Authenticator = NewAuthenticator(a.rig, Deps{Keys: NewKeys(nil, clock), Replays: a.store, Audiences: []string{issuer, endpoint}, Now: clock, Federation: Federation{
		Open: func(id FederatedIdentity) (Fetcher, error) {
			a.opened = append(a.opened, id)
			return a.web, nil
		},
		Told: func(_ context.Context, c storage.Client, id FederatedIdentity) {
			a.told = append(a.told, c.ID+" "+id.Subject)
		},
	}})
	a.OnFailure(func(_ context.Context, c storage.Client) { a.failed = append(a.failed, c.ID) })
	return a
}

// token is a projected token, signed as the cluster does.
func token(t *testing.T, change map[string]any) string {
	return signJWS(t, "RS256", "RSA", "k1", "", projected(change))
}

// What a cluster's token has to say, and what becomes of those of others.
func TestFederatedAssertions(t *testing.T) {
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for _, row := range []struct {
		name   string
		change map[string]any
		raw    func() string
		good   bool
	}{
		{name: "RFC 7523 §3 a projected token", good: true},
		{name: "RFC 7523 §3(3) aud is the token endpoint", change: map[string]any{"aud": endpoint}, good: true},
		{name: "RFC 7523 §3(3) aud is issuer and token endpoint", change: map[string]any{"aud": []string{issuer, endpoint}}, good: true},
		{name: "RFC 7523 §3(7) without jti", change: map[string]any{"jti": nil}, good: true},
		{name: "RFC 7523 §3(4) exp within the skew", change: map[string]any{"exp": at(-59 * time.Second)}, good: true},
		{name: "RFC 7523 §3(4) a day", change: map[string]any{"exp": at(24 * time.Hour)}, good: true},
		{name: "RFC 7523 §3(6) without iat and nbf", change: map[string]any{"iat": nil, "nbf": nil}, good: true},
		{name: "RFC 8725 §3.11 typ JWT", raw: func() string { return signJWS(t, "RS256", "RSA", "k1", "JWT", projected(nil)) }, good: true},
		{name: "RFC 7518 §3.5 another algorithm of the same key", raw: func() string { return signJWS(t, "PS384", "RSA", "k1", "", projected(nil)) }, good: true},
		{name: "RFC 7515 §4.1.4 without kid", raw: func() string { return signJWS(t, "RS256", "RSA", "", "", projected(nil)) }, good: true},

		{name: "RFC 7523 §3(1) the token of another cluster", change: map[string]any{"iss": "https://other.default.svc"}},
		{name: "RFC 7523 §3(1) iss with a slash more", change: map[string]any{"iss": cluster + "/"}},
		{name: "RFC 7523 §3(1) iss missing", change: map[string]any{"iss": nil}},
		{name: "RFC 7523 §3(1) iss is this server", change: map[string]any{"iss": issuer}},
		{name: "RFC 7523 §3(2) another service account", change: map[string]any{"sub": "system:serviceaccount:shop:worker2"}},
		{name: "RFC 7523 §3(2) the same name in another namespace", change: map[string]any{"sub": "system:serviceaccount:evil:worker"}},
		{name: "RFC 7523 §3(2) sub in other case", change: map[string]any{"sub": strings.ToUpper(account)}},
		{name: "RFC 7523 §3(2) sub is the client", change: map[string]any{"sub": "worker"}},
		{name: "RFC 7523 §3(2) sub missing", change: map[string]any{"sub": nil}},
		{name: "RFC 7523 §3(3) the cluster's default audience", change: map[string]any{"aud": []string{cluster}}},
		{name: "RFC 7523 §3(3) for the cluster too", change: map[string]any{"aud": []string{issuer, cluster}}},
		{name: "RFC 7523 §3(3) no audience", change: map[string]any{"aud": []string{}}},
		{name: "RFC 7523 §3(3) aud missing", change: map[string]any{"aud": nil}},
		{name: "RFC 7523 §3(3) the client as audience", change: map[string]any{"aud": "worker"}},
		{name: "RFC 7523 §3(4) expired", change: map[string]any{"exp": at(-60 * time.Second)}},
		{name: "RFC 7523 §3(4) without end", change: map[string]any{"exp": nil}},
		{name: "RFC 7523 §3(4) a year", change: map[string]any{"exp": at(365 * 24 * time.Hour)}},
		{name: "RFC 7523 §3(5) not yet", change: map[string]any{"nbf": at(time.Minute)}},
		{name: "RFC 7523 §3(6) from the future", change: map[string]any{"iat": at(time.Minute)}},
		{name: "RFC 8725 §3.11 an access token", raw: func() string { return signJWS(t, "RS256", "RSA", "k1", "at+jwt", projected(nil)) }},
		{name: "RFC 8725 §3.11 a logout token", raw: func() string { return signJWS(t, "RS256", "RSA", "k1", "logout+jwt", projected(nil)) }},
		{name: "RFC 7523 §3(9) another cluster's key by the same kid", raw: func() string { return signJWS(t, "RS256", "weak", "k1", "", projected(nil)) }},
		{name: "RFC 7523 §3(9) an unknown kid", raw: func() string { return signJWS(t, "RS256", "RSA", "k2", "", projected(nil)) }},
		{name: "RFC 7523 §3(9) the client's own key", raw: func() string { return signJWS(t, "ES256", "P-256", "k", "", projected(nil)) }},
		{name: "RFC 8725 §3.2 a MAC with the public key", raw: func() string {
			return macJWS("HS256", string(setOf(t, publicJWK(t, "RSA", "k1", nil))), projected(nil))
		}},
		{name: "RFC 8725 §3.1 none", raw: func() string { return strings.Replace(unsigned(projected(nil)), "RS256", "none", 1) }},
		{name: "RFC 7515 §4.1.11 crit", raw: func() string {
			return "eyJhbGciOiJSUzI1NiIsImNyaXQiOlsieCJdfQ" + token(t, nil)[strings.Index(token(t, nil), "."):]
		}},
		{name: "a signature that was changed", raw: func() string { s := token(t, nil); return s[:len(s)-8] + "AAAAAAAA" }},
		{name: "claims that were changed", raw: func() string {
			a, b := strings.Split(token(t, nil), "."), strings.Split(token(t, map[string]any{"sub": "x"}), ".")
			return a[0] + "." + a[1] + "." + b[2]
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAbroad(t, identity)
			raw := token(t, row.change)
			if row.raw != nil {
				raw = row.raw()
			}
			c, err := a.try(asserted(raw, "client_id", "worker"), "")
			if row.good {
				if err != nil || c.ID != "worker" || !slices.Equal(a.told, []string{"worker " + account}) || !slices.Equal(a.used, []string{"worker"}) {
					t.Errorf("%v %v, told %v", c.ID, err, a.told)
				}
				return
			}
			if _, refused := oauth.AsError(err); !refused || a.told != nil || a.used != nil {
				t.Errorf("%v, told %v", err, a.told)
			}
		})
	}
}

// unsigned is a JWS without a signature.
func unsigned(claims any) string {
	s := macJWS("RS256", "", claims)
	return s[:strings.LastIndexByte(s, '.')+1]
}

// Who may be spoken for, and by whom.
func TestFederatedClients(t *testing.T) {
	a := newAbroad(t, identity)
	for _, row := range []struct {
		name string
		form url.Values
		code oauth.Code
	}{
		{"RFC 7521 §4.2 another client of the same cluster", asserted(token(t, nil), "client_id", "other"), oauth.InvalidClient},
		{"RFC 7521 §4.2 a client that trusts nobody", asserted(token(t, nil), "client_id", "own"), oauth.InvalidClient},
		{"RFC 7521 §4.2 an unknown client", asserted(token(t, nil), "client_id", "nobody"), oauth.InvalidClient},
		{"RFC 7521 §4.2 no client_id: the issuer's names are none of ours", asserted(token(t, nil)), oauth.InvalidClient},
		{"OpenID Connect Core §9 a client's own assertion is of no other client", asserted(signJWS(t, "ES256", "P-256", "k", "", claims("own", nil)), "client_id", "worker"), oauth.InvalidRequest},
		{"OpenID Connect Core §9 a client that trusts another issuer has no keys of its own", asserted(signJWS(t, "ES256", "P-256", "k", "", claims("worker", nil))), oauth.InvalidClient},
		{"RFC 6749 §2.3 beside a secret", asserted(token(t, nil), "client_id", "worker", "client_secret", "x"), oauth.InvalidRequest},
	} {
		_, err := a.try(row.form, "")
		t.Run(row.name, func(t *testing.T) { a.t = t; a.refused(err, row.code) })
	}
	if a.web.fetches() != 0 {
		t.Error("keys were fetched for somebody who is not expected")
	}
	a.t = t
	for range 3 { // a projected token is not used up
		if _, err := a.try(asserted(token(t, nil), "client_id", "worker"), ""); err != nil {
			t.Error(err)
		}
	}
	if a.web.fetches() != 2 {
		t.Errorf("%d fetches, want one of the document and one of the keys", a.web.fetches())
	}
	a.at = a.at.Add(61 * time.Minute)
	if _, err := a.try(asserted(token(t, nil), "client_id", "worker"), ""); err == nil {
		t.Error("an expired token lets in")
	}
}

// Where keys are looked for, and who is asked with what.
func TestFederatedKeySources(t *testing.T) {
	const elsewhere = "https://elsewhere.test/keys"
	for _, row := range []struct {
		name, identity string
		change         func(a *abroad, docs map[string]string)
		good           bool
		opened         int
	}{
		{name: "OpenID Connect Discovery §4", identity: identity, good: true, opened: 1},
		{name: "a jwks_uri", identity: strings.Replace(identity, "}", `, "jwks_uri": "`+elsewhere+`"}`, 1), good: true, opened: 1},
		{name: "a file", identity: strings.Replace(identity, "}", `, "jwks_file": "/keys.json"}`, 1), good: true, opened: 1},
		{name: "OpenID Connect Discovery §4.3 the document of another issuer", identity: identity, opened: 1,
			change: func(_ *abroad, docs map[string]string) { docs["issuer"] = "https://other.test" }},
		{name: "a jwks_uri that is http", identity: identity, opened: 1, change: func(_ *abroad, docs map[string]string) { docs["jwks_uri"] = "http://kubernetes.default.svc/keys" }},
		{name: "the bearer token stays with the issuer", identity: strings.Replace(identity, "}", `, "token_file": "/token"}`, 1), good: true, opened: 2,
			change: func(_ *abroad, docs map[string]string) { docs["jwks_uri"] = elsewhere }},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAbroad(t, row.identity)
			docs := map[string]string{"issuer": cluster, "jwks_uri": cluster + "/keys"}
			if row.change != nil {
				row.change(a, docs)
			}
			keys := setOf(t, publicJWK(t, "RSA", "k1", nil))
			a.web.get = func(_ context.Context, uri string) (fetch.Answer, error) {
				switch uri {
				case cluster + "/.well-known/openid-configuration":
					return fetch.Answer{Body: mustJSON(docs)}, nil
				case cluster + "/keys", elsewhere, "/keys.json":
					return fetch.Answer{Body: keys}, nil
				}
				t.Errorf("fetched %s", uri)
				return fetch.Answer{}, errors.New("away")
			}
			_, err := a.try(asserted(token(t, nil), "client_id", "worker"), "")
			if (err == nil) != row.good || len(a.opened) != row.opened {
				t.Errorf("%v, opened %+v", err, a.opened)
			}
			if row.opened == 2 && (a.opened[0].TokenFile == "" || a.opened[1].TokenFile != "") {
				t.Errorf("another server was given the bearer token: %+v", a.opened)
			}
		})
	}
}

// Claims beside iss and sub, several identities, an audience of the operator's choice, one algorithm.
func TestFederatedConstraints(t *testing.T) {
	const github = "https://ci.example.test"
	with := func(more string) string {
		return `{"issuer": "` + github + `", "subject": "repo:acme/shop:ref:refs/heads/main", "jwks_uri": "` + cluster + `/openid/v1/jwks", ` + more + `}`
	}
	run := func(change map[string]any) map[string]any {
		m := map[string]any{"iss": github, "sub": "repo:acme/shop:ref:refs/heads/main", "aud": issuer, "exp": now.Add(time.Minute).Unix(), "repository": "acme/shop",
			"ref": "refs/heads/main", "run_id": "7"}
		maps.Copy(m, change)
		return m
	}
	for _, row := range []struct {
		name       string
		identities []string
		claims     map[string]any
		good       bool
	}{
		{"exact", []string{with(`"claims": {"repository": "acme/shop"}`)}, nil, true},
		{"exact, another", []string{with(`"claims": {"repository": "acme/shop"}`)}, map[string]any{"repository": "acme/shop2"}, false},
		{"a beginning", []string{with(`"claims": {"ref": "refs/heads/*"}`)}, nil, true},
		{"a beginning, another", []string{with(`"claims": {"ref": "refs/heads/*"}`)}, map[string]any{"ref": "refs/pull/1"}, false},
		{"both, one of which is not so", []string{with(`"claims": {"repository": "acme/*", "ref": "refs/tags/*"}`)}, nil, false},
		{"a claim that is missing", []string{with(`"claims": {"environment": "prod"}`)}, nil, false},
		{"a claim that is no string", []string{with(`"claims": {"run_id": "7"}`)}, map[string]any{"run_id": 7}, false},
		{"the second identity", []string{with(`"claims": {"ref": "refs/tags/*"}`), with(`"claims": {"ref": "refs/heads/main"}`)}, nil, true},
		{"an audience of its own", []string{with(`"audience": "latchkey"`)}, map[string]any{"aud": "latchkey"}, true},
		{"an audience of its own, and this server", []string{with(`"audience": "latchkey"`)}, nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAbroad(t, row.identities...)
			_, err := a.try(asserted(signJWS(t, "RS256", "RSA", "k1", "JWT", run(row.claims)), "client_id", "worker"), "")
			if (err == nil) != row.good {
				t.Error(err)
			}
		})
	}
	own := newAbroad(t, `{"issuer": "`+issuer+`", "subject": "`+account+`", "jwks_uri": "`+cluster+`/openid/v1/jwks"}`) // past every check of metadata
	if _, err := own.try(asserted(token(t, map[string]any{"iss": issuer}), "client_id", "worker"), ""); err == nil {
		t.Error("RFC 7523 §3(1) this server vouches for its own client")
	}
	a := newAbroad(t, identity)
	a.change("worker", func(c *storage.Client) { c.AuthAlg = "PS256" })
	if _, err := a.try(asserted(token(t, nil), "client_id", "worker"), ""); err == nil {
		t.Error("OpenID Connect Registration §2 token_endpoint_auth_signing_alg does not count")
	}
	off := NewAuthenticator(a.rig, Deps{Keys: NewKeys(nil, nil), Replays: a.store, Audiences: []string{issuer}, Now: func() time.Time { return now }})
	f, _ := oauth.NewForm(asserted(token(t, nil), "client_id", "worker"))
	if _, err := off.Authenticate(t.Context(), &http.Request{Header: http.Header{}}, f); err == nil {
		t.Error("a server that trusts no other issuer lets in")
	}
}
