package client

import (
	"context"
	"net/http"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// KeyJWTMethod is private_key_jwt (OpenID Connect Core §9): a JWT signed with the client's own key.
const KeyJWTMethod = "private_key_jwt"

type keyAssertion struct {
	*assertions
	keys *Keys
	// federated is for clients for which another issuer vouches.
	federated *federated
}

func (keyAssertion) Name() string { return KeyJWTMethod }

func (keyAssertion) Claim(_ *http.Request, f oauth.Form) (Claim, error) {
	return claimAssertion(f, false)
}

func (m keyAssertion) Prove(ctx context.Context, c storage.Client, proof string, now time.Time) error {
	if c.Federated != nil {
		return m.federated.prove(ctx, c, proof, now)
	}
	v, err := m.keys.Verify(ctx, c, proof, allowed(c, SignatureAlgs())) // RFC 7523 §3(9)
	if err != nil {
		return err
	}
	return m.accept(ctx, c, v, now)
}
