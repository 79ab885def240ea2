package token

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"latchkey/storage"
)

// IntrospectionType is the `typ` of introspection as JWT, and its media type below application/ (RFC 9701 §5).
const IntrospectionType = "token-introspection+jwt"

// answerTTL is for how long the key of a signed answer stays published at least. The answer itself bears no expiry: it says how things are
// when it is made.
const answerTTL = 5 * time.Minute

// IntrospectionAlg is the algorithm of introspection as JWT for a client: RS256 where it registered nothing (RFC 9701 §6).
func IntrospectionAlg(c storage.Client) string {
	if c.IntrospectionAlg != "" {
		return c.IntrospectionAlg
	}
	return defaultAlg
}

// SignUserinfo makes what [Issuer.Userinfo] says a JWT for a client that registered an algorithm for it (OpenID Connect Core §5.3.2). It has
// neither nonce nor times, so that nobody takes it for an ID token.
func (i *Issuer) SignUserinfo(ctx context.Context, c storage.Client, claims map[string]any) (string, error) {
	claims = maps.Clone(claims)
	claims["iss"], claims["aud"] = i.cfg.Issuer, c.ID
	return i.answer(ctx, c, c.UserinfoAlg, idType, claims)
}

// SignIntrospection makes an introspection answer a JWT for the client that asked (RFC 9701 §5).
func (i *Issuer) SignIntrospection(ctx context.Context, c storage.Client, answer any) (string, error) {
	return i.answer(ctx, c, IntrospectionAlg(c), IntrospectionType, struct {
		Issuer   string `json:"iss"`
		Audience string `json:"aud"`
		IssuedAt int64  `json:"iat"`
		Answer   any    `json:"token_introspection"`
	}{i.cfg.Issuer, c.ID, i.cfg.Now().Unix(), answer})
}

func (i *Issuer) answer(ctx context.Context, c storage.Client, alg, typ string, claims any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode %s: %w", typ, err)
	}
	return i.signFor(ctx, c, alg, typ, body, i.cfg.Now().Add(i.signed(answerTTL)))
}
