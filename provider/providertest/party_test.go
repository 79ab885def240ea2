package providertest

import (
	"crypto"
	_ "crypto/sha256" // hashes of at_hash and c_hash
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// party is an application that checks whatever it gets, with code of its own. What it was told is kept, to be searched.
type party struct {
	t *testing.T
	*App
	told []string
}

// sealedSecret keeps the client's secret in the clear too, for algorithms that are computed with it.
func (i *Issuer) sealedSecret(c *storage.Client) {
	i.T.Helper()
	sealed, err := client.SealSecret(i.Keys, c.ID, c.Secrets[0].Hash, Secret)
	i.must(err)
	c.Secrets = []storage.ClientSecret{{ID: "1", Hash: c.Secrets[0].Hash, Sealed: sealed}}
}

// jwt checks a signature by the published key of the header's kid, or by the secret, and returns the claims.
func (p *party) jwt(alg, typ, raw string) map[string]any {
	p.t.Helper()
	if alg == "" {
		alg = "RS256" // OpenID Connect Registration §2
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		p.t.Fatalf("%s: %q: %v", alg, raw, err)
	}
	h := jws.Signatures[0].Header
	var key any = []byte(Secret)
	if alg != token.HS256 {
		var set jose.JSONWebKeySet
		p.i.must(json.Unmarshal([]byte(p.i.Call(http.MethodGet, "/jwks.json", nil, nil).Raw), &set))
		found := set.Key(h.KeyID)
		if len(found) != 1 || found[0].Algorithm != alg {
			p.t.Fatalf("%d keys %q for %s", len(found), h.KeyID, alg)
		}
		key = found[0].Key
	}
	body, err := jws.Verify(key)
	if err != nil || h.ExtraHeaders["typ"] != typ {
		p.t.Fatalf("%s: %v: %v", alg, h.ExtraHeaders, err)
	}
	p.told = append(p.told, string(body))
	var claims map[string]any
	p.i.must(json.Unmarshal(body, &claims))
	return claims
}

// leftHalf is at_hash and c_hash, reckoned anew (OpenID Connect Core §3.1.3.6).
func leftHalf(alg, s string) string {
	hash := crypto.SHA256
	switch {
	case strings.HasSuffix(alg, "384"):
		hash = crypto.SHA384
	case strings.HasSuffix(alg, "512"), alg == "EdDSA":
		hash = crypto.SHA512
	}
	h := hash.New()
	h.Write([]byte(s))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:hash.Size()/2])
}

// idToken checks an ID token and the tokens that it vouches for, "" for those that it must not mention (OpenID Connect Core §3.1.3.7, §3.2.2.9, §3.3.2.9).
func (p *party) idToken(raw, access, code string) map[string]any {
	p.t.Helper()
	c := p.jwt(p.IDTokenAlg, "JWT", raw)
	hashes := map[string]string{"at_hash": access, "c_hash": code}
	for name, of := range hashes {
		if got, has := c[name]; has != (of != "") || has && got != leftHalf(p.IDTokenAlg, of) {
			p.t.Errorf("OpenID Connect Core §3.3.2.11 %s: %v", name, c)
		}
		delete(c, name)
	}
	iat, _ := c["iat"].(float64)
	now := float64(p.i.Clock.Now().Unix())
	if c["iss"] != p.i.URL || c["aud"] != p.ID || c["azp"] != p.ID || c["nonce"] != "n-1" || iat > now || iat < now-60 || c["exp"] != iat+3600 {
		p.t.Errorf("OpenID Connect Core §2: %v", c)
	}
	if at, _ := c["auth_time"].(float64); at > now || at < now-600 || c["acr"] != "1" || len(c["amr"].([]any)) != 1 {
		p.t.Errorf("OpenID Connect Core §2: %v", c)
	}
	return c
}

