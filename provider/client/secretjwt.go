package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// SecretJWTMethod is client_secret_jwt (OpenID Connect Core §9): a JWT with a MAC by the client's secret.
const SecretJWTMethod = "client_secret_jwt"

// AssertionMACs lists the algorithms of client_secret_jwt. A secret serves for those whose digest is no longer than itself (RFC 7518 §3.2).
func AssertionMACs() []string { return []string{"HS256", "HS384", "HS512"} }

type secretAssertion struct {
	*assertions
	vault Vault
}

func (secretAssertion) Name() string { return SecretJWTMethod }

func (secretAssertion) Claim(_ *http.Request, f oauth.Form) (Claim, error) {
	return claimAssertion(f, true)
}

// noSecret is tried where a client has none, so that it takes as long.
var noSecret = make([]byte, 64)

func (m secretAssertion) Prove(ctx context.Context, c storage.Client, proof string, now time.Time) error {
	j, err := parseJWS(proof)
	if err != nil {
		return fmt.Errorf("%w: client_assertion: %w", ErrWrong, err)
	}
	if !slices.Contains(allowed(c, AssertionMACs()), j.Alg) { // RFC 8725 §3.1
		return fmt.Errorf("%w: client_assertion: algorithm", ErrWrong)
	}
	secrets, err := HMACSecrets(m.vault, c, now)
	if err != nil {
		return err
	}
	if len(secrets) == 0 {
		_ = j.macBy(noSecret)
		return fmt.Errorf("%w: %w", ErrWrong, errors.New("the client has no secret that is kept for MACs"))
	}
	held := false
	for _, s := range secrets {
		held = j.macBy(s) || held
	}
	if !held { // RFC 7523 §3(9)
		return fmt.Errorf("%w: client_assertion: MAC", ErrWrong)
	}
	return m.accept(ctx, c, Verified{Header: j.Header, Payload: j.payload}, now)
}

// allowed are the algorithms of assertions that the client may use (OpenID Connect Registration §2, token_endpoint_auth_signing_alg).
func allowed(c storage.Client, served []string) []string {
	if c.AuthAlg == "" {
		return served
	}
	return slices.DeleteFunc(served, func(alg string) bool { return alg != CanonicalAlg(c.AuthAlg) })
}
