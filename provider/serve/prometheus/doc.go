// Package prometheus counts, and shows what it counted in the formats that Prometheus reads: its text format 0.0.4 and OpenMetrics 1.0.
//
// Names and meanings are those of client_golang's package of that name, of which this is the part that is used here. It is written here because that one brings
// protobuf and its reflection along, for a format that nothing asks for: 2 MiB of the binary (docs/adr/0023).
package prometheus
