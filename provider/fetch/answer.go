package fetch

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Answer is what stood at an address.
type Answer struct {
	Body []byte
	// ContentType is the media type in lower case, without parameters; "" if none was given.
	ContentType string
	// MaxAge is how much longer the answer may be kept, where HasMaxAge: 0 for no-store and no-cache.
	MaxAge    time.Duration
	HasMaxAge bool
}

func mediaType(h http.Header) string {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// maxAge reads Cache-Control and Age (RFC 9111 §4.2.1, §5.1, §5.2.2).
func maxAge(h http.Header) (age time.Duration, has bool) {
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return 0, true
		case "max-age":
			if d, ok := seconds(strings.Trim(value, `"`)); ok && !has {
				age, has = d, true
			}
		}
	}
	if spent, ok := seconds(h.Get("Age")); ok && has {
		age = max(0, age-spent)
	}
	return age, has
}

// seconds reads delta-seconds; what is larger than can be counted is 2^31 (RFC 9111 §1.2.2).
func seconds(s string) (time.Duration, bool) {
	const most = 1 << 31
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > most {
		n = most
	}
	return time.Duration(n) * time.Second, true
}
