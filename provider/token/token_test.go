package token

import (
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// ring signs with one key of each algorithm; its MAC is real.
type ring map[string]crypto.Signer

func newRing(t testing.TB) ring {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, d, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return ring{"RS256": r, "ES256": e, "EdDSA": d}
}

func (r ring) Sign(_ context.Context, alg, typ string, claims []byte, _ time.Time) (string, error) {
	return sign(r[alg], alg, claims, map[jose.HeaderKey]any{"typ": typ, "kid": "kid-" + alg})
}

func sign(key any, alg string, claims []byte, header map[jose.HeaderKey]any) (string, error) {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		return "", err
	}
	jws, err := s.Sign(claims)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

func (r ring) PublicKey(kid string) (string, crypto.PublicKey, bool) {
	alg := strings.TrimPrefix(kid, "kid-")
	key, ok := r[alg]
	if !ok || "kid-"+alg != kid {
		return "", nil, false
	}
	return alg, key.Public(), true
}

func (r ring) Algs() []string { return []string{"RS256", "ES256", "EdDSA"} }

func (r ring) Stable(purpose string, data []byte) [32]byte { return r.MAC("stable "+purpose, data) }

// aead is the vault of one purpose.
func (r ring) aead(purpose string) cipher.AEAD {
	key := r.MAC("seal", []byte(purpose))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func (r ring) Seal(purpose, context string, plain []byte) ([]byte, error) {
	return r.aead(purpose).Seal(nil, nil, plain, []byte(context)), nil
}

func (r ring) Open(purpose, context string, sealed []byte) ([]byte, error) {
	return r.aead(purpose).Open(nil, nil, sealed, []byte(context))
}

func (r ring) MAC(purpose string, data []byte) (sum [32]byte) {
	m := hmac.New(sha256.New, []byte(purpose))
	m.Write(data)
	m.Sum(sum[:0])
	return sum
}

func (r ring) VerifyMAC(purpose string, data, mac []byte) bool {
	sum := r.MAC(purpose, data)
	return hmac.Equal(sum[:], mac)
}

func issuer(r ring) *Issuer {
	return NewIssuer(Config{Issuer: "https://id.example.test", AccessAlg: "ES256", AccessTTL: 5 * time.Minute, IDTTL: time.Hour, RefreshTTL: 24 * time.Hour,
		CodeTTL: time.Minute, PictureURL: func(id string) string { return "https://id.example.test/media/" + id }, Now: func() time.Time { return now }}, r)
}

func authorization() *Authorization {
	return &Authorization{
		Client:  storage.Client{ID: "app"},
		Grant:   storage.Grant{ID: "AAAAAAAAAAAAAAAAAAAAAA", SID: "sid", Nonce: "n", AuthTime: now.Add(-time.Minute), AMR: []string{"pwd"}, ACR: "1"},
		Account: storage.Account{ID: 7, Sub: "sub", Username: "alice"}, Scopes: oauth.Scopes{"openid", "read"}, IDToken: true, Refresh: "r",
	}
}

func parts(t *testing.T, raw string) (header, claims map[string]any) {
	t.Helper()
	p := strings.Split(raw, ".")
	for n, to := range []*map[string]any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(p[n])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, to); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

func TestShape(t *testing.T) {
	i := issuer(newRing(t))
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			a := authorization()
			a.Client.IDTokenAlg, a.Client.AccessTokenAlg = alg, alg
			ans, err := i.Issue(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			header, claims := parts(t, ans.AccessToken)
			jti, _ := claims["jti"].(string)
			if !strings.HasPrefix(jti, "AAAAAAAAAAAAAAAAAAAAAA.") || len(jti) != 22+1+12 {
				t.Errorf("jti %q", jti)
			}
			delete(claims, "jti")
			want := map[string]any{"iss": "https://id.example.test", "sub": "sub", "aud": "https://id.example.test", "client_id": "app", "sid": "sid", "scope": "openid read",
				"iat": float64(now.Unix()), "exp": float64(now.Unix() + 300), "auth_time": float64(now.Unix() - 60), "acr": "1", "amr": []any{"pwd"}}
			if d := cmp.Diff(want, claims); d != "" {
				t.Error("RFC 9068 §2.2", d)
			}
			if d := cmp.Diff(map[string]any{"typ": "at+jwt", "alg": alg, "kid": "kid-" + alg}, header); d != "" {
				t.Error("RFC 9068 §2.1", d)
			}
			header, claims = parts(t, ans.IDToken)
			sum := sha256.Sum256([]byte(ans.AccessToken))
			half := sum[:16]
			if alg == "EdDSA" {
				long := sha512.Sum512([]byte(ans.AccessToken))
				half = long[:32]
			}
			want = map[string]any{"iss": "https://id.example.test", "sub": "sub", "aud": "app", "azp": "app", "sid": "sid", "nonce": "n",
				"iat": float64(now.Unix()), "exp": float64(now.Unix() + 3600), "auth_time": float64(now.Unix() - 60), "acr": "1", "amr": []any{"pwd"},
				"at_hash": base64.RawURLEncoding.EncodeToString(half)}
			if d := cmp.Diff(want, claims); d != "" {
				t.Error("OpenID Connect Core §2, §3.1.3.6", d)
			}
			if d := cmp.Diff(map[string]any{"typ": "JWT", "alg": alg, "kid": "kid-" + alg}, header); d != "" {
				t.Error(d)
			}
			if got, err := i.VerifyAccess(ans.AccessToken); err != nil || got.GrantID() != "AAAAAAAAAAAAAAAAAAAAAA" {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
	t.Run("OpenID Connect Registration §2 RS256 where nothing is registered", func(t *testing.T) {
		ans, err := i.Issue(t.Context(), authorization())
		if err != nil {
			t.Fatal(err)
		}
		if h, _ := parts(t, ans.IDToken); h["alg"] != "RS256" {
			t.Error(h)
		}
	})
}

// TestVerify has every wrong token, made with the right keys where it can be.
func TestVerify(t *testing.T) {
	r := newRing(t)
	i, foreign := issuer(r), newRing(t)
	ans, err := i.Issue(t.Context(), authorization())
	if err != nil {
		t.Fatal(err)
	}
	good := ans.AccessToken
	p := strings.Split(good, ".")
	payload, _ := base64.RawURLEncoding.DecodeString(p[1])
	head := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	with := func(key any, alg string, claims []byte, more map[jose.HeaderKey]any) string {
		h := map[jose.HeaderKey]any{"typ": AccessType, "kid": "kid-" + alg}
		for k, v := range more {
			h[k] = v
		}
		s, err := sign(key, alg, claims, h)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	public, err := x509.MarshalPKIXPublicKey(r["ES256"].Public())
	if err != nil {
		t.Fatal(err)
	}
	hs := func() string {
		in := head(`{"alg":"HS256","typ":"at+jwt","kid":"kid-ES256"}`) + "." + p[1]
		m := hmac.New(sha256.New, public)
		m.Write([]byte(in))
		return in + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
	}
	changed := func(name string, v any) []byte {
		var c map[string]any
		if err := json.Unmarshal(payload, &c); err != nil {
			t.Fatal(err)
		}
		c[name] = v
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	zero := base64.RawURLEncoding.EncodeToString(make([]byte, 64))
	for _, c := range []struct {
		name, raw string
		want      error
	}{
		{"RFC 9068 §4 good", good, nil},
		{"RFC 8725 §3.1 alg none", head(`{"alg":"none","typ":"at+jwt"}`) + "." + p[1] + ".", ErrMalformed},
		{"RFC 8725 §3.1 alg none with our kid", head(`{"alg":"none","typ":"at+jwt","kid":"kid-ES256"}`) + "." + p[1] + ".", ErrMalformed},
		{"RFC 8725 §2.1 HS256 with the public key", hs(), ErrMalformed},
		{"RFC 8725 §3.1 another algorithm than the key's", head(`{"alg":"RS256","typ":"at+jwt","kid":"kid-ES256"}`) + "." + p[1] + "." + p[2], ErrMalformed},
		{"RFC 7515 §4.1.4 unknown kid", with(r["ES256"], "ES256", payload, map[jose.HeaderKey]any{"kid": "x"}), ErrMalformed},
		{"RFC 7515 §4.1.4 kid of another key", with(r["ES256"], "ES256", payload, map[jose.HeaderKey]any{"kid": "kid-RS256"}), ErrMalformed},
		{"RFC 7515 §4.1.4 kid is a path", with(r["ES256"], "ES256", payload, map[jose.HeaderKey]any{"kid": "../../dev/null"}), ErrMalformed},
		{"RFC 8725 §3.11 ID token as access token", ans.IDToken, ErrMalformed},
		{"RFC 8725 §3.11 no typ", with(r["ES256"], "ES256", payload, map[jose.HeaderKey]any{"typ": ""}), ErrMalformed},
		{"RFC 7515 §4.1.11 crit", with(r["ES256"], "ES256", payload, map[jose.HeaderKey]any{"crit": []string{"exp"}}), ErrMalformed},
		{"RFC 7515 §4.1.3 embedded jwk", with(foreign["ES256"], "ES256", payload, map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: foreign["ES256"].Public()}}), ErrMalformed},
		{"RFC 7515 §4.1.2 jku", with(foreign["ES256"], "ES256", payload, map[jose.HeaderKey]any{"jku": "https://evil.test/jwks"}), ErrMalformed},
		{"RFC 7515 §5.2 signature of another key", with(foreign["ES256"], "ES256", payload, nil), ErrMalformed},
		{"RFC 7515 §5.2 payload of another token", p[0] + "." + head(string(changed("sub", "admin"))) + "." + p[2], ErrMalformed},
		{"CVE-2022-21449 zero signature", p[0] + "." + p[1] + "." + zero, ErrMalformed},
		{"RFC 7515 §7.1 no signature", p[0] + "." + p[1] + ".", ErrMalformed},
		{"RFC 7515 §7.1 two parts", p[0] + "." + p[1], ErrMalformed},
		{"RFC 7515 §7.1 four parts", good + ".x", ErrMalformed},
		{"RFC 7515 §2 padding", good + "=", ErrMalformed},
		{"RFC 7515 §2 trailing newline", good + "\n", ErrMalformed},
		{"RFC 7515 §2 newline inside", good[:20] + "\n" + good[20:], ErrMalformed},
		{"leading space", " " + good, ErrMalformed},
		{"RFC 7515 §7.2 JSON serialization", `{"payload":"` + p[1] + `","protected":"` + p[0] + `","signature":"` + p[2] + `"}`, ErrMalformed},
		{"oversize", strings.Repeat("a", MaxBytes) + good, ErrMalformed},
		{"oversize of dots", strings.Repeat(".", MaxBytes), ErrMalformed},
		{"empty", "", ErrMalformed},
		{"RFC 9068 §4 another issuer", with(r["ES256"], "ES256", changed("iss", "https://id.example.test/"), nil), ErrMalformed},
		{"RFC 9068 §4 claims are no object", with(r["ES256"], "ES256", []byte(`[]`), nil), ErrMalformed},
		{"RFC 9068 §4 expires now", with(r["ES256"], "ES256", changed("exp", now.Unix()), nil), ErrExpired},
		{"RFC 9068 §4 no expiry", with(r["ES256"], "ES256", changed("exp", 0), nil), ErrExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := i.VerifyAccess(c.raw); !errors.Is(err, c.want) || (c.want == nil && err != nil) || (errors.Is(c.want, ErrMalformed) && got.Subject != "") {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	t.Run("OpenID Connect Core §3.1.2.1 hints", func(t *testing.T) {
		if c, err := i.VerifyIDHint(t.Context(), ans.IDToken); err != nil || c.Subject != "sub" {
			t.Errorf("%+v %v", c, err)
		}
		for name, raw := range map[string]string{"access token": good, "newline": ans.IDToken + "\n", "empty": "", "oversize": strings.Repeat("a", MaxBytes+1)} {
			if _, err := i.VerifyIDHint(t.Context(), raw); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestRefreshToken(t *testing.T) {
	i := issuer(newRing(t))
	want := Refresh{GrantID: NewGrantID(), Generation: 1 << 40}
	raw := i.EncodeRefresh(want)
	if got, err := i.DecodeRefresh(raw); err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	for n := range raw {
		for _, c := range "A_\n" {
			if bad := raw[:n] + string(c) + raw[n+1:]; bad != raw {
				if _, err := i.DecodeRefresh(bad); !errors.Is(err, ErrNotOurs) {
					t.Fatalf("%q: %v", bad, err)
				}
			}
		}
	}
}

func FuzzVerifyAccess(f *testing.F) {
	i := issuer(newRing(f))
	ans, err := i.Issue(f.Context(), authorization())
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", ans.IDToken} {
		f.Add(s, 0, byte(0))
	}
	f.Add(ans.AccessToken, 3, byte('x'))
	f.Fuzz(func(t *testing.T, raw string, at int, b byte) {
		if _, err := i.VerifyAccess(raw); err == nil && raw != ans.AccessToken {
			t.Errorf("took %q", raw)
		}
		m := []byte(ans.AccessToken) // what was good, with one byte changed
		if at >= 0 && at < len(m) && m[at] != b {
			m[at] = b
			if _, err := i.VerifyAccess(string(m)); err == nil {
				t.Errorf("took %q", m)
			}
		}
	})
}

func FuzzDecodeRefresh(f *testing.F) {
	i := issuer(newRing(f))
	f.Add(i.EncodeRefresh(Refresh{GrantID: NewGrantID()}))
	f.Add("lkr_")
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := i.DecodeRefresh(s); err == nil && i.EncodeRefresh(r) != s {
			t.Errorf("%q is a second spelling of %+v", s, r)
		}
	})
}
