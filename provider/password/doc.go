// Package password judges a password that somebody is about to set: how hard it is to guess, whether everybody's list has it, whether it was in a breach.
// It must not know accounts, and keeps nothing of what it judges.
//
// NIST SP 800-63B-4 §3.1.1.2: blocklists, no composition rules.
package password
