package account

import (
	"context"
	"time"

	"latchkey/storage"
)

// Dialect is the family of routes, or the pages, that a request came through: it sets names' syntax and the password minimum.
type Dialect string

// The dialects. They are also [storage.Session].Kind.
const (
	Platform Dialect = "platform"
	Session  Dialect = "session"
	Simple   Dialect = "simple"
	Page     Dialect = "page"
)

// Caller tells who asks, for limits, audit and the person's list of sessions.
type Caller struct {
	Address, UserAgent, RequestID string
	// Locale is the language of the mails that this request causes (BCP 47); "" means the account's, then the default.
	Locale string
	// Ask is [Ask].ID of the browser that waits for what this request causes to be mailed: a code is mailed with it. "" for none.
	Ask string
}

// SignUp asks for a new account. Which fields are required depends on the dialect.
type SignUp struct {
	Dialect                       Dialect
	Username, Email               string
	FullName, FirstName, LastName string
	Password                      string
	Caller                        Caller
	// Terms: the person was shown the terms, which signing up accepts.
	Terms bool
	// NoSession: make the account only (pages that await proof of the address; the operator's command).
	NoSession bool
	// Flow is opaque to this package: it comes back with the proof of the address, so that the person can go on where they were.
	Flow string
}

// Credentials ask for a session.
type Credentials struct {
	Dialect Dialect
	// Login is a username or an e-mail address, as the dialect allows.
	Login, Password string
	Caller          Caller
	// Persistent: "keep me signed in".
	Persistent bool
	// Replace is the session of this browser, if any: for the same account it is renewed (same SID, new AuthTime, new secret), for
	// another it is ended. "" if none.
	Replace string
	// DeviceToken is the value of the browser's cookie of known devices, "" if none.
	DeviceToken string
	// Two: two factors are asked for where there are two, also in a browser that stands in for the second. Must: where there is no second, one is to be
	// set up first.
	Two, Must bool
	// Code of a second factor, where the dialect asks for everything at once; "" if none.
	Code string
}

// SignedIn is an account with a fresh session.
type SignedIn struct {
	Account storage.Account
	Session storage.Session
	// Secret goes into the browser's cookie; "" for dialects without one.
	Secret string
	// Device is the new value of the browser's cookie of known devices; "" where it stays as it is.
	Device string
}

// Profile changes. A nil pointer leaves the field; a pointer to the zero value clears it.
type Profile struct {
	FullName, FirstName, LastName, Phone *string
	// ExperienceYears: outer nil leaves, inner nil clears.
	ExperienceYears **int
	Skills          *[]string
	Locale          *string
	// The other standard claims (OpenID Connect Core §5.1), see [storage.Account].
	MiddleName, Nickname, ProfileURL, Website, Gender, Birthdate, Zoneinfo *string
	// Address replaces the whole address: outer nil leaves, inner nil clears.
	Address **storage.Address
}

// Vouched is what only an operator can say of an account; nil leaves it.
type Vouched struct{ EmailVerified, PhoneVerified *bool }

// Upload is a file that a person sends.
type Upload struct {
	Filename string
	Content  []byte
}

// Vault seals what must not be readable in the store.
type Vault interface {
	// Seal encrypts plain for a purpose, bound to context. Open reverses it, with any secret that is still live.
	Seal(purpose, context string, plain []byte) ([]byte, error)
	Open(purpose, context string, sealed []byte) ([]byte, error)
}

// MailVaultPurpose is the [Vault] purpose of [storage.Mail].Sealed; the context is [storage.Mail].ID.
const MailVaultPurpose = "mail"

