package client

import (
	"context"
	"net/http"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// NoneMethod is a public client that only names itself (RFC 6749 §2.1, §3.2.1); PKCE stands in for its secret.
const NoneMethod = "none"

type none struct{}

func (none) Name() string { return NoneMethod }

func (none) Claim(r *http.Request, f oauth.Form) (Claim, error) {
	if f.Get("client_id") == "" || f.Get("client_secret") != "" || f.Get("client_assertion") != "" || len(r.Header.Values("Authorization")) > 0 {
		return Claim{}, nil
	}
	return Claim{Used: true, ClientID: f.Get("client_id")}, nil
}

func (none) Prove(_ context.Context, c storage.Client, _ string, _ time.Time) error {
	if c.AuthMethod != NoneMethod {
		return ErrWrong
	}
	return nil
}
