package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"

	"latchkey/provider/serve"
	"latchkey/web/theme"
)

//go:embed static templates
var files embed.FS

// assets are the static files, in memory, each plain and compressed.
type assets struct {
	version string
	byName  map[string]asset
}

type asset struct {
	contentType  string
	plain, small []byte // small is gzip, nil where it would not be smaller
}

// remarks are comments of a stylesheet, and the room before lines: browsers need neither.
var remarks = regexp.MustCompile(`(?s)/\*.*?\*/|(?m:^[ \t]+)`)

// scriptRemarks are lines of a script that are comments, and the room before others. No text of ours goes over several lines.
var scriptRemarks = regexp.MustCompile(`(?m)^[ \t]*//.*\n|^[ \t]+`)

func loadAssets(th *theme.Theme) (*assets, error) {
	entries, err := files.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	a := &assets{byName: map[string]asset{}}
	// One hash for the folder, in the path: an address inside the stylesheet stays relative and changes with it.
	sum := sha256.New()
	for _, e := range entries {
		raw, err := files.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read static file: %w", err)
		}
		if path.Ext(e.Name()) == ".css" {
			raw = remarks.ReplaceAll(raw, nil)
		}
		if path.Ext(e.Name()) == ".js" {
			raw = scriptRemarks.ReplaceAll(raw, nil)
		}
		_, _ = fmt.Fprintf(sum, "%s %d\n", e.Name(), len(raw)) // a hash takes everything
		sum.Write(raw)
		f := asset{contentType: typeOf(e.Name()), plain: raw}
		if path.Ext(e.Name()) != ".woff2" {
			if f.small, err = compress(raw); err != nil {
				return nil, err
			}
		}
		a.byName[e.Name()] = f
	}
	if err := a.addTheme(th, sum); err != nil {
		return nil, err
	}
	a.version = hex.EncodeToString(sum.Sum(nil)[:8])
	return a, nil
}

func typeOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	return "text/plain; charset=utf-8"
}

func compress(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("compress static file: %w", err)
	}
	if _, err := z.Write(raw); err != nil {
		return nil, fmt.Errorf("compress static file: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress static file: %w", err)
	}
	if b.Len() >= len(raw) {
		return nil, nil
	}
	return b.Bytes(), nil
}

// asset is the address of a static file.
func (s *Site) asset(name string) string { return s.path("/static/" + s.assets.version + "/" + name) }

func (s *Site) static(w http.ResponseWriter, r *http.Request) error {
	version, name, _ := strings.Cut(strings.TrimPrefix(s.rel(r), "/static/"), "/")
	f, ok := s.assets.byName[name]
	if !ok {
		s.Problem(w, r, serve.Problem{Status: http.StatusNotFound, Kind: "not_found", Reference: serve.RecordOf(r.Context()).ID})
		return nil
	}
	s.send(w, r, f)
	if version != s.assets.version {
		// A page of another release asks while replicas are being replaced: serve what we have, but let nobody keep it.
		w.Header().Set("Cache-Control", "no-store")
	}
	return s.write(w, r, f)
}

// icon serves browsers that ask for the icon where it was 25 years ago.
func (s *Site) icon(w http.ResponseWriter, r *http.Request) error {
	f := s.assets.byName["icon.svg"]
	s.send(w, r, f)
	w.Header().Set("Cache-Control", "public, max-age=86400")
	return s.write(w, r, f)
}

func (s *Site) send(w http.ResponseWriter, r *http.Request, f asset) {
	h := w.Header()
	setHeaders(h, policy{secure: s.secure, immutable: true})
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Length", strconv.Itoa(len(f.plain)))
	if f.small != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			h.Set("Content-Length", strconv.Itoa(len(f.small)))
		}
	}
}

func (s *Site) write(w http.ResponseWriter, r *http.Request, f asset) error {
	body := f.plain
	if w.Header().Get("Content-Encoding") == "gzip" {
		body = f.small
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the browser went away: nobody is left to tell
	}
	return nil
}

// pack compresses the two pages that are long, hold no secret and repeat nothing of their request. No other page may be: how well it compresses would tell what is in it.
func pack(w http.ResponseWriter, r *http.Request, name string, page []byte) []byte {
	if name != "dev_validate" && name != "dev_kit" {
		return page
	}
	w.Header().Set("Vary", "Accept-Encoding")
	small, err := compress(page)
	if err != nil || small == nil || !takesGzip(r.Header.Get("Accept-Encoding")) {
		return page
	}
	w.Header().Set("Content-Encoding", "gzip")
	return small
}

// takesGzip reads Accept-Encoding (RFC 9110 §12.5.3) as far as we need it.
func takesGzip(accept string) bool {
	for item := range strings.SplitSeq(accept, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(item), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q, found := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			return !found || strings.Trim(q, "0.") != ""
		}
	}
	return false
}

func (s *Site) robots(w http.ResponseWriter, r *http.Request) error {
	setHeaders(w.Header(), policy{secure: s.secure})
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte("User-agent: *\nDisallow: /\n"))
	}
	return nil
}
