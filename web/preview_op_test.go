package web

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// sampleOP is just enough of an OpenID provider for the sample application to be looked at: it signs in turn with RS256, ES256 and
// EdDSA, and every fourth time with a key that is not published.
type sampleOP struct {
	t     *testing.T
	keys  []jose.JSONWebKey
	nonce string
	turn  int
}

func newSampleOP(t *testing.T) *sampleOP {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := func(k any, kid string, alg jose.SignatureAlgorithm) jose.JSONWebKey {
		return jose.JSONWebKey{Key: k, KeyID: kid, Algorithm: string(alg), Use: "sig"}
	}
	return &sampleOP{t: t, keys: []jose.JSONWebKey{key(r, "rsa", jose.RS256), key(e, "ec", jose.ES256), key(ed, "ed", jose.EdDSA), key(foreign, "ec", jose.ES256)}}
}

func (op *sampleOP) mount(mux *http.ServeMux, issuer string) {
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]string{"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/jwks",
			"userinfo_endpoint": issuer + "/userinfo", "end_session_endpoint": issuer + "/_/signout"})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		var set jose.JSONWebKeySet
		for _, k := range op.keys[:3] {
			set.Keys = append(set.Keys, k.Public())
		}
		answer(w, set)
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		op.nonce = q.Get("nonce")
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {"sample"}, "state": {q.Get("state")}, "iss": {issuer}}.Encode(), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]string{"sub": "7c1e", "name": "Ada Byron", "email": "ada.byron@example.com"})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		key := op.keys[op.turn%len(op.keys)]
		op.turn++
		now := time.Now().Unix()
		access := op.sign(key, "at+jwt", map[string]any{"iss": issuer, "sub": "7c1e", "aud": issuer, "client_id": "demo", "iat": now, "exp": now + 900, "scope": "openid profile email", "jti": "a1"})
		id := map[string]any{"iss": issuer, "sub": "7c1e", "aud": "demo", "iat": now, "exp": now + 900, "name": "Ada Byron", "email": "ada.byron@example.com", "at_hash": atHash(key.Algorithm, access)}
		if r.FormValue("grant_type") == "authorization_code" {
			id["nonce"] = op.nonce
		}
		answer(w, map[string]any{"access_token": access, "id_token": op.sign(key, "JWT", id), "refresh_token": "r1", "token_type": "Bearer", "expires_in": 900})
	})
}

func atHash(alg, access string) string {
	if alg == string(jose.EdDSA) {
		sum := sha512.Sum512([]byte(access))
		return base64.RawURLEncoding.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func (op *sampleOP) sign(key jose.JSONWebKey, typ string, claims map[string]any) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		op.t.Error(err)
		return ""
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		op.t.Error(err)
		return ""
	}
	jws, err := s.Sign(raw)
	if err != nil {
		op.t.Error(err)
		return ""
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		op.t.Error(err)
	}
	return compact
}
