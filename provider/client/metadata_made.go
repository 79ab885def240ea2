package client

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
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
