package keys

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"
)

// Document is the JWK set as it is given out.
type Document struct {
	// Body is JSON (RFC 7517 §5). It is shared and must not be changed.
	Body []byte
	// ETag is a strong entity tag, with its quotes (RFC 9110 §8.8.3).
	ETag string
	// MaxAge is for how long the set may be kept from now on. A handler rounds it down to whole seconds: see [Document.CacheControl].
	MaxAge time.Duration
}

// CacheControl is the value of the header: MaxAge rounded down, and a word to caches not to go on with a stale set where they
// cannot reach us (RFC 9111 §4.2.4).
func (d Document) CacheControl() string {
	return "public, max-age=" + strconv.FormatInt(int64(d.MaxAge/time.Second), 10) + ", must-revalidate"
}

// JWKS is the present JWK set, from memory: every next, active and retiring key, revoked ones never.
func (r *Rings) JWKS() Document {
	snap := r.snap.Load()
	return Document{Body: snap.body, ETag: snap.etag, MaxAge: r.maxAge(snap)}
}

// MaxAge is what [Document.MaxAge] would be now: for whatever else tells of the keys, such as discovery.
func (r *Rings) MaxAge() time.Duration { return r.maxAge(r.snap.Load()) }

// maxAge: a key that this process does not know was written after it last read, so it signs no earlier than lead after that.
// A quarter of JWKSMaxAge is kept back for clocks that differ.
func (r *Rings) maxAge(snap *snapshot) time.Duration {
	good := r.cfg.lead() - r.cfg.JWKSMaxAge/4 - r.cfg.Now().Sub(snap.readAt)
	return max(0, min(r.cfg.JWKSMaxAge, good))
}

// jwks puts the prepared JWKs of the keys that are public together. The order depends on the records alone, so that all
// processes give out the same bytes with the same tag.
func jwks(keys []*key) (body []byte, etag string) {
	var buf bytes.Buffer
	buf.WriteString(`{"keys":[`)
	for _, k := range keys {
		if k.material == nil {
			continue
		}
		if buf.Bytes()[buf.Len()-1] != '[' {
			buf.WriteByte(',')
		}
		buf.Write(k.material.jwk)
	}
	buf.WriteString(`]}`)
	sum := sha256.Sum256(buf.Bytes())
	return buf.Bytes(), `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}
