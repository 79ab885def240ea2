// Package mail is the courier: it takes queued mail from the outbox, has it composed, sends it, and tries again until it is sent,
// refused for good or out of date. A mail that was queued durably is sent at least once, whatever fails in between.
//
// It must not decide who gets mail, write texts (a [Composer] does), or know HTTP. Neither addresses nor contents reach its log.
//
// RFC 5321 §4.2.1, §4.5.4.1; RFC 5322 §3.6; RFC 3207 (STARTTLS); RFC 8314 (implicit TLS); RFC 3834 §5 (Auto-Submitted).
package mail
