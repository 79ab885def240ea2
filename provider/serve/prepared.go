package serve

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Edition tells one version of a document from every other.
type Edition struct {
	// ETag is the document's, a strong one, with its quotes (RFC 9110 §8.8.3).
	ETag string
	// MaxAge is what caches are told, in whole seconds.
	MaxAge time.Duration
}

// Document is what an endpoint answers where that depends on nothing of a request but its method (GET or HEAD) and whether its If-None-Match is the
// document's ETag.
type Document interface {
	// Edition is the one of now. It is asked for each request, so it costs next to nothing.
	Edition() Edition
	// Sent is called for each answer that was given without the endpoint's handler.
	Sent()
}

// Prepared lets the door answer for the endpoint's handler, with what that wrote once for each edition. Who looks at a request before the handler does
// is not asked then: see [Config].Watched.
func Prepared(d Document) Option {
	return func(ep *endpoint) { ep.prepared = &prepared{document: d} }
}

// prepared are the answers of an endpoint that are ready.
type prepared struct {
	document Document
	// ready are by kind.
	ready [4]atomic.Pointer[answer]
}

// kind is what of a request matters for which answer it gets.
type kind int

const (
	// kindHead: the method is HEAD; kindKnown: the client has the document.
	kindHead kind = 1 << iota
	kindKnown
)

// answer is one of an edition. It is not changed once it is ready.
type answer struct {
	edition Edition
	status  int
	// head is all before the value of Date.
	head, body []byte
	timing     prometheus.Observer
	// wire is all of it in the second (of Unix time) that Date tells.
	second int64
	wire   []byte
}

// answer is the one of an edition at a time, nil where none can be made. drawn says that the handler was asked just now.
func (ep *endpoint) answer(k kind, of Edition, now time.Time) (a *answer, drawn bool) {
	ready := &ep.prepared.ready[k]
	second := now.Unix()
	a = ready.Load()
	if a != nil && a.edition == of && a.second == second {
		return a, false
	}
	if a == nil || a.edition != of {
		if a, drawn = ep.draw(k, of), true; a == nil {
			return nil, drawn
		}
	}
	next := *a
	next.second = second
	next.wire = append(make([]byte, 0, len(a.head)+len(http.TimeFormat)+len(headerEnd)+len(a.body)), a.head...)
	next.wire = now.UTC().AppendFormat(next.wire, http.TimeFormat)
	next.wire = append(append(next.wire, headerEnd...), a.body...)
	ready.Store(&next)
	return &next, drawn
}

// draw lets the handler answer a request that says nothing but its kind. It is nil where something is not as the door could send it, or if the edition
// is no longer that of now.
func (ep *endpoint) draw(k kind, of Edition) (a *answer) {
	method := k.method()
	r, err := http.NewRequestWithContext(context.Background(), method, ep.edge.issuer.Scheme+"://"+ep.edge.issuer.Host+ep.route, http.NoBody)
	if err != nil {
		return nil
	}
	if k&kindKnown != 0 {
		r.Header.Set("If-None-Match", of.ETag)
	}
	w := &drawing{header: http.Header{}}
	for _, h := range ep.edge.headers {
		w.header[h.name] = h.value
	}
	defer func() {
		if recover() != nil { // it will again further inside, where that is told
			a = nil
		}
	}()
	err = ep.handler(w, r)
	w.WriteHeader(http.StatusOK) // as net/http does where the handler did not
	if err != nil || !k.sound(w, of) || ep.prepared.document.Edition() != of {
		return nil
	}
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + strconv.Itoa(w.status) + " " + http.StatusText(w.status) + "\r\n")
	_ = w.header.Write(&b) // to memory, in the order of net/http
	b.WriteString("Date: ")
	return &answer{edition: of, status: w.status, head: b.Bytes(), body: w.body.Bytes(), timing: ep.edge.metrics.timing(ep.name, method, w.status)}
}

func (k kind) method() string {
	if k&kindHead != 0 {
		return http.MethodHead
	}
	return http.MethodGet
}

// sound says that net/http would write a drawing as it is, but for Date.
func (k kind) sound(w *drawing, of Edition) bool {
	h := w.header
	for _, name := range [...]string{"Connection", "Date", "Trailer", "Transfer-Encoding"} {
		if h[name] != nil {
			return false
		}
	}
	if h.Get("Etag") != of.ETag {
		return false
	}
	length, body := h.Get("Content-Length"), strconv.Itoa(w.body.Len())
	switch {
	case k&kindKnown != 0:
		return w.status == http.StatusNotModified && length == "" && body == "0" && h["Content-Type"] == nil // RFC 9110 §15.4.5
	case k&kindHead != 0:
		return w.status == http.StatusOK && length != "" && body == "0"
	}
	return w.status == http.StatusOK && length == body && h["Content-Type"] != nil
}
