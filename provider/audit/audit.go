// Package audit names what happens to accounts, clients, grants and keys, as typed events for whoever keeps the record.
// It must not decide anything, and an event never holds a secret, a token, a password or an e-mail address.
package audit

import (
	"context"
	"time"
)

// Name is a stable event identifier.
type Name string

// The events. Their text is part of the interface to operators and never changes.
const (
	SignUp           Name = "account.signup"
	SignIn           Name = "account.signin"
	SignInFailed     Name = "account.signin_failed"
	SignOut          Name = "account.signout"
	PasswordChanged  Name = "account.password_changed"
	ResetRequested   Name = "account.reset_requested"
	PasswordReset    Name = "account.password_reset"
	BreachUnchecked  Name = "account.breach_unchecked" // the breach service did not answer; Detail says what came of the password
	EmailVerified    Name = "account.email_verified"
	ProfileChanged   Name = "account.profile_changed"
	GroupsChanged    Name = "account.groups_changed"
	AccountDisabled  Name = "account.disabled"
	AccountEnabled   Name = "account.enabled"
	AccountDeleted   Name = "account.deleted"
	SessionsEnded    Name = "session.ended"
	ConsentGiven     Name = "consent.given"
	ConsentRemoved   Name = "consent.removed"
	DeviceAllowed    Name = "device.allowed"
	DeviceRefused    Name = "device.refused"
	TokenIssued      Name = "token.issued"
	TokenRevoked     Name = "token.revoked"
	CodeReplayed     Name = "grant.code_replayed"
	RefreshReplayed  Name = "grant.refresh_replayed"
	ClientAuthFailed Name = "client.auth_failed"
	ClientBarred     Name = "client.barred"    // a person who is in none of the groups that the client is for
	ClientFederated  Name = "client.federated" // another issuer vouched for it; Detail is the subject and the issuer
	ClientChanged    Name = "client.changed"
	RegTokenChanged  Name = "registration_token.changed" // an initial access token (RFC 7591 §3)
	ForwardSignIn    Name = "forward.signin"             // at an application behind a proxy
	ForwardSignOut   Name = "forward.signout"
	LogoutDelivered  Name = "logout.delivered"
	LogoutGivenUp    Name = "logout.given_up"
	KeyRotated       Name = "key.rotated"
	KeyRevoked       Name = "key.revoked"
	Throttled        Name = "limit.throttled"
	BackupTaken      Name = "backup.taken" // by a command, over the admin socket: everything left, encrypted

	// Second factors; Detail is the method.
	SecondFactor       Name = "account.second_factor"
	SecondFactorFailed Name = "account.second_factor_failed"
	FactorAdded        Name = "account.factor_added"
	FactorRemoved      Name = "account.factor_removed"
	RecoveryCodesMade  Name = "account.recovery_codes_made"
	FactorsReset       Name = "account.factors_reset" // all of them at once; Detail says by whom

	PasskeyAdded       Name = "passkey.added"
	PasskeyRemoved     Name = "passkey.removed"
	PasskeyRenamed     Name = "passkey.renamed"
	EmailChangeAsked   Name = "email.change_asked"
	EmailChangeStopped Name = "email.change_stopped"
	EmailChanged       Name = "email.changed"
	EmailRestored      Name = "email.restored" // the former address was brought back
	RecoveryBegun      Name = "recovery.begun"
	RecoveryStopped    Name = "recovery.stopped"
	RecoveryDone       Name = "recovery.done"           // a person lost every second factor: they were taken away
	StoppedByMail      Name = "account.stopped_by_mail" // the owner stopped resets, changes of address and recoveries, and nothing else
	TermsAccepted      Name = "terms.accepted"
	Invited            Name = "account.invited"
	InviteAccepted     Name = "invite.accepted"
	SetUp              Name = "account.first"     // the first account was made with the code
	PasskeyCounter     Name = "passkey.counter"   // its signature counter did not go up: there may be a copy of it
	BrowserForgotten   Name = "browser.forgotten" // a known browser is a stranger again
	AppSignedOut       Name = "app.signed_out"    // its owner ended an account's part in an application
	DataExported       Name = "account.exported"
	DeletionPlanned    Name = "account.deletion_planned"
	DeletionStopped    Name = "account.deletion_stopped" // Detail says by whom
)

// Event is one thing that happened.
type Event struct {
	Name      Name
	Time      time.Time
	AccountID int64  // 0 if none
	ClientID  string // "" if none
	SID       string // "" if none
	GrantID   string // "" if none
	Address   string // the client's address
	UserAgent string // what the client calls itself, "" where it is not known
	RequestID string // as in the log line of the request
	// Detail is a short bounded word, such as a method or a reason.
	Detail string
}

// Sink takes events. It must not block for long and cannot fail.
type Sink interface {
	Record(ctx context.Context, e Event)
}

// SinkFunc is a function as a [Sink].
type SinkFunc func(context.Context, Event)

// Record calls f.
func (f SinkFunc) Record(ctx context.Context, e Event) { f(ctx, e) }

// Discard drops every event.
var Discard Sink = SinkFunc(func(context.Context, Event) {})
