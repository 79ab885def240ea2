package storage

import (
	"context"
	"time"
)

// SigningKey is one key of a ring. Its state follows from the times alone, so that all replicas agree without talking.
type SigningKey struct {
	// KID is the RFC 7638 thumbprint. Alg is the JWS algorithm (RFC 7518 §3.1, RFC 8037).
	KID, Alg string
	// PublicJWK is the public key as JSON (RFC 7517).
	PublicJWK []byte
	// Sealed is the private key, encrypted; SealKeyID names the key that sealed it.
	Sealed    []byte
	SealKeyID string
	// PublishedAt ≤ ActivatesAt ≤ RetiresAt ≤ GoneAt. RetiresAt and GoneAt are zero while no successor is scheduled.
	PublishedAt, ActivatesAt, RetiresAt, GoneAt time.Time
	// RevokedAt is set by an emergency; a revoked key is neither published nor used.
	RevokedAt time.Time
	// LongestToken is the longest lifetime of tokens that this key may have signed.
	LongestToken time.Duration
}

// Secret is a symmetric secret of the service, such as the one refresh tokens are computed with.
type Secret struct {
	ID        string
	Sealed    []byte
	SealKeyID string
	CreatedAt time.Time
}

// Keyring is all keys. It is small and is read and written whole.
type Keyring struct {
	// Revision is 0 for the empty keyring and raised by every write.
	Revision int64
	Keys     []SigningKey
	Secrets  []Secret
}

// Keyrings keeps the keyring.
type Keyrings interface {
	// Keyring returns it; Revision 0 and no keys where none was ever written.
	Keyring(ctx context.Context) (Keyring, error)
	// SwapKeyring writes k if the stored Revision equals k.Revision, and returns it with the next Revision.
	// Errors: ErrConflict.
	SwapKeyring(ctx context.Context, k Keyring, now time.Time) (Keyring, error)
}
