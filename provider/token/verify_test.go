package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

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
