package account

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/storage"
)

// LifecycleConfig is the rules of what goes by mail or by a wait.
type LifecycleConfig struct {
	// EmailUndo is how long the former address can be brought back after a change.
	EmailUndo time.Duration
	// MailSignIn: people may ask for a mail that signs in. SignInTTL is the lifetime of its link and of mailed codes that sign in.
	MailSignIn bool
	SignInTTL  time.Duration
	// RecoveryWait is how long a person who lost the second factor waits; 0: there is no such way. RecoveryTTL is how long it can be finished after that.
	RecoveryWait, RecoveryTTL time.Duration
	// InviteTTL is the lifetime of an invitation.
	InviteTTL time.Duration
	// InviteOnly: where sign-up is closed, people are told that it goes by invitation.
	InviteOnly bool
	// SignUpDomains are the domains, in ASCII and lower case, of which addresses can sign up; none means all.
	SignUpDomains []string
	// TermsVersion is the version of the terms that people must have accepted; "" asks nobody.
	TermsVersion string
	// Setup: while there is no account at all, the first can be made with a code. SetupGroups are its groups.
	Setup       bool
	SetupGroups []string
	// DeviceMail: a sign-in from a browser that is not known is told by mail.
	DeviceMail bool
}

func defaultLifecycle() LifecycleConfig {
	day := 24 * time.Hour
	return LifecycleConfig{EmailUndo: 7 * day, MailSignIn: true, SignInTTL: 15 * time.Minute, RecoveryWait: 3 * day, RecoveryTTL: 7 * day, InviteTTL: 7 * day, DeviceMail: true}
}

func (c LifecycleConfig) check() error {
	if c.EmailUndo <= 0 || c.SignInTTL <= 0 || c.RecoveryWait < 0 || c.RecoveryTTL <= 0 || c.InviteTTL <= 0 {
		return errors.New("lifetimes of what is mailed must be positive")
	}
	return nil
}

// The kinds of refusal of what goes by mail or by a wait.
const (
	CodeVoid  Kind = "code_void"  // too many wrong codes: this one is void, another must be asked for
	TooEarly  Kind = "too_early"  // the wait is not over; RetryAfter
	NoAddress Kind = "no_address" // the account has no proven address, and so nobody could be told
	// AlreadyVerified: the link did its work before, or another of the same address did.
	AlreadyVerified Kind = "already_verified"
	TermsOld        Kind = "terms_old"   // the terms have another version by now
	SetupTaken      Kind = "setup_taken" // somebody else is making the first account
)

// The problems of fields that only these verbs know.
const (
	SameValue     Problem = "same"   // what it is already
	DomainBarred  Problem = "domain" // an address of a domain that cannot sign up
	WrongSetup    Problem = "wrong"  // a code that is not the one
	FieldSetup            = "code"   // the field of the setup code
	codeDigits            = 8
	codeTries             = 5
	resendEvery           = time.Minute
	askVault              = "ask"
	requestPrefix         = "request."
)

// The kinds of mail of these verbs.
const (
	MailSignIn        = "sign_in"         // a link and a code that sign in
	MailEmailConfirm  = "email_confirm"   // confirm the new address
	MailEmailTaken    = "email_taken"     // somebody asked to move an account to your address; you have one
	MailEmailAsked    = "email_asked"     // a change of your address was asked for
	MailEmailChanged  = "email_changed"   // your address was changed; undo
	MailEmailUndone   = "email_undone"    // the former address was brought back
	MailRecoveryBegun = "recovery_begun"  // somebody wants to take the second factor away; stop
	MailRecoveryHalf  = "recovery_half"   // half of the wait is over; stop
	MailRecoveryReady = "recovery_ready"  // the wait is over; finish
	MailRecoveryDone  = "recovery_done"   // the second factor was taken away
	MailInvite        = "invite"          // you are invited
	MailNewDevice     = "new_device"      // a sign-in from a browser that is not known
	LinkEmail         = "email_confirm"   // see [Links]
	LinkEmailUndo     = "email_undo"      //
	LinkSignIn        = "sign_in"         //
	LinkRecovery      = "recovery_finish" //
	LinkRecoveryStop  = "recovery_stop"   //
	LinkInvite        = "invite"          //
)

