package token

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"latchkey/storage"
)

// HS256 is the one symmetric algorithm that a client can register. Its key is the client's secret (OpenID Connect Core §10.1).
const HS256 = "HS256"

// defaultAlg is where a client registered nothing (OpenID Connect Registration §2, RFC 9701 §6).
const defaultAlg = "RS256"

// IDTokenAlg is the algorithm of a client's ID tokens and logout tokens: RS256 where it registered nothing (OpenID Connect Registration §2).
func IDTokenAlg(c storage.Client) string {
	if c.IDTokenAlg != "" {
		return c.IDTokenAlg
	}
	return defaultAlg
}

// AccessAlgs lists the algorithms that access tokens can be signed with now.
func (i *Issuer) AccessAlgs() []string { return i.keys.Algs() }

// IDTokenAlgs lists those of ID tokens: for discovery, and for what a client may register.
func (i *Issuer) IDTokenAlgs() []string { return i.clientAlgs() }

// UserinfoAlgs lists those of signed userinfo.
func (i *Issuer) UserinfoAlgs() []string { return i.clientAlgs() }

// IntrospectionAlgs lists those of introspection as JWT (RFC 9701 §7).
func (i *Issuer) IntrospectionAlgs() []string { return i.clientAlgs() }

// clientAlgs are those of what is meant for one client. "none" is never among them.
func (i *Issuer) clientAlgs() []string {
	algs := i.keys.Algs()
	if i.cfg.HMACSecrets != nil {
		algs = append(algs[:len(algs):len(algs)], HS256)
	}
	return algs
}

func (i *Issuer) sign(ctx context.Context, alg, typ string, claims []byte, expires time.Time) (string, error) {
	s, err := i.keys.Sign(ctx, alg, typ, claims, expires)
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	return s, nil
}

// ErrNotYet: a key of an algorithm that the client chose is published, but does not sign yet.
var ErrNotYet = errors.New("no key of the client's algorithm signs yet")

// Ready says whether tokens can be signed for the client now. It is asked before anything one-time is taken: a ring that was added to a running
// issuer signs only after its first key was published for long enough. Errors: [ErrNotYet].
func (i *Issuer) Ready(c storage.Client) error {
	algs := i.keys.Algs()
	if id := IDTokenAlg(c); id != HS256 && !slices.Contains(algs, id) {
		return fmt.Errorf("%w: %s", ErrNotYet, id)
	}
	if access := i.accessAlg(c); !c.OpaqueAccessTokens && !slices.Contains(algs, access) {
		return fmt.Errorf("%w: %s", ErrNotYet, access)
	}
	return nil
}

// signFor signs what is meant for one client: with a key of ours, or with its newest secret.
func (i *Issuer) signFor(ctx context.Context, c storage.Client, alg, typ string, claims []byte, expires time.Time) (string, error) {
	if alg != HS256 {
		return i.sign(ctx, alg, typ, claims, expires)
	}
	secrets, err := i.secrets(c)
	if err != nil {
		return "", fmt.Errorf("sign %s for %s: %w", typ, c.ID, err)
	}
	b64 := base64.RawURLEncoding
	head := `{"alg":"` + HS256 + `","typ":"` + typ + `"}` // no kid: the client knows its secret
	in := append(b64.AppendEncode(nil, []byte(head)), '.')
	in = b64.AppendEncode(in, claims)
	mac := hmacSHA256(secrets[0], in)
	return string(b64.AppendEncode(append(in, '.'), mac)), nil
}

// errNoSecret: nothing can be signed with HS256 for this client.
var errNoSecret = errors.New("the client has no live secret of 32 bytes or more")

// secrets are the client's that can be keys, the newest first; at least one. Errors: errNoSecret, or a fault.
func (i *Issuer) secrets(c storage.Client) ([][]byte, error) {
	if i.cfg.HMACSecrets == nil {
		return nil, errNoSecret
	}
	all, err := i.cfg.HMACSecrets(c)
	if err != nil {
		return nil, fmt.Errorf("client secrets: %w", err)
	}
	var out [][]byte
	for _, s := range all {
		if len(s) >= sha256.Size { // RFC 7518 §3.2
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, errNoSecret
	}
	return out, nil
}

func hmacSHA256(key, data []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(data)
	return m.Sum(nil)
}

// halfHash is at_hash and c_hash: the left half of the hash that belongs to alg (OpenID Connect Core §3.1.3.6). Ed25519 goes with SHA-512.
func halfHash(alg, s string) string {
	var sum []byte
	switch alg {
	case "RS384", "PS384", "ES384":
		h := sha512.Sum384([]byte(s))
		sum = h[:]
	case "RS512", "PS512", "ES512", "EdDSA":
		h := sha512.Sum512([]byte(s))
		sum = h[:]
	default:
		h := sha256.Sum256([]byte(s))
		sum = h[:]
	}
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
