package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/provider/admin"
	"latchkey/provider/client"
	"latchkey/provider/fetch"
	"latchkey/storage"
)

// Keep is how secrets that stand in files are kept.
type Keep struct {
	// Hash encodes one; see [client.HashSecret].
	Hash func(secret string) string
	// Env finds a variable of the environment, for secrets that are kept there; nil where there is none.
	Env func(name string) (string, bool)
	// Seal encrypts one, for clients whose algorithms need the secret itself; see [client.SealSecret]. nil where clients are only checked.
	Seal func(clientID, hash, secret string) ([]byte, error)
}

// Served is what the clients of files can choose from.
func (c *Config) Served() client.Served {
	return client.Served{Issuer: c.Issuer, Algs: c.Keys.Algorithms, ForAll: c.Authorization.ResponseTypes, PlainFetch: len(c.Fetch.Allow) > 0, OpenUsernames: !c.UsernamesAreGiven(),
		Fetchable: func(uri string) error { return fetch.Check(uri, c.Fetch.Allow) }}
}

// Record makes the client's record. Each fault's Key is a name of RFC 7591.
func (c *ClientSpec) Record(keep Keep, served client.Served) (storage.Client, []Fault) {
	var faults []Fault
	fault := func(field, format string, args ...any) {
		faults = append(faults, Fault{Key: field, Problem: fmt.Sprintf(format, args...)})
	}
	out := c.made
	out.Scopes, out.JWKS, out.Federated, out.Forward, out.OpaqueAccessTokens, out.Version = strings.Fields(c.Scope), c.JWKS, c.Federated, c.Forward, c.TokenFormat == "opaque", 1
	out.DefaultMaxAge, out.HasDefaultMaxAge = c.DefaultMaxAge.D(), c.DefaultMaxAge.Set
	out.AccessTokenTTL, out.IDTokenTTL, out.RefreshTokenTTL = c.AccessTokenTTL.D(), c.IDTokenTTL.D(), c.RefreshTokenTTL.D()
	localized := client.Metadata{}
	for _, l := range c.localized {
		localized[l.name] = l.text
	}
	for _, f := range client.ReadMetadata(&out, localized, client.Operator, false) {
		fault(f.Field, "%s", f)
	}
	if out.ResponseTypes == nil {
		out.ResponseTypes = client.ResponseTypesFor(served.ForAll, out.GrantTypes)
	}
	client.Complete(&out)
	for i, s := range c.Secrets {
		live, err := s.record(out, keep)
		if err != nil {
			fault(fmt.Sprintf("secrets[%d]", i), "%v", err)
			continue
		}
		out.Secrets = append(out.Secrets, live)
	}
	if len(faults) == 0 {
		for _, f := range client.Check(out, served) {
			fault(f.Field, "%s", f)
		}
		faults = append(faults, federatedFiles(out.Federated)...)
	}
	return out, faults
}

// minSecret is the fewest characters of a client secret that somebody else made (RFC 6749 §10.10).
const minSecret = 16

// leastSecret is the fewest bytes of a secret of c: one that is the key of a MAC is no shorter than its digest (RFC 7518 §3.2).
func leastSecret(c storage.Client) int {
	switch {
	case !client.NeedsSealed(c):
		return minSecret
	case c.AuthAlg == "HS384":
		return 48
	case c.AuthAlg == "HS512":
		return 64
	}
	return 32
}

func (s SecretSpec) record(c storage.Client, keep Keep) (storage.ClientSecret, error) {
	var out storage.ClientSecret
	value, err := s.value(keep.Env)
	if err != nil {
		return out, err
	}
	switch least := leastSecret(c); {
	case s.Hash != "" && !admin.IsSecretHash(s.Hash):
		return out, errors.New("hash is neither sha256: with 64 hex digits nor $argon2id$")
	case s.Hash != "" && client.NeedsSealed(c):
		return out, errors.New("has a hash alone, but the client's algorithms are computed with the secret itself; give value or value_file")
	case s.Hash != "":
		out.Hash = s.Hash
	case len(value) < least:
		return out, fmt.Errorf("is weak: a secret of this client has at least %d characters", least)
	default:
		out.Hash = keep.Hash(value)
	}
	if keep.Seal != nil && client.NeedsSealed(c) {
		if out.Sealed, err = keep.Seal(c.ID, out.Hash, value); err != nil {
			return out, errors.New("cannot be sealed")
		}
	}
	id := sha256.Sum256([]byte(out.Hash))
	out.ID = hex.EncodeToString(id[:4])
	if s.ExpiresAt != "" {
		at, err := time.Parse(time.RFC3339, s.ExpiresAt)
		if err != nil {
			return out, errors.New("expires_at is no RFC 3339 time")
		}
		out.ExpiresAt = at
	}
	return out, nil
}

// value is the secret in plain; "" where there is a hash of it.
func (s SecretSpec) value(env func(string) (string, bool)) (string, error) {
	given := 0
	for _, set := range []bool{s.Value.IsSet(), s.File != "", s.Env != "", s.Hash != ""} {
		if set {
			given++
		}
	}
	if given != 1 {
		return "", errors.New("needs exactly one of value, value_file, value_env and hash")
	}
	if s.Env != "" {
		return s.fromEnv(env)
	}
	if s.File == "" {
		return s.Value.Reveal(), nil
	}
	content, err := ReadFile(s.File)
	if err != nil {
		return "", fmt.Errorf("value_file cannot be read: %w", plain(err))
	}
	return trimNewline(content), nil
}

// fromEnv is the secret in a variable. Those that begin with LATCHKEY_ are configuration.
func (s SecretSpec) fromEnv(env func(string) (string, bool)) (string, error) {
	if strings.HasPrefix(s.Env, "LATCHKEY_") {
		return "", errors.New("value_env begins with LATCHKEY_, which stands for keys of the configuration")
	}
	if env != nil {
		if value, set := env(s.Env); set && value != "" {
			return value, nil
		}
	}
	return "", fmt.Errorf("value_env names %s, which is not set in the environment", s.Env)
}

// Records makes the records of the list in the configuration, which [Load] has checked. A secret that cannot be sealed leaves its client without it.
func (c *Config) Records(keep Keep) []storage.Client {
	out := make([]storage.Client, 0, len(c.Clients))
	if keep.Env == nil {
		keep.Env = c.Declared.Env
	}
	for i := range c.Clients {
		record, _ := c.Clients[i].Record(keep, c.Served())
		out = append(out, record)
	}
	return out
}
