package forward

import (
	"errors"
	"net/http"

	"latchkey/provider/serve"
)

// refused is a request that does not pass. text is for whoever sent it, cause for the log.
type refused struct {
	status int
	text   string
	cause  error
}

func (e *refused) Error() string { return e.text + " " + e.cause.Error() }
func (e *refused) Unwrap() error { return e.cause }

// Face answers in plain text: what a browser shows on the host of an application has none of our pages' pictures and styles.
func Face(w http.ResponseWriter, r *http.Request, err error) int {
	no, ok := errors.AsType[*refused](err)
	if !ok {
		return serve.PlainFace(w, r, err)
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if no.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="latchkey"`) // RFC 9110 §11.6.1, RFC 6750 §3
	}
	w.WriteHeader(no.status)
	_, _ = w.Write([]byte(no.text + "\n")) // a client that has gone needs no answer
	return no.status
}
