// Package logout tells applications that a session ended: the [Dispatcher] posts the notices that the store queued (back channel), and
// [Front] says which addresses the page that says "signed out" is to load in frames (front channel). A notice is sent at least once,
// whatever fails in between, until it is delivered, refused or out of time.
//
// It must not end sessions, decide who is told (the session's own list does), or open connections itself.
//
// OpenID Connect Back-Channel Logout, OpenID Connect Front-Channel Logout.
package logout
