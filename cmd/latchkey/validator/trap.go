package validator

import (
	"io"
	"net/http"
	"sync/atomic"
)

// Trap serves the keys of an intruder where tokens of "jku" and "x5u" say that they are, so that a validator which believes these takes the token.
type Trap struct {
	made Answer
	hits atomic.Int64
}

// NewTrap serves what an answer of [Mint.Make] says.
func NewTrap(made Answer) *Trap { return &Trap{made: made} }

// Count is how often anybody came.
func (t *Trap) Count() int { return int(t.hits.Load()) }

// ServeHTTP implements [http.Handler].
func (t *Trap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, kind := t.made.JWKS, "application/jwk-set+json"
	switch r.URL.Path {
	case "/jwks.json":
	case "/cert.pem":
		body, kind = t.made.Certificate, "application/pem-certificate-chain"
	default:
		http.NotFound(w, r)
		return
	}
	t.hits.Add(1)
	w.Header().Set("Content-Type", kind)
	_, _ = io.WriteString(w, body)
}
