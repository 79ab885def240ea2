// Package harness runs the built binary for the end-to-end tests and the benchmarks: one process per [Server], with a configuration and
// a store of its own on loopback ports; a mail server that speaks real SMTP ([Mail]); a client of JSON interfaces ([API]); and a page
// client that acts as a browser without JavaScript does ([Browser]).
//
// It knows the product by its command line, its configuration and its wire only: no package of the product is imported here.
package harness
