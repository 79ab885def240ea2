package token

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"latchkey/provider/oauth"
)

// RefreshPrefix begins every refresh token.
const RefreshPrefix = "lkr_"

const refreshPurpose = "refresh token"

// ErrNotOurs is a refresh token that this service never made.
var ErrNotOurs = errors.New("not a refresh token of ours")

// Refresh names a refresh token: a family, and how often it was rotated before. The token is grant, generation and a MAC over both, so
// the store holds no trace of it, a lost answer can be repeated, and only true tokens of the past count as replays.
type Refresh struct {
	GrantID    string
	Generation int64
}

const grantIDLen = 22 // base64url of 16 bytes

// EncodeRefresh makes the token.
func (i *Issuer) EncodeRefresh(r Refresh) string {
	body := refreshBody(r)
	mac := i.keys.MAC(refreshPurpose, body)
	return RefreshPrefix + base64.RawURLEncoding.EncodeToString(append(body, mac[:]...))
}

// DecodeRefresh reads a token and checks that we made it. Errors: ErrNotOurs.
func (i *Issuer) DecodeRefresh(s string) (Refresh, error) {
	enc, ok := strings.CutPrefix(s, RefreshPrefix)
	if !ok || len(enc) > 128 {
		return Refresh{}, ErrNotOurs
	}
	b, err := oauth.DecodeBase64(enc)
	if err != nil || len(b) != grantIDLen+8+32 {
		return Refresh{}, ErrNotOurs
	}
	body, mac := b[:grantIDLen+8], b[grantIDLen+8:]
	if !i.keys.VerifyMAC(refreshPurpose, body, mac) {
		return Refresh{}, ErrNotOurs
	}
	return Refresh{GrantID: string(body[:grantIDLen]), Generation: int64(binary.BigEndian.Uint64(body[grantIDLen:]))}, nil
}

func refreshBody(r Refresh) []byte {
	body := make([]byte, 0, grantIDLen+8+32)
	body = append(body, r.GrantID...)
	return binary.BigEndian.AppendUint64(body, uint64(r.Generation))
}
