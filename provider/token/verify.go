package token

import (
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"latchkey/provider/oauth"
)

// MaxBytes caps a token before anything is parsed.
const MaxBytes = 8 << 10

// The ways in which a token of ours can be bad.
var (
	// ErrMalformed: not a compact JWS that we could have made, or with a bad signature, issuer or type.
	ErrMalformed = errors.New("malformed token")
	// ErrExpired: ours, but past its time.
	ErrExpired = errors.New("expired token")
)

// VerifyAccess checks signature, type, issuer and expiry of an access token of ours, a JWT (RFC 9068 §4) or opaque. The audience is the caller's to check.
// What the claims refer to is shared with others who show the same token: nobody may change it.
// Errors: ErrMalformed, ErrExpired (with the claims).
func (i *Issuer) VerifyAccess(raw string) (Access, error) {
	if len(raw) > MaxBytes {
		return Access{}, fmt.Errorf("%w: too long", ErrMalformed)
	}
	if strings.HasPrefix(raw, AccessPrefix) {
		payload, err := i.openOpaque(raw)
		if err != nil {
			return Access{}, err
		}
		c, err := i.accessClaims(payload)
		if err != nil {
			return Access{}, err
		}
		return c, i.inTime(c)
	}
	sum := sha256.Sum256([]byte(raw))
	if seen, ok := i.verified.find(sum); ok {
		if _, _, ours := i.keys.PublicKey(seen.kid); ours { // else the key was revoked, or is gone: as any other token of it
			return seen.claims, i.inTime(seen.claims)
		}
	}
	payload, kid, err := i.open(raw, AccessType)
	if err != nil {
		return Access{}, err
	}
	c, err := i.accessClaims(payload)
	if err != nil {
		return Access{}, err
	}
	if err := i.inTime(c); err != nil {
		return c, err
	}
	i.verified.keep(sum, remembered{claims: c, kid: kid, size: len(raw)})
	return c, nil
}

func (i *Issuer) accessClaims(payload []byte) (Access, error) {
	var c Access
	if err := json.Unmarshal(payload, &c); err != nil {
		return Access{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if c.Issuer != i.cfg.Issuer {
		return Access{}, fmt.Errorf("%w: issuer", ErrMalformed)
	}
	return c, nil
}

// inTime: our own tokens need no allowance for clocks.
func (i *Issuer) inTime(c Access) error {
	if !i.cfg.Now().Before(time.Unix(c.Expires, 0)) {
		return ErrExpired
	}
	return nil
}

// open checks the JWS and its type and returns the payload and the key's ID. The key is chosen from our own set by kid; the algorithm is that key's
// (RFC 8725 §3.1); jku, x5u, jwk and x5c are never read, crit is refused.
func (i *Issuer) open(raw, typ string) (payload []byte, kid string, err error) {
	h, err := header(raw)
	if err != nil {
		return nil, "", err
	}
	if !strings.EqualFold(h.Type, typ) { // RFC 8725 §3.11
		return nil, "", fmt.Errorf("%w: typ", ErrMalformed)
	}
	alg, key, ok := i.keys.PublicKey(h.KeyID)
	if !ok || alg != h.Alg {
		return nil, "", fmt.Errorf("%w: no such key", ErrMalformed)
	}
	payload, err = verify(raw, alg, key)
	return payload, h.KeyID, err
}

func verify(raw, alg string, key crypto.PublicKey) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return payload, nil
}

type joseHeader struct {
	Alg   string          `json:"alg"`
	KeyID string          `json:"kid"`
	Type  string          `json:"typ"`
	Crit  json.RawMessage `json:"crit"`
}

// header reads the protected header and checks the length, and that all three parts are strict base64url.
func header(raw string) (joseHeader, error) {
	var h joseHeader
	if len(raw) > MaxBytes {
		return h, fmt.Errorf("%w: too long", ErrMalformed)
	}
	if strings.Count(raw, ".") != 2 {
		return h, fmt.Errorf("%w: not three parts", ErrMalformed)
	}
	var first []byte
	for n, part := range strings.Split(raw, ".") {
		b, err := oauth.DecodeBase64(part)
		if err != nil {
			return h, fmt.Errorf("%w: not base64url", ErrMalformed)
		}
		if n == 0 {
			first = b
		}
	}
	if err := json.Unmarshal(first, &h); err != nil {
		return h, fmt.Errorf("%w: header", ErrMalformed)
	}
	if h.Crit != nil { // RFC 7515 §4.1.11: none is understood
		return h, fmt.Errorf("%w: crit", ErrMalformed)
	}
	return h, nil
}
