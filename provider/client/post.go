package client

import (
	"context"
	"net/http"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// PostMethod is client_secret_post (RFC 6749 §2.3.1).
const PostMethod = "client_secret_post"

type post struct{ secrets *secrets }

func (post) Name() string { return PostMethod }

func (post) Claim(_ *http.Request, f oauth.Form) (Claim, error) {
	secret := f.Get("client_secret")
	if secret == "" {
		return Claim{}, nil
	}
	return Claim{Used: true, ClientID: f.Get("client_id"), Proof: secret}, nil
}

func (m post) Prove(ctx context.Context, c storage.Client, proof string, now time.Time) error {
	return m.secrets.check(ctx, c, proof, now)
}
