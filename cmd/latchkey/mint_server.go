package main

import (
	"crypto"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"latchkey/cmd/latchkey/validator"
	"latchkey/provider/admin"
	"latchkey/provider/endpoint"
	"latchkey/provider/token"
)

// The routes of the mint, below those of the operators' API.
const (
	mintRoute  = "/v1/dev/tokens"
	rollRoute  = "/v1/dev/keys/roll"
	stateRoute = "/v1/dev/state"
)

// maxMintTTL is how long minted tokens live where the configured lifetime is longer: keys of the mint end with the process anyway.
const maxMintTTL = time.Hour

// openMint makes the mint of a server in development mode. In any other there is none, and nothing that could be one.
func (c *core) openMint() (err error) {
	if !c.cfg.Dev {
		return nil
	}
	t := tokenConfig(c)
	audience := t.DefaultAudience
	if audience == "" {
		audience = c.cfg.Issuer
	}
	c.mint, err = validator.NewMint(validator.Config{Issuer: c.cfg.Issuer, AccessAlg: t.AccessAlg, Audience: audience, Client: demoID, TTL: min(t.AccessTTL, maxMintTTL), Now: c.now})
	return err
}

// published is the key set with the keys of the mint, where there is one.
func (c *core) published(d endpoint.Document) endpoint.Document {
	if c.mint == nil {
		return d
	}
	body, err := c.mint.Publish(d.Body)
	if err != nil {
		c.log.Error("the key set goes without the keys of minted tokens", "error", err)
		return d
	}
	return endpoint.NewDocument(body, d.MaxAge)
}

// fetchedKeys is told of every fetch of the key set.
func (c *core) fetchedKeys(now time.Time) {
	c.rings.NoteJWKSFetch(now)
	if c.mint != nil {
		c.mint.Fetched()
	}
}

// tokenKeys are the keys of the protocol. In development mode minted tokens are verified too, so that introspection and userinfo know them.
func (c *core) tokenKeys() token.Keys {
	if c.mint == nil {
		return tracedKeys{c.rings}
	}
	return mintedKeys{tracedKeys{c.rings}, c.mint}
}

// mintedKeys knows the public keys of the mint too.
type mintedKeys struct {
	tracedKeys
	mint *validator.Mint
}

// PublicKey implements [latchkey/provider/token.Signer].
func (k mintedKeys) PublicKey(kid string) (alg string, key crypto.PublicKey, ok bool) {
	if alg, key, ok = k.tracedKeys.PublicKey(kid); ok {
		return alg, key, ok
	}
	return k.mint.PublicKey(kid)
}

// withMint adds the mint to the operators' API. Without development mode every request is refused, whatever the configuration of the command says.
func withMint(c *core, api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	for pattern, h := range map[string]func(*http.Request) (any, error){
		"POST " + mintRoute: func(r *http.Request) (any, error) {
			var q validator.Request
			if err := readStrictly(r, &q); err != nil {
				return nil, err
			}
			made, err := c.mint.Make(q)
			if err == nil {
				c.log.LogAttrs(r.Context(), slog.LevelInfo, "tokens minted", slog.Int("tokens", len(made.Tokens)))
			}
			return made, err
		},
		"POST " + rollRoute: func(r *http.Request) (any, error) {
			var q validator.Request
			if err := readStrictly(r, &q); err != nil {
				return nil, err
			}
			return admin.Done{Done: true}, c.mint.Roll(q.Alg)
		},
		"GET " + stateRoute: func(*http.Request) (any, error) { return c.mint.State(), nil },
	} {
		mux.Handle(pattern, mintHandler(c, h))
	}
	return mux
}

func mintHandler(c *core, h func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.cfg.Dev || c.mint == nil {
			answerFault(w, http.StatusForbidden, "forbidden", "tokens are minted by a server in development mode only")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		out, err := h(r)
		if errors.Is(err, validator.ErrRequest) {
			answerFault(w, http.StatusBadRequest, "invalid", err.Error())
			return
		}
		if err != nil {
			c.log.ErrorContext(r.Context(), "minting failed", "error", err)
			answerFault(w, http.StatusInternalServerError, "internal", "it failed; the log says why")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(out) // a command that went away needs no answer
	})
}

// readStrictly decodes a body that has known members only.
func readStrictly(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errors.Join(validator.ErrRequest, errors.New("the body is not what was expected"))
	}
	return nil
}