// AskKind is what a browser waits for a code of.
type AskKind string

// The kinds.
const (
	AskVerify AskKind = "verify"
	AskSignIn AskKind = "signin"
)

// Ask is a browser's wait for what it asked for by mail. It travels sealed in a cookie: a mailed code works in this browser only.
type Ask struct {
	// ID goes into [Caller].Ask. It is a secret of the browser.
	ID string `json:"id"`
	// Email is the address that was typed.
	Email string    `json:"email"`
	At    time.Time `json:"at"`
	// Return is where to go on within the pages; Persistent is "keep me signed in".
	Return     string `json:"return,omitempty"`
	Persistent bool   `json:"persistent,omitempty"`
	// Sub is the subject of the account that this browser signed up for a moment ago, else one of nobody: which of the two cannot be told from the ticket.
	Sub string `json:"sub"`
}

// madeBy tells whether a is the account that this browser signed up for, with the password of then.
func (a Ask) madeBy(of storage.Account) bool {
	return a.Sub == of.Sub && a.Sub != "" && of.PasswordHash != "" && of.PasswordSetAt.Equal(of.CreatedAt)
}

// Again is how long it takes until the mail can be asked for again; 0 where that may be now.
func (a Ask) Again(now time.Time) time.Duration {
	return min(max(0, a.At.Add(resendEvery).Sub(now)), resendEvery)
}

// NewAsk makes a wait, which begins now, and seals it.
func (s *Service) NewAsk(kind AskKind, a Ask) (Ask, string, error) {
	var err error
	if a.ID, err = s.secret(18); err != nil {
		return Ask{}, "", err
	}
	if a.Sub == "" {
		if a.Sub, err = s.uuid(); err != nil {
			return Ask{}, "", err
		}
	}
	a.At = s.now()
	ticket, err := s.SealAsk(kind, a)
	return a, ticket, err
}

// SealAsk seals a wait as it is now.
func (s *Service) SealAsk(kind AskKind, a Ask) (string, error) {
	return s.sealText(askVault, string(kind), a)
}

// OpenAsk opens what NewAsk sealed. Refusals: BadToken, where it is none of ours or too old.
func (s *Service) OpenAsk(kind AskKind, ticket string) (Ask, error) {
	ttl := s.config.VerifyTTL
	if kind == AskSignIn {
		ttl = s.config.Lifecycle.SignInTTL
	}
	var a Ask
	if err := s.openText(askVault, string(kind), ticket, &a); err != nil || a.ID == "" || !s.now().Before(a.At.Add(ttl)) {
		return Ask{}, &Refusal{Kind: BadToken}
	}
	return a, nil
}

// codeHash is how a mailed code is stored: with what only its browser knows, so that whoever reads the store cannot try them all.
func codeHash(kind AskKind, ask, code string) string {
	return digest("code " + string(kind) + " " + ask + " " + code)
}

// newCode makes a mailed code for a browser that waits.
func (s *Service) newCode(kind AskKind, ask string, data []byte, ttl time.Duration) (string, storage.OneTime, error) {
	raw := s.randomBytes(8)
	if raw == nil {
		return "", storage.OneTime{}, errors.New("read random bytes")
	}
	n := uint64(0)
	for _, b := range raw { // 2^64 is so much more than 10^8 that no digit is likelier than another by more than 10^-11
		n = n<<8 | uint64(b)
	}
	code := fmt.Sprintf("%0*d", codeDigits, n%100_000_000)
	now := s.now()
	return code, storage.OneTime{
		OneTimeKey: storage.OneTimeKey{Purpose: storage.PurposeCode, Hash: codeHash(kind, ask, code)}, Data: data, CreatedAt: now, ExpiresAt: now.Add(ttl),
	}, nil
}

// normalCode is a code without what people put between its digits; ok is false where it cannot be one.
func normalCode(text string) (string, bool) {
	text = strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(text)
	return text, len(text) == codeDigits && strings.Trim(text, "0123456789") == ""
}
