// Package keys owns the keys of the service: one ring of signing keys for each algorithm (next → active → retiring → gone),
// their rotation, their publication as a JWK set, signatures, and the symmetric secrets that other packages derive keys from: one that
// seals and can be exchanged, and one that makes lasting identifiers and never changes ([Rings.Stable]).
//
// It must not: know HTTP, claims or clients; read the clock by itself; touch the store, decrypt or parse while a request
// waits; or let private material out unsealed.
//
// # The promise
//
// A verifier that keeps the JWK set for no longer than [Document].MaxAge never meets a token whose key it has not got.
// Why that holds, with lead = max(2 × JWKSMaxAge, PublishAhead):
//
//   - The state of a key follows from the times in its record and the present time alone ([State]); these times are decided
//     when the key is written. So all processes change over at the same instant without talking to one another.
//   - A key signs no earlier than lead plus one reload period after it was written. So a process that last read the keyring
//     at L knows every key that may sign before L + lead, and it gives out its set for min(JWKSMaxAge, L + lead − now, less
//     a quarter of JWKSMaxAge for clocks that differ). While the store is away the age shrinks, in the end to 0: from then on
//     the set may lack keys that other processes sign with, and nobody may keep it.
//   - A key that retires stays public until RetiresAt + LongestToken + Skew. [Rings.Sign] refuses a token that could
//     outlive that, also where this process cannot know that the key was retired by another ([ErrStale]).
//   - [Rings.Rotate] brings a change-over forward within these bounds, and then keeps the retiring key public for up to lead
//     longer, for the sake of processes that are cut off from the store. Only [Rings.Revoke] breaks the promise, and says so.
//
// A process that was configured with another JWKSMaxAge or PublishAhead than its neighbours weakens the promise to the
// smaller lead of the two for as long as both run.
//
// # Sealing
//
// Private keys and secrets are stored under a key-encryption key ([Sealer]) that is never stored beside them. To change it:
// add the new key as the last one in every process, then make it the first one in every process, run [Rings.Reseal], then
// remove the old one.
//
// RFC 7515, RFC 7517, RFC 7518 §3, RFC 7638, RFC 8037, RFC 5869, RFC 9111 §4.2, NIST SP 800-38D, C2SP XAES-256-GCM.
package keys
