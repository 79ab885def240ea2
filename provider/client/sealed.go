package client

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// Vault keeps secrets that we need in the clear.
type Vault interface {
	Seal(purpose, context string, plain []byte) ([]byte, error)
	// Open reverses Seal with the same purpose and context.
	Open(purpose, context string, sealed []byte) ([]byte, error)
}

// secretPurpose is the [Vault] purpose of [storage.ClientSecret].Sealed.
const secretPurpose = "client secret"

// secretContext binds a sealed secret to its client and to the hash that stands beside it, which holds no NUL.
func secretContext(clientID, hash string) string { return clientID + "\x00" + hash }

// SealSecret makes [storage.ClientSecret].Sealed of a secret whose Hash is hash.
func SealSecret(v Vault, clientID, hash, secret string) ([]byte, error) {
	sealed, err := v.Seal(secretPurpose, secretContext(clientID, hash), []byte(secret))
	if err != nil {
		return nil, fmt.Errorf("seal client secret: %w", err)
	}
	return sealed, nil
}

// NeedsSealed tells whether the client's secrets must be kept sealed beside their hashes: it proves itself with a MAC, or asks for one.
func NeedsSealed(c storage.Client) bool {
	return c.AuthMethod == SecretJWTMethod ||
		slices.ContainsFunc([]string{c.AuthAlg, c.IDTokenAlg, c.UserinfoAlg, c.IntrospectionAlg, c.RequestObjectAlg},
			func(alg string) bool { return strings.HasPrefix(alg, "HS") })
}

// HMACSecrets are the client's live secrets that are kept sealed, as keys of HMAC (OpenID Connect Core §10.1), the newest first. Errors: a secret that
// cannot be opened; the text has its ID.
func HMACSecrets(v Vault, c storage.Client, now time.Time) ([][]byte, error) {
	live := slices.DeleteFunc(slices.Clone(c.Secrets), func(s storage.ClientSecret) bool { return s.Sealed == nil || !inForce(s, now) })
	storage.SortStable(live, func(a, b storage.ClientSecret) int { return b.CreatedAt.Compare(a.CreatedAt) })
	out := make([][]byte, 0, len(live))
	for _, s := range live {
		plain, err := v.Open(secretPurpose, secretContext(c.ID, s.Hash), s.Sealed)
		if err != nil {
			return nil, fmt.Errorf("open client secret %s: %w", s.ID, err)
		}
		out = append(out, plain)
	}
	return out, nil
}
