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

// openAccess returns the claims of an access token of either form. Errors: ErrMalformed.
func (i *Issuer) openAccess(raw string) ([]byte, error) {
	enc, opaque := strings.CutPrefix(raw, AccessPrefix)
	if !opaque {
		return i.open(raw, AccessType)
	}
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("%w: too long", ErrMalformed)
	}
	sealed, err := oauth.DecodeBase64(enc)
	if err != nil {
		return nil, fmt.Errorf("%w: not base64url", ErrMalformed)
	}
	claims, err := i.keys.Open(accessPurpose, i.cfg.Issuer, sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return claims, nil
}
