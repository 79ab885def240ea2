// Package activity keeps what happened to an account where its owner can read it. It takes audit events as they come, chooses those that concern a person,
// and writes them behind the requests, a batch at a time. It must not decide anything, and nobody waits for it: a process that is killed
// loses what came in the last moments, which is in the log all the same.
package activity
