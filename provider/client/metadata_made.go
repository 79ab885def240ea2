package client

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// How what the server makes for clients begins, so that scanners for leaked secrets know it.
const (
	// SecretPrefix begins every client secret that we make.
	SecretPrefix = "lks_"
	// InitialPrefix begins initial access tokens (RFC 7591 §3), ManagePrefix registration access tokens (RFC 7592 §3).
	InitialPrefix = "lki_"
	ManagePrefix  = "lkg_"
	// idPrefix begins the client_id of clients that registered themselves: no account has such a `sub` (RFC 9700 §4.15).
	idPrefix = "dcr-"
)

func random(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// NewID makes a client_id of 128 random bits.
func NewID() string { return idPrefix + random(16) }

// NewSecret makes a secret of 384 random bits for c, so long that it serves for every MAC (RFC 7518 §3.2), and its record. It is sealed too where c
// needs that, so ID and algorithms of c must be there. Errors: the vault's.
func NewSecret(v Vault, c storage.Client, now time.Time) (secret string, s storage.ClientSecret, err error) {
	id := make([]byte, 4)
	_, _ = rand.Read(id) // never fails
	secret = SecretPrefix + random(48)
	s = storage.ClientSecret{ID: hex.EncodeToString(id), Hash: HashSecret(secret), CreatedAt: now.UTC()}
	if NeedsSealed(c) {
		s.Sealed, err = SealSecret(v, c.ID, s.Hash, secret)
	}
	return secret, s, err
}

// NewRegistrationToken makes a token of 256 random bits that begins with prefix, and the hash by which it is kept.
func NewRegistrationToken(prefix string) (token, hash string) {
	token = prefix + random(32)
	return token, HashRegistrationToken(prefix, token)
}

// HashRegistrationToken is the hash by which a token is kept; "" for what is no token of that prefix.
func HashRegistrationToken(prefix, token string) string {
	if !strings.HasPrefix(token, prefix) {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// FitSecrets gives c the secret that it needs, and takes away those that nothing of it rests on. secret is one that was made now, "" where c has one
// that serves, or needs none. Errors: the vault's.
func FitSecrets(v Vault, c *storage.Client, now time.Time) (secret string, err error) {
	sealed := NeedsSealed(*c)
	switch {
	case !NeedsSecret(*c):
		c.Secrets = nil
		return "", nil
	case len(c.Secrets) > 0 && !slices.ContainsFunc(c.Secrets, func(s storage.ClientSecret) bool { return sealed && s.Sealed == nil }):
		return "", nil
	}
	secret, made, err := NewSecret(v, *c, now)
	if err != nil {
		return "", err
	}
	c.Secrets = []storage.ClientSecret{made} // in place of hashes, from which no secret comes back
	return secret, nil
}
