package keys

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func TestEveryAlgorithmVerifiesWithGoJose(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now, Algorithms()...), store)
	set := keySet(t, r.JWKS().Body)
	sizes := map[string]int{ES256: 64, ES384: 96, ES512: 132, EdDSA: 64} // RFC 7518 §3.4, RFC 8037 §3.1; RSA: that of the key
	for _, alg := range Algorithms() {
		t.Run(alg, func(t *testing.T) {
			size, rounds := sizes[alg], 200 // signatures of ES256 with leading zeros come about once in 128
			if size == 0 {
				size, rounds = defaultRSABits/8, 10
			}
			for i := range rounds {
				claims := fmt.Sprintf(`{"iss":"https://op.example","n":%d}`, i)
				token, err := r.Sign(t.Context(), alg, "at+jwt", []byte(claims), c.Now().Add(time.Hour))
				if err != nil {
					t.Fatal(err)
				}
				parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
				if err != nil {
					t.Fatal(err)
				}
				var got json.RawMessage
				if err := parsed.Claims(set, &got); err != nil || string(got) != claims {
					t.Fatalf("%s: %s, %v", token, got, err)
				}
				if raw, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:]); err != nil || len(raw) != size {
					t.Fatalf("the signature has %d bytes, want %d: %v", len(raw), size, err)
				}
				head := parsed.Headers[0]
				if head.Algorithm != alg || head.KeyID != one(t, r, alg, StateActive) || head.ExtraHeaders["typ"] != "at+jwt" {
					t.Fatalf("header is %+v", head)
				}
			}
		})
	}
}

func TestSignHeader(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	kid := one(t, r, ES256, StateActive)
	for typ, want := range map[string]string{
		"":                      `{"alg":"ES256","kid":"` + kid + `"}`,
		"JWT":                   `{"alg":"ES256","kid":"` + kid + `","typ":"JWT"}`,
		"application/logout+at": `{"alg":"ES256","kid":"` + kid + `","typ":"application/logout+at"}`,
	} {
		token, err := r.Sign(t.Context(), ES256, typ, []byte(`{}`), c.Now())
		if err != nil {
			t.Fatal(err)
		}
		head, err := base64.RawURLEncoding.DecodeString(token[:strings.IndexByte(token, '.')])
		if err != nil || string(head) != want {
			t.Errorf("header is %s, %v; want %s", head, err, want)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	soon := c.Now().Add(time.Minute)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, row := range []struct {
		name     string
		ctx      context.Context
		alg, typ string
		expires  time.Time
		want     error
	}{
		{"a request that is over", over, ES256, "", soon, context.Canceled},
		{"no such ring", t.Context(), RS256, "", soon, ErrNoKey},
		{"RFC 8725 §3.1 none", t.Context(), "none", "", soon, ErrNoKey},
		{"no algorithm", t.Context(), "", "", soon, ErrNoKey},
		{"longer than the longest", t.Context(), ES256, "", c.Now().Add(time.Hour + time.Minute + 1), ErrTooLong},
		{"typ breaks out of its quotes", t.Context(), ES256, `x","jku":"https://evil`, soon, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			token, err := r.Sign(row.ctx, row.alg, row.typ, []byte(`{}`), row.expires)
			if err == nil || token != "" || row.want != nil && !errors.Is(err, row.want) {
				t.Errorf("got %q, %v; want %v", token, err, row.want)
			}
		})
	}
	if n := r.List()[0].Signed; n != 0 {
		t.Errorf("refusals were counted as %d tokens", n)
	}
	mustSign(t, r, ES256, time.Hour) // the longest is allowed
}

func TestUsageIsCounted(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { mustSign(t, r, ES256, time.Duration(i+1)*time.Minute) })
	}
	wg.Wait()
	mustTick(t, r)
	got := r.List()[0]
	if got.Signed != 50 || !got.NewestExpiry.Equal(c.Now().Add(50*time.Minute)) {
		t.Errorf("%d signed, newest expires %v", got.Signed, got.NewestExpiry)
	}
	c.Add(50 * time.Minute)
	if got = r.List()[0]; got.Signed != 50 || !got.NewestExpiry.IsZero() {
		t.Errorf("when all have expired: %d signed, newest %v", got.Signed, got.NewestExpiry)
	}
}

func TestKIDIsTheThumbprint(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now, RS256, ES256, ES384, ES512, EdDSA), store)
	set := keySet(t, r.JWKS().Body)
	for _, k := range set.Keys {
		sum, err := k.Thumbprint(crypto.SHA256)
		if err != nil || base64.RawURLEncoding.EncodeToString(sum) != k.KeyID {
			t.Errorf("%s: %v", k.KeyID, err)
		}
		if _, _, ok := r.PublicKey(k.KeyID); !ok {
			t.Errorf("%s is public and not found", k.KeyID)
		}
	}
	// RFC 7638 §3.1 and RFC 8037 appendix A.3.
	for alg, row := range map[string][2]string{
		RS256: {`{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs` +
			`tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-` +
			`bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"}`,
			"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		EdDSA: {`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
			"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
	} {
		var k jose.JSONWebKey
		if err := k.UnmarshalJSON([]byte(row[0])); err != nil {
			t.Fatal(err)
		}
		if kid, _, err := describe(alg, k.Key); err != nil || kid != row[1] {
			t.Errorf("%s: %s, %v; want %s", alg, kid, err, row[1])
		}
	}
}
