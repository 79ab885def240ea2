package serve

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
)

// scope names our instrumentation.
const scope = "latchkey/provider/serve"

// asked is a context that remembers what it was asked for.
type asked struct {
	context.Context
	key any
}

// Value implements [context.Context].
func (a *asked) Value(key any) any {
	a.key = key
	return nil
}

// spanKey is the key by which package trace finds a span in a context. A request's context answers to it itself, which saves it another context.
func spanKey() any {
	a := &asked{Context: context.Background()}
	_ = trace.SpanFromContext(a)
	return a.key
}

// startSpan opens the request's span as a new root. A traceparent that came is linked,
// not followed: strangers must not decide what we sample or whose trace we join.
func (e *Edge) startSpan(st *state, r *http.Request) {
	if e.tracer == nil {
		return
	}
	if e.sampling != nil {
		var recorded bool
		if st.root.context, recorded = e.drawTrace(st, r); !recorded {
			return
		}
	}
	opts := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithNewRoot(), trace.WithTimestamp(st.rec.Start)}
	remote := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(r.Header)))
	if remote.IsValid() {
		opts = append(opts, trace.WithLinks(trace.Link{SpanContext: remote}))
	}
	_, st.span = e.tracer.Start(st, method(r), opts...)
	st.root.context = st.span.SpanContext()
}

// drawTrace draws the identifiers of a request's trace and says whether it is recorded. Where the door has drawn them, that counts: who is drawn twice
// is recorded too seldom.
func (e *Edge) drawTrace(st *state, r *http.Request) (trace.SpanContext, bool) {
	if st.door != nil && st.door.drawn != nil {
		drawn := st.door.drawn
		st.door.drawn = nil
		return drawn.context, drawn.recorded
	}
	return e.sampling.samples(method(r))
}

// endSpan names the span by its route and sets the stable attributes of the HTTP semantic conventions; never url.query, which
// holds codes and tokens, and url.path only where the route has no variable part.
func (e *Edge) endSpan(st *state, r *http.Request, status int) {
	if st.span == nil {
		return
	}
	defer st.span.End(trace.WithTimestamp(e.cfg.Now()))
	if !st.span.IsRecording() {
		return
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	attrs := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(method(r)), semconv.HTTPResponseStatusCode(status), semconv.URLScheme(scheme),
		semconv.ServerAddress(hostName(r.Host)), semconv.ClientAddress(st.rec.Address),
		attribute.String("latchkey.request_id", st.rec.ID), attribute.String("latchkey.outcome", st.rec.Outcome),
	}
	if st.route != "" {
		st.span.SetName(method(r) + " " + st.route)
		attrs = append(attrs, semconv.HTTPRoute(st.route))
		if !strings.Contains(st.route, "{") && r.URL.Path == st.route {
			attrs = append(attrs, semconv.URLPath(st.route))
		}
	}
	if ua := r.UserAgent(); ua != "" {
		attrs = append(attrs, semconv.UserAgentOriginal(strings.ToValidUTF8(ua[:min(len(ua), 256)], "?")))
	}
	if status >= 500 {
		attrs = append(attrs, semconv.ErrorTypeKey.String(st.rec.Outcome))
		st.span.SetStatus(codes.Error, "") // RFC 9110 §15.6: our fault
	}
	st.span.SetAttributes(attrs...)
}

// Span opens a span below the one in ctx, with the same provider; end closes it, and marks it failed where err is not nil.
// Without a span in ctx it costs nothing.
func Span(ctx context.Context, name string, attrs ...attribute.KeyValue) (_ context.Context, end func(err error)) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, func(error) {}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithAttributes(attrs...))
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "")
			span.SetAttributes(semconv.ErrorType(err))
		}
		span.End()
	}
}
