package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"

	"latchkey/provider/serve"
	"latchkey/web/theme"
)

//go:embed templates
var files embed.FS

// packed are the files of static, made by `make generate` without what browsers do not need: a line for each (name, bytes, bytes compressed or 0 where that
// would not be smaller, and SHA-256 of the former, with tabs between them), an empty line, and the files in that order, compressed where that is smaller.
//
//go:embed static.bin
var packed string

// assets are the static files. Each is kept as most browsers take it, and there once.
type assets struct {
	version string
	byName  map[string]asset
}

type asset struct {
	contentType string
	size        int    // as it is
	plain       string // "" where there is small
	small       string // gzip, "" where it would not be smaller
}

func loadAssets(packed string, th *theme.Theme) (*assets, error) {
	head, rest, found := strings.Cut(packed, "\n\n")
	if !found {
		return nil, errors.New("static files are packed without a head")
	}
	a := &assets{byName: map[string]asset{}}
	// One hash for the folder, in the path: an address inside the stylesheet stays relative and changes with it.
	sum := sha256.New()
	_, _ = io.WriteString(sum, head) // a hash takes everything
	for line := range strings.SplitSeq(head, "\n") {
		var name, digest string
		f := asset{}
		small := 0
		_, err := fmt.Sscanf(line, "%s\t%d\t%d\t%s", &name, &f.size, &small, &digest)
		if err != nil || min(f.size, small) < 0 || small > len(rest) || small == 0 && f.size > len(rest) {
			return nil, fmt.Errorf("static files are packed with the line %q", line)
		}
		if f.small, rest = rest[:small], rest[small:]; small == 0 {
			f.plain, rest = rest[:f.size], rest[f.size:]
		}
		f.contentType = typeOf(name)
		a.byName[name] = f
	}
	if rest != "" {
		return nil, errors.New("more static files are packed than their head says")
	}
	if err := a.addTheme(th, sum); err != nil {
		return nil, err
	}
	a.version = hex.EncodeToString(sum.Sum(nil)[:8])
	return a, nil
}

// newAsset keeps a file that is made at run time.
func newAsset(contentType string, raw []byte, text bool) (f asset, err error) {
	f = asset{contentType: contentType, size: len(raw)}
	var small []byte
	if text {
		small, err = compress(raw)
	}
	if f.small = string(small); f.small == "" {
		f.plain = string(raw)
	}
	return f, err
}

// to writes the file as it is. Few browsers ask for that where it is small otherwise.
func (f asset) to(w io.Writer) error {
	if f.small == "" {
		_, err := io.WriteString(w, f.plain)
		return err
	}
	z, err := gzip.NewReader(strings.NewReader(f.small))
	if err != nil {
		return fmt.Errorf("unpack static file: %w", err)
	}
	_, err = io.CopyN(w, z, int64(f.size))
	return err
}

// stylesheet is the one of every page.
func stylesheet() ([]byte, error) {
	a, err := loadAssets(packed, &theme.Theme{})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = a.byName["latchkey.css"].to(&b)
	return b.Bytes(), err
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
		return nil, fmt.Errorf("compress: %w", err)
	}
	if _, err := z.Write(raw); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
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
	h.Set("Content-Length", strconv.Itoa(f.size))
	if f.small != "" {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			h.Set("Content-Length", strconv.Itoa(len(f.small)))
		}
	}
}

func (s *Site) write(w http.ResponseWriter, r *http.Request, f asset) error {
	if r.Method == http.MethodHead {
		return nil
	}
	if w.Header().Get("Content-Encoding") == "gzip" {
		_, _ = io.WriteString(w, f.small) // the browser went away: nobody is left to tell
		return nil
	}
	_ = f.to(w) // likewise
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
