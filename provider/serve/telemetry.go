package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"

	"latchkey/provider/serve/otlp"
)

// Telemetry says where traces go. The standard OTEL_* variables are heeded, and win over nothing that is set here.
type Telemetry struct {
	// Traces is "otlp", "none", or "" or "auto": as OTEL_TRACES_EXPORTER says, else otlp where an endpoint is given, else none.
	Traces string
	// Endpoint is the base URL of an OTLP/HTTP collector; "" leaves it to OTEL_EXPORTER_OTLP_ENDPOINT.
	Endpoint string
	// Version is service.version; Instance is service.instance.id, "" for none.
	Version, Instance string
	// Getenv reads the environment.
	Getenv func(string) string
	Logger *slog.Logger
}

// Start makes the provider of spans, nil where none are wanted, and a function that flushes and ends it.
// Sampler, batching, headers, time-outs and certificates follow OTEL_TRACES_SAMPLER, OTEL_BSP_* and OTEL_EXPORTER_OTLP_*.
func (t Telemetry) Start(ctx context.Context) (trace.TracerProvider, func(context.Context) error, error) {
	wanted, err := t.wanted()
	if err != nil || !wanted {
		return nil, func(context.Context) error { return nil }, err
	}
	exporter, err := otlp.New(otlp.Config{Endpoint: t.Endpoint, Version: t.Version, Getenv: t.Getenv, Logger: t.Logger})
	if err != nil {
		return nil, nil, fmt.Errorf("start trace exporter: %w", err)
	}
	own := []resource.Option{
		resource.WithAttributes(semconv.ServiceName("latchkey"), semconv.ServiceVersion(t.Version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv(), // last: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win
	}
	if t.Instance != "" {
		own = append([]resource.Option{resource.WithAttributes(semconv.ServiceInstanceID(t.Instance))}, own...)
	}
	res, err := resource.New(ctx, own...)
	if err != nil && !errors.Is(err, resource.ErrPartialResource) && !errors.Is(err, resource.ErrSchemaURLConflict) {
		return nil, nil, fmt.Errorf("describe this service: %w", err)
	}
	provider := newSampling(t.sampler(ctx), sdktrace.WithResource(res), sdktrace.WithBatcher(complaining{exporter, t.Logger}))
	return provider, provider.Shutdown, nil
}

func (t Telemetry) wanted() (bool, error) {
	if strings.EqualFold(t.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	kind := t.Traces
	if kind == "" || kind == "auto" {
		kind = t.Getenv("OTEL_TRACES_EXPORTER")
	}
	switch kind {
	case "otlp":
		return true, nil
	case "none":
		return false, nil
	case "":
		return t.Endpoint != "" || t.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || t.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "", nil
	}
	return false, errors.New("traces can be exported to otlp or none only")
}

// complaining logs what an exporter could not send, in place of OpenTelemetry's global error handler.
type complaining struct {
	sdktrace.SpanExporter
	log *slog.Logger
}

func (c complaining) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := c.SpanExporter.ExportSpans(ctx, spans); err != nil {
		c.log.LogAttrs(ctx, slog.LevelWarn, "spans not exported", slog.Int("spans", len(spans)), slog.String("error", err.Error()))
	}
	return nil
}

// TraceIDs makes a provider whose spans have identifiers and are recorded nowhere: log lines bear a trace id also where no traces are sent.
func TraceIDs() trace.TracerProvider {
	return newSampling(sdktrace.NeverSample(), sdktrace.WithResource(resource.Empty()))
}
