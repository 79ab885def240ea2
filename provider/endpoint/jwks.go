package endpoint

import (
	"net/http"
	"time"
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

// Serve answers with the key set.
func (e *JWKS) Serve(w http.ResponseWriter, r *http.Request) error {
	if e.Fetched != nil {
		e.Fetched(e.Now())
	}
	e.shelf.write(w, r, e.Keys(), "application/jwk-set+json")
	return nil
}
