package serve

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/trace"
)

func TestTraceIDs(t *testing.T) {
	_, a := TraceIDs().Tracer("x").Start(context.Background(), "a", trace.WithNewRoot())
	_, b := TraceIDs().Tracer("x").Start(context.Background(), "b", trace.WithNewRoot())
	if !a.SpanContext().IsValid() || a.SpanContext().TraceID() == b.SpanContext().TraceID() || a.IsRecording() || a.SpanContext().IsSampled() {
		t.Errorf("%v %v", a.SpanContext(), b.SpanContext())
	}
}
