// Package wire is what the driver needs of a PostgreSQL client, and no more: connections that keep prepared statements, batches that are one transaction
// and one round trip, rows, and a pool. Everything below it, connecting, TLS, authentication, the protocol and its deadlines, is pgx's own pgconn; the
// pool is puddle, which pgx's is made of. What is left out is what makes pgx large: types that we do not have, and finding out at run time how any Go
// type might fit any column.
//
// Parameters are strings, numbers, booleans, bytes, times, durations, and lists of some of them; see [Conn.Query]. Results come in binary.
package wire
