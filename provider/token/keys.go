package token

import (
	"context"
	"crypto"
	"time"
)

// Keys is what tokens are made and checked with. Private keys and secrets stay behind it.
type Keys interface {
	Signer
	Hasher
	Vault
}

// Signer signs and verifies.
type Signer interface {
	// Sign makes a compact JWS with the active key of alg; expires is when the token does, so that the key is kept as long.
	Sign(ctx context.Context, alg, typ string, claims []byte, expires time.Time) (string, error)
	// PublicKey finds one of our own published keys.
	PublicKey(kid string) (alg string, key crypto.PublicKey, ok bool)
	// Algs lists the algorithms that can sign now.
	Algs() []string
}

// Hasher computes with the service's secrets.
type Hasher interface {
	// MAC is from the newest secret; VerifyMAC takes that of any.
	MAC(purpose string, data []byte) [32]byte
	VerifyMAC(purpose string, data, mac []byte) bool
	// Stable is a MAC under a secret that never changes.
	Stable(purpose string, data []byte) [32]byte
}

// Vault encrypts with the service's secrets: only the same purpose and context open what was sealed.
type Vault interface {
	Seal(purpose, context string, plain []byte) ([]byte, error)
	Open(purpose, context string, sealed []byte) ([]byte, error)
}
