package bare

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// claims are those of an access token (RFC 9068 §2.2).
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Client   string `json:"client_id"`
	Scope    string `json:"scope"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	ID       string `json:"jti"`
}

func newClaims() claims {
	now := time.Now().Unix()
	return claims{"https://id.example.test", "6a3f0f0e-7c58-4b5e-9d51-0c5a0c5b8a11", "https://api.example.test", "machine", "read", now, now + 300, rand.Text()}
}

const kid = "k-0123456789abcdef"

// signer makes Signs tokens at each call.
func (w Work) signer() (func() ([]string, error), error) {
	one, err := w.signs()
	return func() ([]string, error) {
		out := make([]string, w.Signs)
		for i := range out {
			var err error
			if out[i], err = one(newClaims()); err != nil {
				return nil, err
			}
		}
		return out, nil
	}, err
}

func (w Work) signs() (func(claims) (string, error), error) {
	var key crypto.Signer
	var err error
	switch w.Alg {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RS256":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		err = fmt.Errorf("no algorithm %q", w.Alg)
	}
	if err != nil {
		return nil, err
	}
	if w.ByHand {
		return byHand(w.Alg, key), nil
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(w.Alg), Key: key}, (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", kid))
	if err != nil {
		return nil, err
	}
	return func(c claims) (string, error) { return jwt.Signed(s).Claims(c).Serialize() }, nil
}

// byHand writes the compact form (RFC 7515 §7.1).
func byHand(alg string, key crypto.Signer) func(claims) (string, error) {
	b64 := base64.RawURLEncoding
	head := b64.EncodeToString([]byte(`{"alg":"` + alg + `","kid":"` + kid + `","typ":"at+jwt"}`))
	return func(c claims) (string, error) {
		body, err := json.Marshal(c)
		if err != nil {
			return "", err
		}
		buf := make([]byte, 0, len(head)+b64.EncodedLen(len(body))+360)
		buf = append(append(buf, head...), '.')
		buf = b64.AppendEncode(buf, body)
		digest := sha256.Sum256(buf)
		var sig []byte
		switch k := key.(type) {
		case *rsa.PrivateKey:
			sig, err = rsa.SignPKCS1v15(nil, k, crypto.SHA256, digest[:])
		case *ecdsa.PrivateKey:
			var r, s *big.Int
			if r, s, err = ecdsa.Sign(rand.Reader, k, digest[:]); err == nil {
				sig = make([]byte, 64) // RFC 7518 §3.4
				r.FillBytes(sig[:32])
				s.FillBytes(sig[32:])
			}
		}
		if err != nil {
			return "", err
		}
		return string(b64.AppendEncode(append(buf, '.'), sig)), nil
	}
}

// verifier checks the ES256 signature of a token of a key.
func verifier(key json.RawMessage, hand bool) (func(token string) error, error) {
	var k jose.JSONWebKey
	if err := json.Unmarshal(key, &k); err != nil {
		return nil, err
	}
	public, ok := k.Key.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%T is no key of ES256", k.Key)
	}
	if hand {
		return func(token string) error { return verifyByHand(public, token) }, nil
	}
	return func(token string) error {
		t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			return err
		}
		var c map[string]any
		return t.Claims(public, &c)
	}, nil
}

func verifyByHand(public *ecdsa.PublicKey, token string) error {
	at := strings.LastIndexByte(token, '.')
	if at < 0 {
		return fmt.Errorf("no token")
	}
	sig, err := base64.RawURLEncoding.DecodeString(token[at+1:])
	if err != nil || len(sig) != 64 {
		return fmt.Errorf("no ES256 signature: %w", err)
	}
	digest := sha256.Sum256([]byte(token[:at]))
	if !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		return fmt.Errorf("the signature is not good")
	}
	_, body, _ := strings.Cut(token[:at], ".")
	b, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return err
	}
	var c map[string]any
	return json.Unmarshal(b, &c)
}
