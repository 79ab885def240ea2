package endpoint

import (
	"net/http"
	"time"

	"latchkey/provider/serve"
)

// JWKS is the key set endpoint (RFC 7517 §5).
type JWKS struct {
	// Keys gives the document of now, from memory.
	Keys func() Document
	// Fetched is told of every fetch; may be nil.
	Fetched func(now time.Time)
	Now     func() time.Time

	shelf shelf
}

// Edition implements [serve.Document].
func (e *JWKS) Edition() serve.Edition {
	d := e.Keys()
	return edition(d, d.MaxAge)
}

// Sent implements [serve.Document].
func (e *JWKS) Sent() {
	if e.Fetched != nil {
		e.Fetched(e.Now())
	}
}

// Serve answers with the key set.
func (e *JWKS) Serve(w http.ResponseWriter, r *http.Request) error {
	e.Sent()
	e.shelf.write(w, r, e.Keys(), "application/jwk-set+json")
	return nil
}
