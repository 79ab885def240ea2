package otlp

import (
	"context"
	"math"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resources "go.opentelemetry.io/proto/otlp/resource/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
)

// taken is a processor that hands spans to the test.
type taken struct{ spans []sdktrace.ReadOnlySpan }

func (s *taken) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (s *taken) OnEnd(one sdktrace.ReadOnlySpan)                 { s.spans = append(s.spans, one) }
func (s *taken) Shutdown(context.Context) error                  { return nil }
func (s *taken) ForceFlush(context.Context) error                { return nil }

func begun() time.Time { return time.Unix(1700000000, 5) }

// spans are two of one scope and one of another, with everything that a span can have.
func spans(t *testing.T) []sdktrace.ReadOnlySpan {
	t.Helper()
	into := &taken{}
	p := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(into), sdktrace.WithIDGenerator(&counted{}),
		sdktrace.WithResource(resource.NewWithAttributes("https://schema.example/1", attribute.String("service.name", "latchkey"))))
	state, err := trace.ParseTraceState("a=b")
	if err != nil {
		t.Fatal(err)
	}
	remote := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{9}, SpanID: trace.SpanID{8}, TraceFlags: trace.FlagsSampled, TraceState: state, Remote: true})
	ctx := trace.ContextWithSpanContext(t.Context(), remote)
	tr := p.Tracer("first", trace.WithInstrumentationVersion("v1"), trace.WithSchemaURL("https://schema.example/2"))
	ctx, one := tr.Start(ctx, "GET /a", trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(begun()), trace.WithAttributes(
		attribute.String("s", "ä"), attribute.String("empty", ""), attribute.Bool("yes", true), attribute.Bool("no", false), attribute.Int64("n", -1), attribute.Int64("zero", 0),
		attribute.Float64("f", 1.5), attribute.Float64("nan", math.NaN()), attribute.StringSlice("ss", []string{"x", ""}), attribute.BoolSlice("bs", []bool{true}),
		attribute.Int64Slice("ns", []int64{1 << 60}), attribute.Float64Slice("fs", []float64{math.Inf(1)}), attribute.ByteSlice("raw", []byte{1, 0xff}),
		attribute.Slice("mixed", attribute.IntValue(2), attribute.StringValue("t")), attribute.Map("map", attribute.Int("k", 1))),
		trace.WithLinks(trace.Link{SpanContext: remote, Attributes: []attribute.KeyValue{attribute.String("l", "m")}}))
	one.AddEvent("happened", trace.WithTimestamp(begun()), trace.WithAttributes(attribute.Int("e", 7)))
	one.SetStatus(codes.Error, "broken")
	_, two := tr.Start(ctx, "store", trace.WithTimestamp(begun()))
	two.SetStatus(codes.Ok, "")
	two.End(trace.WithTimestamp(begun().Add(time.Second)))
	one.End(trace.WithTimestamp(begun().Add(time.Second)))
	_, three := p.Tracer("second").Start(context.WithoutCancel(t.Context()), "alone", trace.WithNewRoot(), trace.WithTimestamp(begun()))
	three.End(trace.WithTimestamp(begun()))
	return into.spans
}

// counted makes identifiers that are the same each time.
type counted struct{ n byte }

func (c *counted) NewIDs(context.Context) (trace.TraceID, trace.SpanID) {
	c.n++
	return trace.TraceID{1, c.n}, trace.SpanID{2, c.n}
}

func (c *counted) NewSpanID(context.Context, trace.TraceID) trace.SpanID {
	c.n++
	return trace.SpanID{2, c.n}
}

func text(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}

func number(n int64) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}}
}

func truth(b bool) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: b}}
}

func fraction(f float64) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: f}}
}

func list(vs ...*common.AnyValue) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: vs}}}
}

func kv(key string, v *common.AnyValue) *common.KeyValue { return &common.KeyValue{Key: key, Value: v} }

// wanted is the message that spans make, in the types that are generated from OTLP's own definition.
func wanted() *wire.TracesData {
	start, end := uint64(1700000000000000005), uint64(1700000001000000005)
	long, short := func(b ...byte) []byte { return append(b, make([]byte, 16-len(b))...) }, func(b ...byte) []byte { return append(b, make([]byte, 8-len(b))...) }
	first := &wire.Span{
		TraceId: long(9), SpanId: short(2, 1), ParentSpanId: short(8), TraceState: "a=b", Flags: 0x301, Name: "GET /a", Kind: wire.Span_SPAN_KIND_SERVER,
		StartTimeUnixNano: start, EndTimeUnixNano: end, Status: &wire.Status{Code: wire.Status_STATUS_CODE_ERROR, Message: "broken"},
		Attributes: []*common.KeyValue{kv("s", text("ä")), kv("empty", text("")), kv("yes", truth(true)), kv("no", truth(false)), kv("n", number(-1)), kv("zero", number(0)),
			kv("f", fraction(1.5)), kv("nan", fraction(math.NaN())), kv("ss", list(text("x"), text(""))), kv("bs", list(truth(true))), kv("ns", list(number(1<<60))),
			kv("fs", list(fraction(math.Inf(1)))), kv("raw", &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: []byte{1, 0xff}}}), kv("mixed", list(number(2), text("t"))),
			kv("map", &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: &common.KeyValueList{Values: []*common.KeyValue{kv("k", number(1))}}}})},
		Events: []*wire.Span_Event{{TimeUnixNano: start, Name: "happened", Attributes: []*common.KeyValue{kv("e", number(7))}}},
		Links:  []*wire.Span_Link{{TraceId: long(9), SpanId: short(8), TraceState: "a=b", Flags: 0x301, Attributes: []*common.KeyValue{kv("l", text("m"))}}},
	}
	second := &wire.Span{TraceId: long(9), SpanId: short(2, 2), ParentSpanId: short(2, 1), TraceState: "a=b", Flags: 0x101, Name: "store", Kind: wire.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: start, EndTimeUnixNano: end, Status: &wire.Status{Code: wire.Status_STATUS_CODE_OK}}
	third := &wire.Span{TraceId: long(1, 3), SpanId: short(2, 3), Flags: 0x101, Name: "alone", Kind: wire.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: start, EndTimeUnixNano: start, Status: &wire.Status{}}
	return &wire.TracesData{ResourceSpans: []*wire.ResourceSpans{{
		Resource: &resources.Resource{Attributes: []*common.KeyValue{kv("service.name", text("latchkey"))}}, SchemaUrl: "https://schema.example/1",
		ScopeSpans: []*wire.ScopeSpans{
			{Scope: &common.InstrumentationScope{Name: "first", Version: "v1"}, SchemaUrl: "https://schema.example/2", Spans: []*wire.Span{second, first}},
			{Scope: &common.InstrumentationScope{Name: "second"}, Spans: []*wire.Span{third}},
		}}}}
}
