// Package counter counts attempts in memory, in a bounded number of counters.
//
// It owns: the counters behind [storage.Limits] of drivers whose store has one process. It must not: write anything to
// disk, so that a failed sign-in costs no write, or grow past its bound, whatever strangers send.
package counter
