// Package postgres keeps everything in PostgreSQL, for any number of replicas at once. CockroachDB and YugabyteDB can stand in.
//
// It owns: the schema and its migrations, the statements, the pool of connections, and what becomes of a verb when the database is slow, away, or
// has changed places. It must not: decide in Go what one conditional statement can decide, hold a transaction open between two round trips (but for
// migrations), or keep anybody waiting longer than [Options.Timeout].
//
// A verb is one statement, or a few that travel together: a batch is one round trip, and the server runs it as one transaction. What must hold for a
// batch to go on is asked in it by guards, statements that fail where they find nothing; that undoes the whole batch.
package postgres