// Letter is what Sealed holds (as JSON): the facts of a mail. The text is composed when it is sent.
type Letter struct {
	To string `json:"to"`
	// Name to greet, may be "".
	Name string `json:"name,omitempty"`
	// Link is the one address the mail asks to follow, "" if none. It holds a secret.
	Link string `json:"link,omitempty"`
	// Expires is when the link stops working.
	Expires time.Time `json:"expires,omitzero"`
	// When and Where of what is told about.
	When  time.Time `json:"when,omitzero"`
	Where string    `json:"where,omitempty"`
	// Undo is the "it was not me" address, "" if none. It holds a secret.
	Undo string `json:"undo,omitempty"`
	// Code is a short code, "" if none. It is a secret.
	Code string `json:"code,omitempty"`
	// Address is the e-mail address, Agent the browser (its User-Agent header), and Due the time that the mail tells of.
	Address string    `json:"address,omitempty"`
	Agent   string    `json:"agent,omitempty"`
	Due     time.Time `json:"due,omitzero"`
	// Zone is the person's time zone, "" if they told none.
	Zone string `json:"zone,omitempty"`
}

// The kinds of mail ([storage.Mail].Kind).
const (
	MailVerify          = "verify"           // confirm your address
	MailAlready         = "already"          // you already have an account
	MailReset           = "reset"            // choose a new password
	MailPasswordChanged = "password_changed" // your password was changed
)

// Links makes the addresses that stand in mails, all under the issuer.
type Links interface {
	// Verify, Reset and Revoke ("it was not me") carry the token; flow may be "".
	Verify(token, flow string) string
	Reset(token string) string
	Revoke(token string) string
	// Mailed is the page of one of the Link constants, with the token.
	Mailed(link, token string) string
}

// Verbs is everything the package offers, for reference and for the pages' tests. See [Service] for what each promises.
type Verbs interface {
	SignUp(ctx context.Context, in SignUp) (SignedIn, error)
	SignIn(ctx context.Context, in Credentials) (SignedIn, error)
	SignOut(ctx context.Context, sid string, caller Caller) error

	UsernameAvailable(ctx context.Context, dialect Dialect, username string, caller Caller) (bool, error)
	ResendVerification(ctx context.Context, email string, caller Caller, flow string) error
	// PeekVerify tells the address that a token proves without using it.
	PeekVerify(ctx context.Context, token string) (email string, err error)
	// VerifyEmail uses the token.
	VerifyEmail(ctx context.Context, token string, ask Ask, in MailEntry) (Verified, error)

	ForgotPassword(ctx context.Context, email string, caller Caller) error
	// PeekReset tells for whom a reset token is, without using it.
	PeekReset(ctx context.Context, token string) (storage.Account, error)
	ResetPassword(ctx context.Context, token, password string, dialect Dialect, caller Caller) (storage.Account, error)
	// RevokeByMail is "it was not me": ends every session and voids resets.
	RevokeByMail(ctx context.Context, token string, caller Caller) error
	ChangePassword(ctx context.Context, accountID int64, current, next string, keepSID string, caller Caller) error
	// Confirm checks the password of an account again, under the same limits as SignIn.
	Confirm(ctx context.Context, accountID int64, password string, caller Caller) error

	Account(ctx context.Context, accountID int64) (storage.Account, error)
	UpdateProfile(ctx context.Context, accountID int64, change Profile, caller Caller) (storage.Account, error)
	PutResume(ctx context.Context, accountID int64, up Upload, caller Caller) (storage.Account, error)
	PutPicture(ctx context.Context, accountID int64, up Upload, caller Caller) (storage.Account, error)
	File(ctx context.Context, accountID int64, kind storage.FileKind) (storage.FileInfo, []byte, error)
	Picture(ctx context.Context, fileID string) (storage.FileInfo, []byte, error)
	DeleteFile(ctx context.Context, accountID int64, kind storage.FileKind, caller Caller) error

	Sessions(ctx context.Context, accountID int64) ([]storage.Session, error)
	EndSession(ctx context.Context, accountID int64, sid string, caller Caller) error
	EndOtherSessions(ctx context.Context, accountID int64, keepSID string, caller Caller) (int, error)

	// Consents lists what the account allowed applications. RemoveConsent takes it back, with every grant that it led to.
	Consents(ctx context.Context, accountID int64) ([]storage.Consent, error)
	RemoveConsent(ctx context.Context, accountID int64, clientID string, caller Caller) error

	// Live returns the account of a session, and the session, if neither is gone nor disabled.
	Live(ctx context.Context, sid string) (storage.Account, storage.Session, error)
}
