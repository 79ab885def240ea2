package token

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"time"
)

// ID is the claims of an ID token (OpenID Connect Core §2; `sid`: Front-Channel Logout §3).
type ID struct {
	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	Audience   Audience `json:"aud"`
	Expires    int64    `json:"exp"`
	IssuedAt   int64    `json:"iat"`
	AuthTime   int64    `json:"auth_time,omitempty"`
	Nonce      string   `json:"nonce,omitempty"`
	ACR        string   `json:"acr,omitempty"`
	AMR        []string `json:"amr,omitempty"`
	Authorized string   `json:"azp,omitempty"`
	AtHash     string   `json:"at_hash,omitempty"`
	CHash      string   `json:"c_hash,omitempty"`
	SID        string   `json:"sid,omitempty"`
}

func (i *Issuer) idToken(ctx context.Context, a *Authorization, access string, now time.Time) (string, error) {
	alg := IDTokenAlg(a.Client)
	expires := now.Add(i.IDTTL(a.Client))
	c := ID{
		Issuer: i.cfg.Issuer, Subject: a.Account.Sub, Audience: Audience{a.Client.ID}, IssuedAt: now.Unix(), Expires: expires.Unix(),
		Nonce: a.Grant.Nonce, ACR: a.Grant.ACR, AMR: a.Grant.AMR, Authorized: a.Client.ID, SID: a.Grant.SID,
		AtHash: halfHash(alg, access),
	}
	if !a.Grant.AuthTime.IsZero() {
		c.AuthTime = a.Grant.AuthTime.Unix()
	}
	return i.sign(ctx, alg, "JWT", c, expires)
}

// halfHash is at_hash and c_hash: the left half of the hash that belongs to alg (OpenID Connect Core §3.1.3.6). Ed25519 goes with SHA-512.
func halfHash(alg, s string) string {
	if alg == "EdDSA" {
		sum := sha512.Sum512([]byte(s))
		return base64.RawURLEncoding.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
