package client

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// OpenID Connect Registration §2 token_endpoint_auth_signing_alg
func TestAuthAlg(t *testing.T) {
	r := newRig(t)
	r.change("key", func(c *storage.Client) { c.AuthAlg = "PS256" })
	r.change("mac", func(c *storage.Client) { c.AuthAlg = "HS512" })
	for _, row := range []struct {
		raw  string
		good bool
	}{
		{signJWS(t, "PS256", "RSA", "RSA", "", claims("key", nil)), true},
		{signJWS(t, "RS256", "RSA", "RSA", "", claims("key", nil)), false},
		{signJWS(t, "ES256", "P-256", "P-256", "", claims("key", nil)), false},
		{signJWS(t, "HS512", secret, "", "", claims("mac", nil)), true},
		{signJWS(t, "HS256", secret, "", "", claims("mac", nil)), false},
	} {
		if _, err := r.try(asserted(row.raw), ""); (err == nil) != row.good {
			t.Error(err)
		}
	}
	if len(r.failed) != 3 || len(r.used) != 2 {
		t.Errorf("told of %v and %v", r.failed, r.used)
	}
	r.change("mac", func(c *storage.Client) { c.AuthAlg = "ES256" }) // an algorithm of the other method lets nothing in
	_, err := r.try(asserted(signJWS(t, "HS256", secret, "", "", claims("mac", nil))), "")
	r.refused(err, oauth.InvalidClient)
}

// What other checks would refuse too is refused by its own.
func TestAssertionChecks(t *testing.T) {
	good := assertion{issuer: "app", subject: "app", id: "1", audience: []string{issuer}, expires: now.Add(time.Minute)}
	for _, row := range []struct {
		name   string
		change func(*assertion)
		want   string
	}{
		{"good", func(*assertion) {}, ""},
		{"RFC 7523 §3(1)", func(a *assertion) { a.issuer = "other" }, "iss"},
		{"RFC 7523 §3(2)", func(a *assertion) { a.subject = "other" }, "sub"},
		{"RFC 7523 §3(4) missing", func(a *assertion) { a.expires = time.Time{} }, "exp is missing"},
		{"RFC 7523 §3(4) just now", func(a *assertion) { a.expires = now.Add(-pastSkew) }, "expired"},
	} {
		a := good
		row.change(&a)
		err := a.check("app", "", []string{issuer}, now)
		if (err == nil) != (row.want == "") || err != nil && !strings.HasPrefix(err.Error(), row.want) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	for _, exp := range []string{"-1e300", "0", "1e300", "1e99999", "null", `"5"`, "[]"} { // RFC 7519 §2
		if a, err := parseAssertion([]byte(`{"exp":` + exp + `}`)); err == nil {
			t.Errorf("exp %s is %v", exp, a.expires)
		}
	}
}

// RFC 7518 §3.2: a key is at least as long as the digest.
func TestShortSecret(t *testing.T) {
	r := newRig(t)
	for size, algs := range map[int]map[string]bool{
		31: {"HS256": false}, 32: {"HS256": true, "HS384": false}, 48: {"HS256": true, "HS384": true, "HS512": false}, 64: {"HS512": true},
	} {
		value := strings.Repeat("k", size)
		r.change("mac", func(c *storage.Client) { c.Secrets = []storage.ClientSecret{sealedSecret(t, "mac", "1", value, now)} })
		for alg, good := range algs {
			j, err := parseJWS(macJWS(alg, value, claims("mac", nil)))
			if err != nil {
				t.Fatal(err)
			}
			if j.macBy([]byte(value)) != good {
				t.Errorf("%d bytes, %s: want %v", size, alg, good)
			}
			if _, err := r.try(asserted(macJWS(alg, value, claims("mac", nil))), ""); (err == nil) != good {
				t.Errorf("%d bytes, %s: %v", size, alg, err)
			}
		}
	}
}

// One jti, many requests at once, on any method: one of them is served.
func TestAssertionOnce(t *testing.T) {
	r := newRig(t)
	r.Authenticator.finder = finder{r}
	for id, raw := range map[string]string{
		"key": signJWS(t, "ES256", "P-256", "P-256", "", claims("key", map[string]any{"jti": "same"})),
		"mac": signJWS(t, "HS256", secret, "", "", claims("mac", map[string]any{"jti": "same"})), // another client's: its own jti
	} {
		var served, refused atomic.Int64
		r.OnFailure(func(context.Context, storage.Client) { refused.Add(1) })
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := r.try(asserted(raw), ""); err == nil {
					served.Add(1)
				}
			})
		}
		wg.Wait()
		if served.Load() != 1 || refused.Load() != 49 {
			t.Errorf("%s: %d served, %d refused", id, served.Load(), refused.Load())
		}
	}
}

// finder is a rig without its notes, for many at once.
type finder struct{ *rig }

func (finder) Used(context.Context, storage.Client) {}

// A store that cannot remember lets nobody in, and blames nobody.
func TestReplaysAway(t *testing.T) {
	r := newRig(t)
	a := NewAuthenticator(r, Deps{Keys: NewKeys(nil, func() time.Time { return now }), Vault: openVault{}, Replays: away{}, Audiences: []string{issuer},
		Now: func() time.Time { return now }})
	a.OnFailure(func(context.Context, storage.Client) { t.Error("told of a failure of the client") })
	r.Authenticator = a
	_, err := r.try(asserted(signJWS(t, "ES256", "P-256", "P-256", "", claims("key", nil))), "")
	if _, ok := oauth.AsError(err); ok || !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

type away struct{}

func (away) SpendOnce(context.Context, string, time.Time, time.Time) error {
	return storage.ErrUnavailable
}

// A forged assertion must not use up the jti of a good one.
func TestForgedSpendsNothing(t *testing.T) {
	r := newRig(t)
	c := claims("key", map[string]any{"jti": "mine"})
	_, err := r.try(asserted(signJWS(t, "ES256", "P-256b", "P-256", "", c)), "")
	r.refused(err, oauth.InvalidClient)
	if _, err := r.try(asserted(signJWS(t, "ES256", "P-256", "P-256", "", c)), ""); err != nil {
		t.Error(err)
	}
}
