// Package otlp sends finished spans to a collector, by OTLP over HTTP (OpenTelemetry Protocol 1.7 §"OTLP/HTTP"), as protobuf or as JSON.
//
// It heeds the variables of the OpenTelemetry specification, "OpenTelemetry Protocol Exporter" (OTEL_EXPORTER_OTLP_*), and is written here because the
// exporter of the SDK brings gRPC along, of which OTLP over HTTP uses nothing (docs/adr/0021).
package otlp
