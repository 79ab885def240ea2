package web

import (
	"compress/gzip"
	"net/http"
	"strings"
)

// packed draws a page compressed, where the browser takes that. It is for pages that hold nothing of anybody and echo nothing: what is secret must not
// share a compressed page with what a stranger chose.
func packed(w http.ResponseWriter, r *http.Request, draw func(http.ResponseWriter) error) error {
	w.Header().Set("Vary", "Accept-Encoding, Accept-Language, Cookie")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || r.Method == http.MethodHead {
		return draw(w)
	}
	p := &packing{ResponseWriter: w}
	if err := draw(p); err != nil {
		return err
	}
	if p.zip == nil {
		return nil
	}
	return p.zip.Close()
}

type packing struct {
	http.ResponseWriter
	zip *gzip.Writer
}

// WriteHeader implements [http.ResponseWriter].
func (p *packing) WriteHeader(status int) {
	p.Header().Del("Content-Length")
	p.Header().Set("Content-Encoding", "gzip")
	p.ResponseWriter.WriteHeader(status)
	p.zip = gzip.NewWriter(p.ResponseWriter)
}

// Write implements [http.ResponseWriter]. A page writes its header first.
func (p *packing) Write(b []byte) (int, error) { return p.zip.Write(b) }
