package token

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var errVault = errors.New("vault")

func TestOpaqueAccessToken(t *testing.T) {
	r := newRing(t)
	i := issuer(r)
	a := authorization()
	jwt, err := i.Issue(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	a.Client.OpaqueAccessTokens = true
	ans, err := i.Issue(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	raw := ans.AccessToken
	if !strings.HasPrefix(raw, AccessPrefix) || strings.Contains(raw, ".") {
		t.Fatal(raw)
	}
	got, err := i.VerifyAccess(raw)
	if err != nil {
		t.Fatal(err)
	}
	want, err := i.VerifyAccess(jwt.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if got.GrantID() != want.GrantID() || got.ID == want.ID {
		t.Errorf("%s and %s", got.ID, want.ID)
	}
	want.ID = got.ID
	if d := cmp.Diff(want, got); d != "" {
		t.Error("the two forms say different things", d)
	}
	if _, claims := parts(t, ans.IDToken); claims["at_hash"] != half("RS256", raw) {
		t.Error("OpenID Connect Core §3.1.3.6", claims)
	}
	seal := func(purpose, context, claims string) string {
		b, err := r.Seal(purpose, context, []byte(claims))
		if err != nil {
			t.Fatal(err)
		}
		return AccessPrefix + base64.RawURLEncoding.EncodeToString(b)
	}
	const iss, good = "https://id.example.test", `{"iss":"https://id.example.test","sub":"s","exp":99999999999}`
	for name, c := range map[string]struct {
		raw  string
		want error
	}{
		"RFC 7662 §4 good":             {seal(accessPurpose, iss, good), nil},
		"sealed for another purpose":   {seal("flow", iss, good), ErrMalformed},
		"sealed for another issuer":    {seal(accessPurpose, iss+"/x", good), ErrMalformed},
		"RFC 9068 §4 of another":       {seal(accessPurpose, iss, `{"iss":"https://other","exp":99999999999}`), ErrMalformed},
		"RFC 9068 §4 expired":          {seal(accessPurpose, iss, `{"iss":"https://id.example.test","exp":1}`), ErrExpired},
		"no object":                    {seal(accessPurpose, iss, `[]`), ErrMalformed},
		"without prefix":               {strings.TrimPrefix(raw, AccessPrefix), ErrMalformed},
		"prefix alone":                 {AccessPrefix, ErrMalformed},
		"prefix of another thing":      {CodePrefix + strings.TrimPrefix(raw, AccessPrefix), ErrMalformed},
		"prefix before a JWT":          {AccessPrefix + jwt.AccessToken, ErrMalformed},
		"RFC 4648 §3.2 padded":         {raw + "=", ErrMalformed},
		"RFC 4648 §3.3 line break":     {raw[:20] + "\n" + raw[20:], ErrMalformed},
		"cut":                          {raw[:len(raw)-4], ErrMalformed},
		"longer":                       {raw + "AAAA", ErrMalformed},
		"oversize":                     {AccessPrefix + strings.Repeat("A", MaxBytes), ErrMalformed},
		"RFC 8725 §3.11 an ID token":   {AccessPrefix + ans.IDToken, ErrMalformed},
		"RFC 8725 §3.11 refresh token": {i.EncodeRefresh(Refresh{GrantID: NewGrantID(time.Unix(1_800_000_000, 0))}), ErrMalformed},
	} {
		if _, err := i.VerifyAccess(c.raw); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := NewIssuer(i.cfg, noVault{r})
	if _, err := broken.Issue(t.Context(), a); !errors.Is(err, errVault) {
		t.Error(err)
	}
}

// noVault cannot seal.
type noVault struct{ ring }

func (noVault) Seal(string, string, []byte) ([]byte, error) { return nil, errVault }

func FuzzOpaqueAccess(f *testing.F) {
	i := issuer(newRing(f))
	a := authorization()
	a.Client.OpaqueAccessTokens = true
	ans, err := i.Issue(f.Context(), a)
	if err != nil {
		f.Fatal(err)
	}
	// No seed is good: one that is would be as good in the fuzzer's other processes, which make tokens of their own.
	f.Add(ans.AccessToken[:len(ans.AccessToken)-1], 10, byte('x'))
	f.Add(AccessPrefix, 0, byte(0))
	f.Fuzz(func(t *testing.T, raw string, at int, b byte) {
		for _, s := range []string{raw, AccessPrefix + raw} {
			if _, err := i.VerifyAccess(s); err == nil && s != ans.AccessToken {
				t.Errorf("took %q", s)
			}
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
