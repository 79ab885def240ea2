// Package bench measures the throughput of the built binary over loopback, each operation beside its bare cost in the same run: an HTTP
// handler that writes as many bytes, the same with one signature, and one durable write shared by as many writers. The ratio says more
// than the rate, since it depends less on the machine. An answer that is not a success fails the run.
package bench
