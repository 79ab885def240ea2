package client

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// BasicMethod is client_secret_basic (RFC 6749 §2.3.1).
const BasicMethod = "client_secret_basic"

type basic struct{ secrets *secrets }

func (basic) Name() string { return BasicMethod }

func (basic) Claim(r *http.Request, _ oauth.Form) (Claim, error) {
	hs := r.Header.Values("Authorization")
	if len(hs) == 0 {
		return Claim{}, nil
	}
	scheme, enc, _ := strings.Cut(hs[0], " ")
	if len(hs) > 1 || !strings.EqualFold(scheme, "Basic") {
		return Claim{}, errInvalidClient()
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(enc)
	if err != nil {
		return Claim{}, errInvalidClient().Because(err)
	}
	id, secret, ok := strings.Cut(string(raw), ":")
	if !ok {
		return Claim{}, errInvalidClient()
	}
	// Both were form-encoded before (RFC 6749 §2.3.1).
	if id, err = url.QueryUnescape(id); err != nil {
		return Claim{}, errInvalidClient().Because(err)
	}
	if secret, err = url.QueryUnescape(secret); err != nil {
		return Claim{}, errInvalidClient().Because(err)
	}
	return Claim{Used: true, ClientID: id, Proof: secret}, nil
}

func (m basic) Prove(ctx context.Context, c storage.Client, proof string, now time.Time) error {
	return m.secrets.check(ctx, c, proof, now)
}
