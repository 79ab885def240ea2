package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"latchkey/keys"
	"latchkey/provider/serve"
)

// tracedKeys gives every signature of a traced request a span of its own.
type tracedKeys struct{ *keys.Rings }

// Sign implements [latchkey/provider/token.Keys].
func (k tracedKeys) Sign(ctx context.Context, alg, typ string, claims []byte, expires time.Time) (string, error) {
	ctx, end := serve.Span(ctx, "sign", attribute.String("latchkey.alg", alg), attribute.String("latchkey.typ", typ))
	s, err := k.Rings.Sign(ctx, alg, typ, claims, expires)
	end(err)
	return s, err
}
