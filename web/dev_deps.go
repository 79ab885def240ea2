package web

import (
	"context"
	"net/http"
)

// Dev is what the developer's pages stand on.
type Dev struct {
	// ClientID is the playground's client: public, with the redirect URI [Dev.Callback] of the issuer. Audience is that of access tokens for which none is
	// asked.
	ClientID, Audience string
	// Discovery is the discovery document.
	Discovery func() []byte
	// Signed judges the signature of a compact JWS with the keys that are published, and with no other.
	Signed func(jws string) Signature
	// Seal and Open keep what a visitor did at the visitor's: nothing of it is stored. Open gives an error for what Seal did not make.
	Seal func(plain []byte) (string, error)
	Open func(sealed string) ([]byte, error)
	// Call sends a request to an address of this issuer as r's visitor would, and reads the answer.
	Call func(r *http.Request, q *http.Request) (status int, body []byte, err error)
	// Lives tells whether what an access token stands on still stands: its client, grant, session and account. It is asked only for tokens of ours with
	// a good signature, and tells no more than an endpoint tells who presents the token.
	Lives func(ctx context.Context, access string) (bool, error)
}

// DevCallback is where answers come to in the playground, under the issuer.
const DevCallback = "/dev/callback"

// Signature is what there is to say of one.
type Signature struct {
	// State is "good", "bad", "unknown" (no such key is published), "shared" (an algorithm with a secret, which is the client's), "none" or "form".
	State string
	// Alg and KID are the key's, where one was found.
	Alg, KID string
}
