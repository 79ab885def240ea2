package token

import (
	"context"
	"fmt"
	"time"
)

// idType is the `typ` of our ID tokens, and of signed userinfo.
const idType = "JWT"

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
	// More are claims of the person that stand beside these; none has the name of one of these.
	More map[string]any `json:"-"`
}

// idToken makes the ID token that goes with an access token ("" if with none).
func (i *Issuer) idToken(ctx context.Context, a *Authorization, access string, now time.Time) (string, error) {
	alg := IDTokenAlg(*a.Client)
	expires := now.Add(i.IDTTL(*a.Client))
	c := ID{
		Issuer: i.cfg.Issuer, Subject: i.Subject(*a.Client, a.Account.Sub), Audience: Audience{a.Client.ID}, IssuedAt: now.Unix(), Expires: expires.Unix(),
		Nonce: a.Grant.Nonce, ACR: a.Grant.ACR, AMR: a.Grant.AMR, Authorized: a.Client.ID, SID: i.SID(*a.Client, a.Grant.SID),
	}
	if access != "" { // OpenID Connect Core §3.1.3.6, §3.2.2.9, §3.3.2.11
		c.AtHash = halfHash(alg, access)
	}
	if a.Code != "" { // OpenID Connect Core §3.3.2.11
		c.CHash = halfHash(alg, a.Code)
	}
	if !a.Grant.AuthTime.IsZero() {
		c.AuthTime = a.Grant.AuthTime.Unix()
	}
	var err error
	if c.More, err = i.idClaims(a); err != nil {
		return "", err
	}
	body, err := c.encode()
	if err != nil {
		return "", fmt.Errorf("encode ID token: %w", err)
	}
	return i.signFor(ctx, *a.Client, alg, idType, body, expires)
}
