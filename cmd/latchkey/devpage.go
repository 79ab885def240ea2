package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	jose "github.com/go-jose/go-jose/v4"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
	"latchkey/web"
)

// playgroundID is the client of the developer's pages; it is known only where they are.
const playgroundID = "latchkey-playground"

// devPurpose is what the playground's cookie is sealed for.
const devPurpose = "developer's playground"

// ownClients are the clients that come with the program: the sample application in development mode, and the playground where the developer's pages are.
func ownClients(cfg *config.Config) (all []storage.Client) {
	if cfg.Dev {
		all = append(all, demoClient(cfg.Issuer))
	}
	if cfg.Web.DevPage {
		all = append(all, storage.Client{
			ID: playgroundID, Name: "Playground", URI: cfg.Issuer + "/dev", ApplicationType: "web", AuthMethod: "none", RedirectURIs: []string{cfg.Issuer + web.DevCallback},
			GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"}, Scopes: web.DevScopes(), Version: 1,
		})
	}
	return all
}

// isOwn tells whether an ID is that of one of them: these have no copy in the store.
func isOwn(cfg *config.Config, id string) bool {
	for _, c := range ownClients(cfg) {
		if c.ID == id {
			return true
		}
	}
	return false
}

// devPage gives the developer's pages what they stand on; nil where they are off. The provider is assembled after the pages.
func (c *core) devPage(s *site) *web.Dev {
	if !c.cfg.Web.DevPage {
		return nil
	}
	keys, audience := c.tokenKeys(), c.cfg.Tokens.DefaultAudience
	if audience == "" {
		audience = c.cfg.Issuer
	}
	return &web.Dev{
		ClientID: playgroundID, Audience: audience,
		Discovery: func() []byte { return s.provider.Discovery() },
		Signed:    func(jws string) web.Signature { return signature(keys, jws) },
		Seal: func(plain []byte) (string, error) {
			b, err := keys.Seal(devPurpose, "", plain)
			return base64.RawURLEncoding.EncodeToString(b), err
		},
		Open: func(sealed string) ([]byte, error) {
			b, err := oauth.DecodeBase64(sealed)
			if err != nil {
				return nil, err
			}
			return keys.Open(devPurpose, "", b)
		},
		Call: func(r, q *http.Request) (int, []byte, error) { return callOwn(s.calls, r, q) },
		Lives: func(ctx context.Context, access string) (bool, error) {
			claims, err := s.provider.Issuer.VerifyAccess(access)
			if err != nil {
				return false, nil //nolint:nilerr // what is not good does not live
			}
			live := token.Live{Store: c.store, Client: s.clientOf(c), Admits: s.provider.Issuer.Admits, Now: c.now}
			_, err = live.Check(ctx, claims)
			if errors.Is(err, token.ErrEnded) {
				return false, nil
			}
			return err == nil, err
		},
	}
}

// clientOf finds clients that may be served.
func (s *site) clientOf(c *core) func(context.Context, string) (storage.Client, error) {
	return func(ctx context.Context, id string) (storage.Client, error) {
		one, err := c.registry.Client(ctx, id)
		if err != nil && !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUnknown) {
			return one, storage.ErrNotFound
		}
		return one, err
	}
}

// maxCall bounds what is read of an answer of ours, in bytes.
const maxCall = 1 << 20

// callOwn sends a request to this server as r's visitor would, without a connection.
func callOwn(h http.Handler, r, q *http.Request) (int, []byte, error) {
	q.Host = r.Host
	q.RemoteAddr = net.JoinHostPort(serve.RecordOf(r.Context()).Address, "0")
	q.RequestURI = q.URL.RequestURI()
	// Of the request that we serve nothing goes on but its end: the call is a request of its own.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer context.AfterFunc(r.Context(), cancel)()
	res, err := inProcess{h}.RoundTrip(q.WithContext(ctx))
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxCall))
	return res.StatusCode, body, err
}

// signature judges a compact JWS with a published key, whatever the token says of keys.
func signature(keys token.Signer, raw string) web.Signature {
	head, _, _ := strings.Cut(raw, ".")
	b, err := oauth.DecodeBase64(head)
	if err != nil {
		return web.Signature{State: "form"}
	}
	var h struct{ Alg, Kid string }
	if err := json.Unmarshal(b, &h); err != nil {
		return web.Signature{State: "form"}
	}
	switch {
	case strings.EqualFold(h.Alg, "none") || h.Alg == "":
		return web.Signature{State: "none"}
	case strings.HasPrefix(h.Alg, "HS"):
		return web.Signature{State: "shared"}
	}
	alg, key, ok := keys.PublicKey(h.Kid)
	if !ok || alg != h.Alg { // RFC 8725 §3.1
		return web.Signature{State: "unknown"}
	}
	out := web.Signature{State: "bad", Alg: alg, KID: h.Kid}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return out
	}
	if _, err := jws.Verify(key); err == nil {
		out.State = "good"
	}
	return out
}
