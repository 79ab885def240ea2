package otlp

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// The types below are those messages of opentelemetry/proto that make an ExportTraceServiceRequest. Their tags are OTLP's JSON, which has identifiers in
// hexadecimal, integers of 64 bits as strings and enumerations as numbers; wire.go writes them as protobuf.

type (
	message struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   holder       `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
		SchemaURL  string       `json:"schemaUrl,omitempty"`
	}
	holder struct {
		Attributes []pair `json:"attributes,omitempty"`
	}
	scopeSpans struct {
		Scope     *scope `json:"scope,omitempty"`
		Spans     []span `json:"spans"`
		SchemaURL string `json:"schemaUrl,omitempty"`
	}
	scope struct {
		Name       string `json:"name,omitempty"`
		Version    string `json:"version,omitempty"`
		Attributes []pair `json:"attributes,omitempty"`
	}
	span struct {
		TraceID           trace.TraceID `json:"traceId"`
		SpanID            trace.SpanID  `json:"spanId"`
		TraceState        string        `json:"traceState,omitempty"`
		ParentSpanID      *trace.SpanID `json:"parentSpanId,omitempty"`
		Flags             uint32        `json:"flags,omitempty"`
		Name              string        `json:"name,omitempty"`
		Kind              int           `json:"kind,omitempty"`
		Start             uint64        `json:"startTimeUnixNano,string"`
		End               uint64        `json:"endTimeUnixNano,string"`
		Attributes        []pair        `json:"attributes,omitempty"`
		DroppedAttributes uint32        `json:"droppedAttributesCount,omitempty"`
		Events            []event       `json:"events,omitempty"`
		DroppedEvents     uint32        `json:"droppedEventsCount,omitempty"`
		Links             []link        `json:"links,omitempty"`
		DroppedLinks      uint32        `json:"droppedLinksCount,omitempty"`
		Status            status        `json:"status"`
	}
	event struct {
		Time              uint64 `json:"timeUnixNano,string"`
		Name              string `json:"name,omitempty"`
		Attributes        []pair `json:"attributes,omitempty"`
		DroppedAttributes uint32 `json:"droppedAttributesCount,omitempty"`
	}
	link struct {
		TraceID           trace.TraceID `json:"traceId"`
		SpanID            trace.SpanID  `json:"spanId"`
		TraceState        string        `json:"traceState,omitempty"`
		Attributes        []pair        `json:"attributes,omitempty"`
		DroppedAttributes uint32        `json:"droppedAttributesCount,omitempty"`
		Flags             uint32        `json:"flags,omitempty"`
	}
	status struct {
		Message string `json:"message,omitempty"`
		Code    int    `json:"code,omitempty"`
	}
	pair struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	// value is an AnyValue: at most one member is there.
	value struct {
		String *string  `json:"stringValue,omitempty"`
		Bool   *bool    `json:"boolValue,omitempty"`
		Int    *int64   `json:"intValue,string,omitempty"`
		Double *double  `json:"doubleValue,omitempty"`
		Array  *array   `json:"arrayValue,omitempty"`
		Pairs  *pairs   `json:"kvlistValue,omitempty"`
		Bytes  *content `json:"bytesValue,omitempty"`
	}
	array struct {
		Values []value `json:"values"`
	}
	pairs struct {
		Values []pair `json:"values"`
	}
	double  float64
	content []byte
)

// MarshalJSON writes what JSON has no number for as protobuf's JSON does.
func (d double) MarshalJSON() ([]byte, error) {
	f := float64(d)
	switch {
	case math.IsNaN(f):
		return []byte(`"NaN"`), nil
	case math.IsInf(f, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-Infinity"`), nil
	}
	return strconv.AppendFloat(nil, f, 'g', -1, 64), nil
}

// MarshalJSON writes base64.
func (c content) MarshalJSON() ([]byte, error) {
	return []byte(`"` + base64.StdEncoding.EncodeToString(c) + `"`), nil
}

// messageOf sorts spans under their scopes. All come from one provider, so they have one resource.
func messageOf(spans []sdktrace.ReadOnlySpan) message {
	res := spans[0].Resource()
	out := resourceSpans{Resource: holder{pairsOf(res.Attributes())}, SchemaURL: res.SchemaURL()}
	at := map[instrumentation.Scope]int{}
	for _, s := range spans {
		of := s.InstrumentationScope()
		n, ok := at[of]
		if !ok {
			n = len(out.ScopeSpans)
			at[of] = n
			out.ScopeSpans = append(out.ScopeSpans, scopeSpans{Scope: scopeOf(of), SchemaURL: of.SchemaURL})
		}
		out.ScopeSpans[n].Spans = append(out.ScopeSpans[n].Spans, spanOf(s))
	}
	return message{[]resourceSpans{out}}
}

func scopeOf(s instrumentation.Scope) *scope {
	if s == (instrumentation.Scope{}) {
		return nil
	}
	return &scope{s.Name, s.Version, pairsOf(s.Attributes.ToSlice())}
}

func spanOf(s sdktrace.ReadOnlySpan) span {
	sc, st := s.SpanContext(), s.Status()
	out := span{
		TraceID: sc.TraceID(), SpanID: sc.SpanID(), TraceState: sc.TraceState().String(), Flags: flags(sc.TraceFlags(), s.Parent()),
		Name: s.Name(), Kind: kind(s.SpanKind()), Start: nanos(s.StartTime()), End: nanos(s.EndTime()),
		Attributes: pairsOf(s.Attributes()), DroppedAttributes: count(s.DroppedAttributes()),
		DroppedEvents: count(s.DroppedEvents()), DroppedLinks: count(s.DroppedLinks()), Status: status{Message: st.Description},
	}
	if id := s.Parent().SpanID(); id.IsValid() {
		out.ParentSpanID = &id
	}
	switch st.Code { // the SDK has them the other way round
	case codes.Ok:
		out.Status.Code = 1
	case codes.Error:
		out.Status.Code = 2
	}
	for _, e := range s.Events() {
		out.Events = append(out.Events, event{nanos(e.Time), e.Name, pairsOf(e.Attributes), count(e.DroppedAttributeCount)})
	}
	for _, l := range s.Links() {
		c := l.SpanContext
		out.Links = append(out.Links, link{c.TraceID(), c.SpanID(), c.TraceState().String(), pairsOf(l.Attributes), count(l.DroppedAttributeCount), flags(c.TraceFlags(), c)})
	}
	return out
}

// flags are those of the W3C in the lowest byte, and above whether the other context came from elsewhere (SpanFlags).
func flags(f trace.TraceFlags, other trace.SpanContext) uint32 {
	out := uint32(f) | 0x100
	if other.IsRemote() {
		out |= 0x200
	}
	return out
}

// kind is a SpanKind of OTLP: 0 is unspecified, then as the SDK has them.
func kind(k trace.SpanKind) int {
	if k < trace.SpanKindInternal || k > trace.SpanKindConsumer {
		return 0
	}
	return int(k)
}

func nanos(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) } // not below 0

func count(n int) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) } // within bounds

func pairsOf(list []attribute.KeyValue) []pair {
	out := make([]pair, 0, len(list))
	for _, kv := range list {
		out = append(out, pair{string(kv.Key), valueOf(kv.Value)})
	}
	return out
}