// userinfo asks for the claims, in the form that the client registered.
func (p *party) userinfo(access string) map[string]any {
	p.t.Helper()
	ans := p.i.Userinfo(access)
	p.told = append(p.told, ans.Raw)
	if p.UserinfoAlg == "" || ans.Status != 200 {
		if ans.Status != 200 {
			p.t.Errorf("userinfo: %d %s", ans.Status, ans.Raw)
		}
		return ans.JSON
	}
	c := p.jwt(p.UserinfoAlg, "JWT", ans.Raw)
	if ans.Header.Get("Content-Type") != "application/jwt" || c["iss"] != p.i.URL || c["aud"] != p.ID {
		p.t.Errorf("OpenID Connect Core §5.3.2: %v %v", ans.Header, c)
	}
	delete(c, "iss")
	delete(c, "aud")
	return c
}

// access checks an access token, by introspection where it is opaque.
func (p *party) access(raw string) map[string]any {
	p.t.Helper()
	seen := p.Post("/introspect", "token", raw)
	p.told = append(p.told, seen.Raw)
	c := seen.JSON
	if p.OpaqueAccessTokens != strings.HasPrefix(raw, token.AccessPrefix) {
		p.t.Errorf("the form of %q", raw)
	}
	if !p.OpaqueAccessTokens {
		c = p.jwt("ES256", token.AccessType, raw)
		for name, v := range c {
			if got, _ := json.Marshal(seen.JSON[name]); string(got) != mustJSON(v) {
				p.t.Errorf("RFC 7662 §2.2 introspection says another %s: %s", name, seen.Raw)
			}
		}
	}
	if exp, _ := c["exp"].(float64); c["client_id"] != p.ID || c["iss"] != p.i.URL || exp-c["iat"].(float64) != 300 || c["jti"] == "" {
		p.t.Errorf("RFC 9068 §2.2: %v", c)
	}
	return c
}

func mustJSON(v any) string { b, _ := json.Marshal(v); return string(b) }

// ask sends a request by one of the ways there are, and returns where the browser came to.
func (p *party) ask(b *Browser, how string, pages *web, pairs ...string) *Page {
	p.t.Helper()
	inner := p.object()
	for n := 0; n+1 < len(pairs); n += 2 {
		if inner[pairs[n]] = pairs[n+1]; pairs[n+1] == "" {
			delete(inner, pairs[n])
		}
	}
	outer := append(slices.Clone(pairs), "nonce", "outer")
	switch how {
	case "by POST":
		return b.PostFrom("/authorize", p.Request(pairs...))
	case "by value":
		return b.Get(p.Authorize(append(outer, "request", signObject(p.t, "ES256", inner))...))
	case "by reference":
		pages.pages[objectAt] = signObject(p.t, "RS256", inner)
		return b.Get(p.Authorize(append(outer, "request_uri", objectAt)...))
	case "pushed":
		return b.Get(p.Pushed(p.Push(pairs...), "nonce", "outer"))
	case "pushed and signed":
		return b.Get(p.Pushed(p.Post("/par", "request", signObject(p.t, "EdDSA", inner)), "nonce", "outer"))
	}
	return b.Get(p.Authorize(pairs...))
}

// answers checks an authorization response: the parameters of its type and no others, by the way that was asked for.
func (p *party) answers(page *Page, rt, mode string, more ...string) url.Values {
	p.t.Helper()
	got, by := page.Response()
	if mode == "" {
		if mode = "fragment"; rt == oauth.TypeCode {
			mode = "query"
		}
	}
	wanted := append([]string{"iss", "state"}, more...)
	for word, params := range map[string][]string{"code": {"code"}, "token": {"access_token", "token_type", "expires_in"}, "id_token": {"id_token"}} {
		if oauth.Answers(rt, word) {
			wanted = append(wanted, params...)
		}
	}
	missing := slices.ContainsFunc(wanted, func(n string) bool { return len(got[n]) != 1 || got.Get(n) == "" })
	if missing || len(got) != len(wanted) || string(by) != mode || got.Get("state") != "st" || got.Get("iss") != p.i.URL {
		p.t.Fatalf("by %s: %v, want %v", by, got, wanted)
	}
	p.told = append(p.told, got.Encode())
	return got
}
