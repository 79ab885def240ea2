package token

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// VerifyIDHint checks an ID token of ours that comes back as id_token_hint: it may have expired (OpenID Connect Core §3.1.2.1,
// RP-Initiated Logout §2). One with HS256 was made by us or by whoever else has the client's secret: by its client, so it must never let
// the client do what it may not do anyway. Errors: ErrMalformed, or a fault of Config.ClientOf.
func (i *Issuer) VerifyIDHint(ctx context.Context, raw string) (ID, error) {
	h, err := header(raw)
	if err != nil {
		return ID{}, err
	}
	var payload []byte
	if h.Alg == HS256 {
		payload, err = i.openHMAC(ctx, raw, h)
	} else {
		payload, _, err = i.open(raw, idType)
	}
	if err != nil {
		return ID{}, err
	}
	return i.parseID(payload)
}

// parseID reads the claims. What has no times is no ID token, but signed userinfo.
func (i *Issuer) parseID(payload []byte) (ID, error) {
	var c ID
	if err := json.Unmarshal(payload, &c); err != nil {
		return ID{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if c.Issuer != i.cfg.Issuer || len(c.Audience) == 0 || c.Expires == 0 || c.IssuedAt == 0 {
		return ID{}, fmt.Errorf("%w: issuer", ErrMalformed)
	}
	return c, nil
}

// openHMAC checks a token that was signed with a client's secret. The audience says whose, before anything is believed; the secret is that
// client's own, and only if it registered the algorithm (RFC 8725 §3.1).
func (i *Issuer) openHMAC(ctx context.Context, raw string, h joseHeader) ([]byte, error) {
	if h.KeyID != "" || !strings.EqualFold(h.Type, idType) || i.cfg.ClientOf == nil {
		return nil, fmt.Errorf("%w: header", ErrMalformed)
	}
	last := strings.LastIndexByte(raw, '.')
	in, sig := raw[:last], raw[last+1:]
	_, enc, _ := strings.Cut(in, ".")
	payload, err := oauth.DecodeBase64(enc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	mac, err := oauth.DecodeBase64(sig)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	claims, err := i.parseID(payload)
	if err != nil {
		return nil, err
	}
	if len(claims.Audience) != 1 {
		return nil, fmt.Errorf("%w: audience", ErrMalformed)
	}
	c, err := i.cfg.ClientOf(ctx, claims.Audience[0])
	if errors.Is(err, storage.ErrNotFound) || (err == nil && IDTokenAlg(c) != HS256) {
		return nil, fmt.Errorf("%w: no such key", ErrMalformed)
	}
	if err != nil {
		return nil, fmt.Errorf("read client: %w", err)
	}
	secrets, err := i.secrets(c)
	if errors.Is(err, errNoSecret) {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err != nil {
		return nil, err
	}
	good := false
	for _, s := range secrets {
		good = hmac.Equal(hmacSHA256(s, []byte(in)), mac) || good
	}
	if !good {
		return nil, fmt.Errorf("%w: signature", ErrMalformed)
	}
	return payload, nil
}
