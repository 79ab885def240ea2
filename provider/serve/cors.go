package serve

import (
	"context"
	"net/http"
)

// maxOrigin bounds an Origin header that is looked up, in bytes: a scheme, a host name of at most 253 and a port.
const maxOrigin = 280

type cors struct {
	allow   func(ctx context.Context, origin string) (bool, error)
	methods string
}

// apply sets the headers of the CORS protocol (Fetch §3.2) and answers a preflight; then it returns true. It comes before anything that
// can fail, so that an application in a browser can read why.
func (c *cors) apply(w http.ResponseWriter, r *http.Request) (done bool) {
	h, origin := w.Header(), r.Header.Get("Origin")
	if h["Vary"] == nil { // Fetch §3.2.5
		h["Vary"] = varyOrigin
	} else {
		h.Add("Vary", "Origin")
	}
	allowed := c.allowed(r, origin)
	if allowed {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
	}
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	if allowed {
		h.Set("Access-Control-Allow-Methods", c.methods)
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP") // DPoP is sent by clients that try it; it is ignored
		h.Set("Access-Control-Max-Age", "7200")
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// allowed says whether the page that asks may read the answer. Where that cannot be found out it may not.
func (c *cors) allowed(r *http.Request, origin string) bool {
	if origin == "" || origin == "null" || len(origin) > maxOrigin || len(r.Header["Origin"]) != 1 {
		return false
	}
	ok, err := c.allow(r.Context(), origin)
	if err != nil {
		RecordOf(r.Context()).Err = err
	}
	return ok && err == nil
}
