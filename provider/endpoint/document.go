package endpoint

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Document is bytes made once, with what caches need.
type Document struct {
	Body   []byte
	ETag   string
	MaxAge time.Duration
}

// NewDocument gives body a strong ETag.
func NewDocument(body []byte, maxAge time.Duration) Document {
	sum := sha256.Sum256(body)
	return Document{Body: body, ETag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, MaxAge: maxAge}
}

// write answers with the document, or 304 where the client has it (RFC 9110 §13.1.2). Anybody may read it from any origin.
func (d Document) write(w http.ResponseWriter, r *http.Request, contentType string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cache-Control", "public, max-age="+strconv.FormatInt(int64(d.MaxAge/time.Second), 10)+", must-revalidate") // never stale: RFC 9111 §5.2.2.2
	h.Set("ETag", d.ETag)
	if matches(r.Header.Get("If-None-Match"), d.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(d.Body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(d.Body)
	}
}

func matches(ifNoneMatch, etag string) bool {
	for t := range strings.SplitSeq(ifNoneMatch, ",") {
		if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == etag || t == "*" {
			return true
		}
	}
	return false
}
