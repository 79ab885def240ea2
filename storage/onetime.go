package storage

import (
	"context"
	"time"
)

// Purpose is the type of a one-time token. It is part of the token's key: a token of one purpose never serves another.
type Purpose string

// The purposes there are.
const (
	PurposeReset  Purpose = "reset"  // sets a new password
	PurposeVerify Purpose = "verify" // proves an e-mail address
	PurposeProved Purpose = "proved" // stands where a link of verify was: that the address is proven by now
	PurposeRevoke Purpose = "revoke" // "it was not me": ends sessions and voids resets
	PurposeClaim  Purpose = "claim"  // an address that is not proven asked to sign in by mail; used by being looked at
	PurposeInvite Purpose = "invite" // proves the address of an invited account and sets its first password

	PurposeSignIn Purpose = "signin" // signs in by mail
	PurposeCode   Purpose = "code"   // a short code that was mailed, bound to the browser that asked

	PurposeEmail     Purpose = "email"      // proves the address that an account changes to
	PurposeEmailUndo Purpose = "email_undo" // brings the former address back

	PurposeRecoveryCode Purpose = "recovery_code" // stands in for a second factor
	PurposeRecover      Purpose = "recover"       // takes lost factors away, after a wait
	PurposeRecoverStop  Purpose = "recover_stop"  // stops that

	PurposeDevice Purpose = "device" // a browser that is known; used by being looked at, not by being taken
)

// OneTimesListed is how many tokens [OneTimes.ListOneTimes] returns at most.
const OneTimesListed = 100

// OneTimeKey names a one-time token.
type OneTimeKey struct {
	Purpose Purpose
	// Hash of the token.
	Hash string
}

// OneTime is a token that works once.
type OneTime struct {
	OneTimeKey
	AccountID int64
	// Data is what the purpose needs, such as the address that is being proved.
	Data                 []byte
	CreatedAt, ExpiresAt time.Time
}

// OneTimes keeps one-time tokens of existing accounts.
type OneTimes interface {
	// OneTime returns the token without using it. Errors: ErrNotFound.
	OneTime(ctx context.Context, key OneTimeKey, now time.Time) (OneTime, error)
	// ListOneTimes returns an account's unexpired tokens of a purpose, newest CreatedAt first, then by hash, at most [OneTimesListed].
	ListOneTimes(ctx context.Context, accountID int64, purpose Purpose, now time.Time) ([]OneTime, error)
	// ApplyEffects applies with to the account on its own. Errors: ErrNotFound (the account, or with.Take), ErrConflict (with.Version),
	// and those of the verbs.
	ApplyEffects(ctx context.Context, accountID int64, with Effects, now time.Time) error
}

// Mail is a message that waits to be sent.
type Mail struct {
	// ID is random.
	ID        string
	AccountID int64
	// Kind names the text, such as "reset"; Locale the language it is written in.
	Kind, Locale string
	// Sealed is the recipient and everything secret in the message, encrypted by the caller.
	Sealed    []byte
	CreatedAt time.Time
	// NotBefore is when it may be tried (again).
	NotBefore time.Time
	// ExpiresAt is when trying ends and the mail is given up.
	ExpiresAt time.Time
	Attempts  int
	// LastError is a short text for the operator; it holds no address and no secret.
	LastError string
	// LeaseUntil: somebody is sending it.
	LeaseUntil time.Time
}

// OutboxState is for metrics and readiness.
type OutboxState struct {
	// Waiting counts the mails that are due or were tried; Oldest is the earliest time since when one of them could have been sent (the later of its CreatedAt
	// and, where it was never tried, NotBefore), zero if none waits. Failing counts those with Attempts > 0. What is put off to a later time is not counted.
	Waiting, Failing int
	Oldest           time.Time
}

// Outbox queues mail durably. A mail is sent at least once.
type Outbox interface {
	// QueueMail stores mail. Errors: ErrExists (ID).
	QueueMail(ctx context.Context, m []Mail, now time.Time) error
	// LeaseMail takes at most limit mails that are due (NotBefore, LeaseUntil and ExpiresAt considered) and leases them until the given time.
	LeaseMail(ctx context.Context, limit int, until time.Time, now time.Time) ([]Mail, error)
	// FinishMail removes a mail: it was sent, or is given up. Removing one that is gone is no error.
	FinishMail(ctx context.Context, id string, now time.Time) error
	// RetryMail ends the lease, counts an attempt and sets NotBefore and LastError. Errors: ErrNotFound.
	RetryMail(ctx context.Context, id string, notBefore time.Time, lastError string, now time.Time) error
	// OutboxState counts.
	OutboxState(ctx context.Context, now time.Time) (OutboxState, error)
}
