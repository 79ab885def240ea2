package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"latchkey/storage"
)

// LogoutType is the `typ` of logout tokens (Back-Channel Logout §2.4).
const LogoutType = "logout+jwt"

// logoutEvent says what a logout token is about (Back-Channel Logout §2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutTTL is how long a logout token counts (Back-Channel Logout §2.4: two minutes are recommended).
const logoutTTL = 2 * time.Minute

type logoutClaims struct {
	Issuer   string              `json:"iss"`
	Subject  string              `json:"sub,omitempty"`
	Audience Audience            `json:"aud"`
	IssuedAt int64               `json:"iat"`
	Expires  int64               `json:"exp"`
	ID       string              `json:"jti"`
	Events   map[string]struct{} `json:"events"`
	SID      string              `json:"sid,omitempty"`
}

// LogoutToken tells a client that a session ended (Back-Channel Logout §2.4). sub is the account's own, "" to tell of the session alone;
// sid is the session's own, "" where all sessions of the account ended. It is signed as the client's ID tokens are.
func (i *Issuer) LogoutToken(ctx context.Context, c storage.Client, sub, sid string) (string, error) {
	if sub == "" && sid == "" {
		return "", errors.New("a logout token needs a subject or a session") // Back-Channel Logout §2.4
	}
	now := i.cfg.Now()
	expires := now.Add(i.signed(logoutTTL))
	claims := logoutClaims{Issuer: i.cfg.Issuer, Audience: Audience{c.ID}, IssuedAt: now.Unix(), Expires: expires.Unix(), ID: Random(16),
		Events: map[string]struct{}{logoutEvent: {}}, SID: i.SID(c, sid)}
	if sub != "" {
		claims.Subject = i.Subject(c, sub)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode logout token: %w", err)
	}
	return i.signFor(ctx, c, IDTokenAlg(c), LogoutType, body, expires)
}
