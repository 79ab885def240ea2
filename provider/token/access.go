package token

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// AccessType is the `typ` of our access tokens (RFC 9068 §2.1).
const AccessType = "at+jwt"

// Audience is an `aud` claim: a string where there is one, an array where there are several (RFC 7519 §4.1.3).
type Audience []string

// MarshalJSON writes a single audience as a string.
func (a Audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON reads both forms.
func (a *Audience) UnmarshalJSON(b []byte) error {
	var one string
	if err := json.Unmarshal(b, &one); err == nil {
		*a = Audience{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(b, &many); err != nil {
		return fmt.Errorf("aud: %w", err)
	}
	*a = many
	return nil
}

// Has tells whether the audience names s.
func (a Audience) Has(s string) bool { return slices.Contains(a, s) }

// Access is the claims of an access token (RFC 9068 §2.2).
type Access struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience Audience `json:"aud"`
	ClientID string   `json:"client_id"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	ID       string   `json:"jti"`
	SID      string   `json:"sid,omitempty"`
	Scope    string   `json:"scope,omitempty"`
	AuthTime int64    `json:"auth_time,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	// Confirmation binds the token to a key (RFC 7800).
	Confirmation json.RawMessage `json:"cnf,omitempty"`
	// Groups are there for clients that want them in access tokens (RFC 9068 §2.2.3.1).
	Groups []string `json:"groups,omitempty"`
	// UserID and Username are for the clients of the account API.
	UserID   int64  `json:"user_id,omitempty"`
	Username string `json:"username,omitempty"`
}

// Bound tells whether the token is bound to a key, so that bearing it proves nothing (RFC 7800 §3).
func (a Access) Bound() bool { return len(a.Confirmation) > 0 }

// GrantID is the family that the token belongs to, "" if none: it is the first part of `jti`.
func (a Access) GrantID() string {
	g, _, ok := strings.Cut(a.ID, ".")
	if !ok {
		return ""
	}
	return g
}

func (i *Issuer) access(ctx context.Context, a *Authorization, now, expires time.Time) (string, error) {
	c := Access{
		Issuer: i.cfg.Issuer, Subject: a.Client.ID, Audience: i.audience(a), ClientID: a.Client.ID,
		IssuedAt: now.Unix(), Expires: expires.Unix(), ID: Random(16),
		SID: i.SID(*a.Client, a.Grant.SID), Scope: a.Scopes.String(), ACR: a.Grant.ACR, AMR: a.Grant.AMR, Confirmation: a.Grant.Confirmation,
	}
	if a.Grant.ID != "" {
		c.ID = a.Grant.ID + "." + Random(9)
	}
	if a.Account.ID != 0 { // else the client itself (RFC 9068 §2.2)
		c.Subject = i.Subject(*a.Client, a.Account.Sub)
		if !a.Grant.AuthTime.IsZero() {
			c.AuthTime = a.Grant.AuthTime.Unix()
		}
		if a.Client.AccountClaims {
			c.UserID, c.Username = a.Account.ID, a.Account.Username
		}
		if a.Client.GroupsInAccessToken && i.brings(a.Scopes, GroupsClaim) {
			c.Groups = i.Groups(*a.Client, a.Account)
		}
	}
	body, err := c.encode()
	if err != nil {
		return "", fmt.Errorf("encode access token: %w", err)
	}
	if a.Client.OpaqueAccessTokens {
		return i.sealAccess(body)
	}
	return i.sign(ctx, i.accessAlg(*a.Client), AccessType, body, expires)
}

func (i *Issuer) accessAlg(c storage.Client) string {
	if c.AccessTokenAlg != "" {
		return c.AccessTokenAlg
	}
	return i.cfg.AccessAlg
}

// audience is the resources asked for (RFC 8707 §2), else the client's default, else the server's. With scope openid the issuer is
// one of them, because its userinfo endpoint takes the token.
func (i *Issuer) audience(a *Authorization) Audience {
	aud := Audience(slices.Clone(a.Resources))
	if len(aud) == 0 {
		if aud = (Audience{i.cfg.DefaultAudience}); a.Client.DefaultAudience != "" {
			aud[0] = a.Client.DefaultAudience
		}
	}
	if a.Scopes.Has("openid") && a.Account.ID != 0 && !aud.Has(i.cfg.Issuer) {
		aud = append(aud, i.cfg.Issuer)
	}
	return aud
}
