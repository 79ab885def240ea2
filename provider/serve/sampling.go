package serve

import (
	"context"
	"encoding/binary"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// sampling is a provider of spans that tells beforehand which are recorded. The SDK prepares a span before it asks its sampler, which costs a
// request that is not sampled more than all else the edge does for it.
type sampling struct {
	*sdktrace.TracerProvider
	sampler sdktrace.Sampler
}

func newSampling(sampler sdktrace.Sampler, opts ...sdktrace.TracerProviderOption) *sampling {
	return &sampling{sdktrace.NewTracerProvider(append(opts, sdktrace.WithSampler(sampler), sdktrace.WithIDGenerator(drawnIDs{}))...), sampler}
}

// samples draws the identifiers of a request's trace and says whether it is recorded.
func (s *sampling) samples(name string) (trace.SpanContext, bool) {
	tid, sid := drawIDs()
	drawn := trace.NewSpanContext(trace.SpanContextConfig{TraceID: tid, SpanID: sid})
	root := sdktrace.SamplingParameters{ParentContext: context.Background(), TraceID: tid, Name: name, Kind: trace.SpanKindServer}
	return drawn, s.sampler.ShouldSample(root).Decision == sdktrace.RecordAndSample
}

// plainSpan has identifiers and records nothing.
type plainSpan struct {
	noop.Span
	context trace.SpanContext
}

// SpanContext implements [trace.Span].
func (s *plainSpan) SpanContext() trace.SpanContext { return s.context }

// drawnIDs gives the span of a request the identifiers that were drawn for it, and others new ones.
type drawnIDs struct{}

// NewIDs implements [sdktrace.IDGenerator].
func (drawnIDs) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if st := stateOf(ctx); st != nil && st.span == nil && st.root.context.IsValid() {
		return st.root.context.TraceID(), st.root.context.SpanID()
	}
	return drawIDs()
}

// NewSpanID implements [sdktrace.IDGenerator].
func (drawnIDs) NewSpanID(context.Context, trace.TraceID) trace.SpanID {
	_, sid := drawIDs()
	return sid
}

// drawIDs makes identifiers that are unique; they are no secrets.
func drawIDs() (tid trace.TraceID, sid trace.SpanID) {
	binary.BigEndian.PutUint64(tid[:8], rand.Uint64())   // #nosec G404 -- unique is enough
	binary.BigEndian.PutUint64(tid[8:], 1|rand.Uint64()) // #nosec G404 -- the same; none may be all zeros
	binary.BigEndian.PutUint64(sid[:], 1|rand.Uint64())  // #nosec G404 -- the same
	return tid, sid
}

// sampler is what OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG say. What they say wrongly is told, and every trace is sampled.
func (t Telemetry) sampler(ctx context.Context) sdktrace.Sampler {
	wrong := func(name, v string) {
		t.Logger.LogAttrs(ctx, slog.LevelWarn, "not usable: every trace is sampled", slog.String("variable", name), slog.String("value", v))
	}
	kind := strings.ToLower(strings.TrimSpace(t.Getenv("OTEL_TRACES_SAMPLER")))
	name, byParent := strings.CutPrefix(kind, "parentbased_")
	var s sdktrace.Sampler
	switch name {
	case "always_on":
		s = sdktrace.AlwaysSample()
	case "always_off":
		s = sdktrace.NeverSample()
	case "traceidratio":
		arg := strings.TrimSpace(t.Getenv("OTEL_TRACES_SAMPLER_ARG"))
		ratio, err := strconv.ParseFloat(arg, 64)
		if arg != "" && (err != nil || !(ratio >= 0 && ratio <= 1)) {
			wrong("OTEL_TRACES_SAMPLER_ARG", arg)
		}
		if err != nil || !(ratio >= 0 && ratio <= 1) {
			ratio = 1
		}
		s = sdktrace.TraceIDRatioBased(ratio)
	default:
		if kind != "" {
			wrong("OTEL_TRACES_SAMPLER", kind)
		}
		s, byParent = sdktrace.AlwaysSample(), true
	}
	if byParent {
		return sdktrace.ParentBased(s)
	}
	return s
}
