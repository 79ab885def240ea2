package token

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"latchkey/keys"
	"latchkey/storage"
)

func TestIDHintOfEveryAlgorithm(t *testing.T) {
	for _, alg := range append(keys.Algorithms(), HS256) {
		c := storage.Client{ID: "hmac", IDTokenAlg: alg}
		i, _ := realIssuer(t, c)
		a := authorization()
		a.Client = &c
		ans, err := i.Issue(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := i.VerifyIDHint(t.Context(), ans.IDToken); err != nil || got.Subject != "sub" || got.SID != "sid" {
			t.Errorf("OpenID Connect Core §3.1.2.1 %s: %+v %v", alg, got, err)
		}
	}
}

// TestIDHintRefused: every token that is no ID token of ours (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §4).
func TestIDHintRefused(t *testing.T) {
	hmac, other := storage.Client{ID: "hmac", IDTokenAlg: HS256, Scopes: []string{"openid"}}, storage.Client{ID: "app", IDTokenAlg: HS256}
	plain := storage.Client{ID: "plain"}
	i, _ := realIssuer(t, hmac, other, plain)
	const claims = `{"iss":"https://id.example.test","sub":"sub","aud":"hmac","exp":2,"iat":1}`
	with := func(key []byte, claims string, header map[jose.HeaderKey]any) string {
		s, err := sign(key, HS256, []byte(claims), header)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	typed := map[jose.HeaderKey]any{"typ": "JWT"}
	newest := hmacSecrets[0]
	a := authorization()
	a.Client = &hmac
	ans, err := i.Issue(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	a.Client = &plain
	access, err := i.Issue(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	p := strings.Split(ans.IDToken, ".")
	signed := storage.Client{ID: "hmac", UserinfoAlg: HS256, IntrospectionAlg: HS256, IDTokenAlg: HS256}
	userinfo, err := i.SignUserinfo(t.Context(), signed, map[string]any{"sub": "sub"})
	if err != nil {
		t.Fatal(err)
	}
	introspection, err := i.SignIntrospection(t.Context(), signed, map[string]any{"sub": "sub"})
	if err != nil {
		t.Fatal(err)
	}
	logout, err := i.LogoutToken(t.Context(), signed, "sub", "sid")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, raw string
		good      bool
	}{
		{"OpenID Connect Core §3.1.2.1 good", ans.IDToken, true},
		{"OpenID Connect Core §3.1.2.1 expired", with(newest, claims, typed), true},
		{"OpenID Connect Core §10.1 an older live secret", with(hmacSecrets[2], claims, typed), true},
		{"RFC 7518 §3.2 a secret that is too short", with([]byte("too short0123456789abcdef0123456")[:32], claims, typed), false},
		{"another client's secret", with([]byte("another client's secret of 32 bytes"), claims, typed), false},
		{"RFC 8725 §3.1 a client that registered another algorithm", with(newest, strings.Replace(claims, `"hmac"`, `"plain"`, 1), typed), false},
		{"a client without secrets", with(newest, strings.Replace(claims, `"hmac"`, `"app"`, 1), typed), false},
		{"a client that is not there", with(newest, strings.Replace(claims, `"hmac"`, `"gone"`, 1), typed), false},
		{"OpenID Connect Core §2 for two", with(newest, strings.Replace(claims, `"hmac"`, `["hmac","app"]`, 1), typed), false},
		{"OpenID Connect Core §2 for nobody", with(newest, strings.Replace(claims, `"hmac"`, `[]`, 1), typed), false},
		{"OpenID Connect Core §2 another issuer", with(newest, strings.Replace(claims, "id.example", "evil.example", 1), typed), false},
		{"OpenID Connect Core §2 no exp", with(newest, strings.Replace(claims, `"exp":2,`, "", 1), typed), false},
		{"OpenID Connect Core §2 no iat", with(newest, strings.Replace(claims, `,"iat":1`, "", 1), typed), false},
		{"OpenID Connect Core §2 no object", with(newest, `"x"`, typed), false},
		{"RFC 8725 §3.11 no typ", with(newest, claims, nil), false},
		{"RFC 8725 §3.11 typ of an access token", with(newest, claims, map[jose.HeaderKey]any{"typ": AccessType}), false},
		{"a kid, which no HS256 token of ours has", with(newest, claims, map[jose.HeaderKey]any{"typ": "JWT", "kid": "x"}), false},
		{"RFC 8725 §3.1 alg none", base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + p[1] + ".", false},
		{"RFC 7515 §5.2 no signature", p[0] + "." + p[1] + ".", false},
		{"RFC 7515 §5.2 cut signature", ans.IDToken[:len(ans.IDToken)-4], false},
		{"RFC 7515 §7.1 no payload", p[0] + ".." + p[2], false},
		{"RFC 8725 §3.11 an access token", access.AccessToken, false},
		{"RFC 8725 §3.11 signed userinfo", userinfo, false},
		{"RFC 9701 §8.1 introspection", introspection, false},
		{"Back-Channel Logout §2.4 a logout token", logout, false},
		{"RFC 7515 §2 line break", ans.IDToken + "\n", false},
		{"empty", "", false},
		{"oversize", strings.Repeat("a", MaxBytes+1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := i.VerifyIDHint(t.Context(), c.raw)
			if c.good != (err == nil) || !c.good && (!errors.Is(err, ErrMalformed) || got.Subject != "") {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
	t.Run("a store that is away is no verdict", func(t *testing.T) {
		cfg := i.cfg
		cfg.ClientOf = func(context.Context, string) (storage.Client, error) { return storage.Client{}, storage.ErrUnavailable }
		if _, err := NewIssuer(cfg, i.keys).VerifyIDHint(t.Context(), ans.IDToken); !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, ErrMalformed) {
			t.Error(err)
		}
		if _, err := issuer(newRing(t)).VerifyIDHint(t.Context(), ans.IDToken); !errors.Is(err, ErrMalformed) {
			t.Error("where HS256 is not on:", err)
		}
	})
}

func FuzzIDHint(f *testing.F) {
	c := storage.Client{ID: "hmac", IDTokenAlg: HS256}
	i := hmacIssuer(newRing(f), c)
	a := authorization()
	a.Client = &c
	ans, err := i.Issue(f.Context(), a)
	if err != nil {
		f.Fatal(err)
	}
	p := strings.Split(ans.IDToken, ".")
	// No seed is good: one that is would be as good in the fuzzer's other processes, which make tokens of their own.
	f.Add(p[0]+"."+p[1]+".AAAA", 3, byte('x'))
	f.Add(p[0]+".."+p[2], 70, byte('A'))
	f.Add("..", 0, byte(0))
	f.Fuzz(func(t *testing.T, raw string, at int, b byte) {
		payload := base64.RawURLEncoding.EncodeToString([]byte(raw))
		for _, s := range []string{raw, p[0] + "." + payload + "." + p[2], p[0] + "." + p[1] + "." + payload} {
			if _, err := i.VerifyIDHint(t.Context(), s); err == nil && s != ans.IDToken {
				t.Errorf("took %q", s)
			}
		}
		m := []byte(ans.IDToken) // what was good, with one byte changed
		if at >= 0 && at < len(m) && m[at] != b {
			m[at] = b
			if _, err := i.VerifyIDHint(t.Context(), string(m)); err == nil {
				t.Errorf("took %q", m)
			}
		}
	})
}
