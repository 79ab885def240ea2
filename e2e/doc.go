// Package e2e tests the built binary from outside: the account API over HTTP, relying parties of five libraries, pages in a browser, SIGKILL under load,
// key rotation under load, and what operators do. `go test ./e2e/... -rounds N` runs it; N is the number of kill rounds.
package e2e
