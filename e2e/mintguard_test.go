package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// guard is an API that validates access tokens by hand, as it should be done (RFC 9068 §4), but for one flaw.
type guard struct {
	issuer, audience, scope string
	flaw                    string

	mu      sync.Mutex
	keys    map[string]jose.JSONWebKey
	fetched time.Time
}

// ServeHTTP implements [http.Handler].
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found && g.flaw == "no-token" {
		return
	}
	if !found {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	claims, err := g.check(raw)
	if err == nil && claims == nil {
		w.WriteHeader(http.StatusInternalServerError) // what a framework makes of a nil that nobody expected
		return
	}
	if err == nil && g.scope != "" && g.flaw != "scope" {
		scope, _ := claims["scope"].(string)
		if ok := slices.Contains(strings.Fields(scope), g.scope); !ok && (g.flaw != "scope-prefix" || !strings.HasPrefix(scope, g.scope)) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
	}
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (g *guard) check(raw string) (map[string]any, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 && (g.flaw != "parts" || len(parts) < 3) {
		return nil, errors.New("not three parts")
	}
	decode := base64.RawURLEncoding.DecodeString
	if g.flaw == "base64" { // as lenient as many are
		decode = func(s string) ([]byte, error) {
			return base64.RawURLEncoding.DecodeString(strings.NewReplacer(" ", "", "!", "", "*", "", "$", "").Replace(s))
		}
	}
	head, err := decode(parts[0])
	payload, err2 := decode(parts[1])
	sig, err3 := decode(parts[2])
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	var h joseHead
	if err := json.Unmarshal(head, &h); err != nil {
		return nil, err
	}
	if h.Crit != nil && g.flaw != "crit" {
		return nil, errors.New("crit")
	}
	if h.Typ != "at+jwt" && g.flaw != "typ" && (g.flaw != "typ-missing" || h.Typ != "") {
		return nil, errors.New("typ")
	}
	if err := g.signature(h, parts[0]+"."+parts[1], sig); err != nil {
		return nil, err
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	if claims == nil && g.flaw != "null" {
		return nil, errors.New("null")
	}
	if claims == nil {
		return nil, nil
	}
	return claims, errors.Join(g.times(claims), g.parties(claims))
}

type joseHead struct {
	Alg, Kid, Typ, Jku, X5u string
	Jwk                     *jose.JSONWebKey
	X5c                     []string
	Crit                    any
}

func (g *guard) signature(h joseHead, in string, sig []byte) error {
	if g.flaw == "signature" || g.flaw == "none" && h.Alg == "none" || g.flaw == "none-cases" && strings.EqualFold(h.Alg, "none") {
		return nil
	}
	if g.flaw == "signature-empty" && len(sig) == 0 {
		return nil
	}
	if k, ok, err := g.brought(h); ok || err != nil {
		if err != nil {
			return err
		}
		return verify(k.Key, "ES256", in, sig, "")
	}
	k, ok := g.key(h.Kid)
	if !ok && g.flaw == "kid-empty-secret" && hmac.Equal(mac(nil, in), sig) {
		return nil
	}
	if !ok {
		return errors.New("unknown key")
	}
	if h.Alg == "HS256" && g.flaw == "hmac" { // the library's verify(token, key), where the token says which algorithm
		der, err := x509.MarshalPKIXPublicKey(k.Key)
		if err != nil {
			return err
		}
		if hmac.Equal(mac(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), in), sig) {
			return nil
		}
	}
	if h.Alg != k.Algorithm && (g.flaw != "alg" || h.Alg == "HS256") {
		return errors.New("alg")
	}
	return verify(k.Key, h.Alg, in, sig, g.flaw)
}

func mac(secret []byte, in string) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(in))
	return m.Sum(nil)
}

// brought is the key that a token brings along, where a flaw believes it.
func (g *guard) brought(h joseHead) (jose.JSONWebKey, bool, error) {
	certificate := func(der []byte) (jose.JSONWebKey, bool, error) {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return jose.JSONWebKey{}, false, err
		}
		return jose.JSONWebKey{Key: c.PublicKey}, true, nil
	}
	switch {
	case g.flaw == "jwk" && h.Jwk != nil:
		return *h.Jwk, true, nil
	case g.flaw == "x5c" && h.X5c != nil:
		der, err := base64.StdEncoding.DecodeString(h.X5c[0])
		if err != nil {
			return jose.JSONWebKey{}, false, err
		}
		return certificate(der)
	case (g.flaw == "jku" || g.flaw == "jku-looks") && h.Jku != "":
		set, err := fetchKeys(h.Jku)
		if err != nil || len(set) == 0 || g.flaw == "jku-looks" {
			return jose.JSONWebKey{}, false, errors.New("jku")
		}
		return set[0], true, nil
	case g.flaw == "x5u" && h.X5u != "":
		res, err := http.Get(h.X5u)
		if err != nil {
			return jose.JSONWebKey{}, false, err
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		block, _ := pem.Decode(b)
		if block == nil {
			return jose.JSONWebKey{}, false, errors.New("x5u")
		}
		return certificate(block.Bytes)
	}
	return jose.JSONWebKey{}, false, nil
}

func verify(key any, alg, in string, sig []byte, flaw string) error {
	if e, ok := key.(*ecdsa.PublicKey); ok {
		sum := sha256.Sum256([]byte(in))
		if flaw == "der" && ecdsa.VerifyASN1(e, sum[:], sig) {
			return nil
		}
		if flaw == "longer" && len(sig) > 64 {
			sig = sig[:64]
		}
		if len(sig) != 64 {
			return errors.New("signature's length")
		}
		r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
		if flaw == "psychic" && r.Sign() == 0 && s.Sign() == 0 {
			return nil
		}
		if !ecdsa.Verify(e, sum[:], r, s) {
			return errors.New("signature")
		}
		return nil
	}
	jws, err := jose.ParseSignedCompact(in+"."+base64.RawURLEncoding.EncodeToString(sig), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return err
	}
	_, err = jws.Verify(key.(crypto.PublicKey))
	return err
}
