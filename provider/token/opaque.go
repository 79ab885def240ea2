package token

import (
	"encoding/base64"
	"fmt"
	"strings"

	"latchkey/provider/oauth"
)

// AccessPrefix begins every opaque access token, so that leaked ones are found by scanners.
const AccessPrefix = "lka_"

const accessPurpose = "access token"

// sealAccess makes an opaque token: the claims, sealed. So it needs no row, and says nothing to whoever holds it.
func (i *Issuer) sealAccess(claims []byte) (string, error) {
	sealed, err := i.keys.Seal(accessPurpose, i.cfg.Issuer, claims)
	if err != nil {
		return "", fmt.Errorf("seal access token: %w", err)
	}
	return AccessPrefix + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// openOpaque returns the claims of an opaque access token. Errors: ErrMalformed.
func (i *Issuer) openOpaque(raw string) ([]byte, error) {
	sealed, err := oauth.DecodeBase64(strings.TrimPrefix(raw, AccessPrefix))
	if err != nil {
		return nil, fmt.Errorf("%w: not base64url", ErrMalformed)
	}
	claims, err := i.keys.Open(accessPurpose, i.cfg.Issuer, sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return claims, nil
}
