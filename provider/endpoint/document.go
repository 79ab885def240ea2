package endpoint

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"latchkey/provider/serve"
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

// edition is what tells a document that is served with an age from any other.
func edition(d Document, maxAge time.Duration) serve.Edition {
	return serve.Edition{ETag: d.ETag, MaxAge: maxAge.Truncate(time.Second)}
}

// shelf keeps the headers of the document that was served last: they change with it, and by the second at most.
type shelf struct{ last atomic.Pointer[shelved] }

type shelved struct {
	body    []byte
	seconds int64

	cacheControl, etag, length, contentType []string
}

// anyOrigin is Access-Control-Allow-Origin of what anybody may read. It is shared, and changed by nobody.
var anyOrigin = []string{"*"}

func (s *shelf) headers(d Document, contentType string) *shelved {
	seconds := int64(d.MaxAge / time.Second)
	if last := s.last.Load(); last != nil && last.seconds == seconds && len(last.body) > 0 && len(last.body) == len(d.Body) && &last.body[0] == &d.Body[0] {
		return last
	}
	made := &shelved{body: d.Body, seconds: seconds, etag: []string{d.ETag}, length: []string{strconv.Itoa(len(d.Body))}, contentType: []string{contentType},
		cacheControl: []string{"public, max-age=" + strconv.FormatInt(seconds, 10) + ", must-revalidate"}} // never stale: RFC 9111 §5.2.2.2
	s.last.Store(made)
	return made
}

// write answers with the document, or 304 where the client has it (RFC 9110 §13.1.2). Anybody may read it from any origin.
func (s *shelf) write(w http.ResponseWriter, r *http.Request, d Document, contentType string) {
	made, h := s.headers(d, contentType), w.Header()
	h["Access-Control-Allow-Origin"], h["Cache-Control"], h["Etag"] = anyOrigin, made.cacheControl, made.etag
	if matches(r.Header.Get("If-None-Match"), d.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"], h["Content-Length"] = made.contentType, made.length
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(d.Body)
	}
}

func matches(ifNoneMatch, etag string) bool {
	if ifNoneMatch == "" {
		return false
	}
	for t := range strings.SplitSeq(ifNoneMatch, ",") {
		if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == etag || t == "*" {
			return true
		}
	}
	return false
}
