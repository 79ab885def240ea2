package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"latchkey/keys"
)

// tracedKeys gives every signature a span of its own.
type tracedKeys struct {
	*keys.Rings
	tracer trace.Tracer
}

// Sign implements [latchkey/provider/token.Keys].
func (k tracedKeys) Sign(ctx context.Context, alg, typ string, claims []byte, expires time.Time) (string, error) {
	ctx, span := k.tracer.Start(ctx, "sign", trace.WithAttributes(attribute.String("latchkey.alg", alg), attribute.String("latchkey.typ", typ)))
	defer span.End()
	s, err := k.Rings.Sign(ctx, alg, typ, claims, expires)
	if err != nil {
		span.SetStatus(codes.Error, "signature failed")
	}
	return s, err
}
