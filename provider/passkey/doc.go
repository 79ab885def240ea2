// Package passkey is the two ceremonies of Web Authentication: a browser is asked to make a credential, or to sign with one, and its answer is judged.
// What must be remembered in between travels sealed with the page and is good for one browser, for five minutes; that it serves once is for the
// caller to see to, by [Proof.Challenge]. The package must know nothing of accounts, sessions or stores.
//
// Web Authentication Level 3 §7.1, §7.2; attestation is neither asked for nor judged (§5.4.7 "none").
package passkey
