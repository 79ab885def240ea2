package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
)

// Option changes how one endpoint is served.
type Option func(*endpoint)

// Route tells the endpoint's route template, such as "/media/{id}", for log and spans. Without it the endpoint's name stands there.
func Route(template string) Option { return func(ep *endpoint) { ep.route = template } }

// MaxBody caps the endpoint's request bodies, in bytes, in place of [Config].MaxBody.
func MaxBody(n int64) Option { return func(ep *endpoint) { ep.maxBody = n } }

// At sets the endpoint's priority; [Interactive] unless set.
func At(p Priority) Option { return func(ep *endpoint) { ep.priority = p } }

// SameOrigin refuses unsafe requests that another site's page sent, with [CrossSite]: for everything that takes a browser's form.
func SameOrigin() Option {
	return func(ep *endpoint) { ep.crossOrigin = http.NewCrossOriginProtection() }
}

// CORS lets pages of other origins call the endpoint, if allow says so for their origin; methods are what its path serves. Credentials
// (cookies) are never allowed, and the opaque origin "null" is always refused. Errors of the endpoint bear the headers too. The route
// must lead OPTIONS to an endpoint with this option.
func CORS(allow func(ctx context.Context, origin string) (bool, error), methods ...string) Option {
	return func(ep *endpoint) {
		ep.cors = &cors{allow: allow, methods: strings.Join(methods, ", ")}
	}
}

type endpoint struct {
	edge        *Edge
	name, route string
	face        Face
	handler     Handler
	maxBody     int64
	priority    Priority
	crossOrigin *http.CrossOriginProtection
	cors        *cors
	// prepared are answers of the handler that the door gives; nil where it gives none.
	prepared *prepared
}

// Handle makes an [http.Handler] of one endpoint. The name is a metric label: every endpoint has its own, fixed one.
// What h returns, and what it panics with, is answered by face.
func (e *Edge) Handle(name string, face Face, h Handler, opts ...Option) http.Handler {
	ep := &endpoint{edge: e, name: name, route: name, face: face, handler: h, maxBody: e.cfg.MaxBody, priority: Interactive}
	for _, opt := range opts {
		opt(ep)
	}
	e.lane(ep)
	return ep
}

// ServeHTTP implements [http.Handler]. Outside of [Edge.Wrap] it serves too, but writes no log line, metric or span.
func (ep *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	st := stateOf(r.Context())
	if st == nil {
		st, r = ep.edge.begin(w, r)
		w = &st.w
		defer ep.edge.metrics.inFlight.Dec()
		defer st.end()
	}
	st.rec.Endpoint, st.route = ep.name, ep.route
	if ep.cors != nil && ep.cors.apply(w, r) {
		return
	}
	err := ep.serve(w, r)
	if err == nil {
		return
	}
	if errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	if !ep.edge.failed(w, r, st, ep.face, err) && is[*Panicked](err) {
		panic(http.ErrAbortHandler)
	}
}

func (ep *endpoint) serve(w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			err = http.ErrAbortHandler
		default:
			err = &Panicked{Value: v, Stack: debug.Stack()}
		}
	}()
	if ep.crossOrigin != nil {
		if err := ep.crossOrigin.Check(r); err != nil {
			return &CrossSite{Cause: err}
		}
		if ep.edge.https && downgraded(r) {
			return &CrossSite{Cause: errors.New("the origin is http")}
		}
	}
	if err := ep.body(r); err != nil {
		return err
	}
	give, ok := ep.admit(w, r)
	if !ok {
		return nil
	}
	defer give()
	return ep.handler(w, r)
}

// upload says that the endpoint takes bodies which are too large to be read before a slot is taken.
func (ep *endpoint) upload() bool { return ep.maxBody > ep.edge.cfg.MaxBody }

// downgraded tells a form of an http page, which whoever is on the network can write. The standard library compares hosts alone, for
// browsers too old to send Sec-Fetch-Site.
func downgraded(r *http.Request) bool {
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	return !safe && r.Header.Get("Sec-Fetch-Site") == "" && strings.HasPrefix(r.Header.Get("Origin"), "http://")
}

// body caps the request's body and reads a small one whole, before a slot is taken: slow senders must not hold slots.
func (ep *endpoint) body(r *http.Request) error {
	capped, ok := r.Body.(*cappedBody)
	if !ok {
		return nil
	}
	if r.ContentLength > ep.maxBody {
		return &TooLarge{}
	}
	capped.left = ep.maxBody
	if ep.upload() {
		return nil
	}
	content, err := readAll(capped, r.ContentLength)
	if is[*TooLarge](err) {
		return err
	}
	if err != nil {
		return &BadRequest{Reason: "The request body could not be read."}
	}
	held := &heldBody{content: content, closer: capped}
	held.Reset(content)
	r.Body = held
	return nil
}

// readAll reads a body whose length was told, or that of a request of HTTP/2, which need not tell it.
func readAll(body io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		return io.ReadAll(body)
	}
	content := make([]byte, length)
	_, err := io.ReadFull(body, content)
	return content, err
}

// heldBody is a body that was read. It implements [latchkey/provider/oauth.Held].
type heldBody struct {
	bytes.Reader
	content []byte
	closer  io.Closer
}

// Unread is what nobody has read yet.
func (b *heldBody) Unread() []byte { return b.content[len(b.content)-b.Len():] }

// Close implements [io.Closer].
func (b *heldBody) Close() error { return b.closer.Close() }
