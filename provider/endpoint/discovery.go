package endpoint

import (
	"net/http"
	"sync/atomic"
	"time"

	"latchkey/provider/serve"
)

// Discovery serves the provider metadata (OpenID Connect Discovery §4, RFC 8414 §3), as bytes made once.
type Discovery struct {
	body   atomic.Pointer[Document]
	MaxAge func() time.Duration

	shelf shelf
}

// Set makes the document.
func (e *Discovery) Set(body []byte) {
	d := NewDocument(body, 0)
	e.body.Store(&d)
}

// Body is the document as it is served.
func (e *Discovery) Body() []byte { return e.body.Load().Body }

// Edition implements [serve.Document].
func (e *Discovery) Edition() serve.Edition { return edition(*e.body.Load(), e.MaxAge()) }

// Sent implements [serve.Document].
func (e *Discovery) Sent() {}

// Serve answers with the metadata.
func (e *Discovery) Serve(w http.ResponseWriter, r *http.Request) error {
	d := *e.body.Load()
	d.MaxAge = e.MaxAge()
	e.shelf.write(w, r, d, "application/json")
	return nil
}
