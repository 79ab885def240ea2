// Package storage is the contract between Latchkey and whatever keeps its data: plain records, role interfaces and
// errors. Drivers live in the folders below; storagetest is the same contract as tests.
//
// It owns: the records, the verbs, and what each verb promises. It must not: import anything of ours, hash, encrypt,
// validate, or read the clock. Every verb that depends on time takes now.
//
// Promises that hold for every verb of every driver:
//
//   - A verb that returns nil has happened and is durable (on disk, for drivers that have one).
//   - A verb that returns an error has changed nothing, except [ErrUnknown], where the outcome is not known.
//   - One-time transitions ([Grants.RedeemCode], [Grants.RotateRefresh], [Effects].Take, [Keyrings.SwapKeyring],
//     [Devices.DecideDevice], [Devices.RedeemDevice], [PushedRequests.TakePushedRequest], [Replays.SpendOnce],
//     [Passkeys.TouchPasskey] of one counter) succeed for exactly one of any number of callers in any number of processes.
//   - Records that are returned are the caller's own copies. Times and durations are kept to the microsecond at least; what is finer may be cut off.
//   - An empty identifier (Sub, SID, grant ID, code hash, token hash, mail ID, client ID, file ID, ID of a passkey, a pushed
//     request or a registration token) is never free: creating with one is [ErrExists]. An identifier whose record has expired is free.
//   - A record whose ExpiresAt is not after now behaves as absent (or as the verb says), whether swept or not.
//
// Bearer secrets never reach a driver in the clear: callers pass hashes or sealed bytes.
package storage
