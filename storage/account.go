package storage

import (
	"context"
	"time"
)

// Account is one person.
type Account struct {
	// ID is a positive integer given out in sequence by the store and never reused, also not after deletion.
	ID int64
	// Sub is the OpenID Connect subject, a UUID. It never changes and is never reused.
	Sub string
	// Username is kept as typed; "" if absent. UsernameKey is its canonical (case-folded) form; unique where not "".
	Username, UsernameKey string
	// Email is kept as typed; "" if absent. EmailKey is its canonical form; unique where not "".
	Email, EmailKey string
	EmailVerified   bool

	FullName, FirstName, LastName string
	// Phone is normalised E.164, or "". PhoneVerified: an operator vouched for it.
	Phone         string
	PhoneVerified bool
	// The other standard claims (OpenID Connect Core §5.1), "" or nil where not told. Birthdate is YYYY-MM-DD, YYYY or 0000-MM-DD; Zoneinfo a name
	// of the time zone database.
	MiddleName, Nickname, ProfileURL, Website, Gender, Birthdate, Zoneinfo string
	Address                                                                *Address
	// ExperienceYears is nil where not told.
	ExperienceYears *int
	Skills          []string
	// Locale is a BCP 47 tag, or "".
	Locale string

	// Resume and Picture describe the files of that kind (see [Files]); nil where there is none. Only [Files] verbs change them.
	Resume, Picture *FileInfo

	// PasswordHash is the encoded hash in force, "" where the account has no password. PasswordHistory has at most the
	// last five, newest first, the one in force included.
	PasswordHash    string
	PasswordHistory []string
	PasswordSetAt   time.Time

	// TOTP is the authenticator app; nil where none is set up.
	TOTP *TOTP

	// TermsVersion is the version of the terms that the person accepted, at TermsAt; "" for none.
	TermsVersion string
	TermsAt      time.Time

	// DeleteAt is when the account will be deleted, as its owner asked; zero where it will not. Until then nothing but taking that back is open to it.
	DeleteAt time.Time

	// Groups are those that an operator put the account into by command, sorted, each once (see [CheckGroup]). Those of files are not among them.
	Groups []string

	// Disabled accounts cannot sign in, refresh, or use tokens.
	Disabled bool

	CreatedAt, UpdatedAt time.Time
	// Version is raised by every write; [Accounts.ReplaceAccount] compares it.
	Version int64
}

// Shut says that nothing of the account can be used: it is disabled, or about to be deleted.
func (a Account) Shut() bool { return a.Disabled || !a.DeleteAt.IsZero() }

// Address is a postal address (OpenID Connect Core §5.1.1).
type Address struct {
	Formatted, StreetAddress, Locality, Region, PostalCode, Country string
}

// TOTP is what an authenticator app shares with us (RFC 6238).
type TOTP struct {
	// Sealed is the secret, encrypted by the caller.
	Sealed []byte
	// ConfirmedAt is when the person proved to have it.
	ConfirmedAt time.Time
}

// AccountKey names one account by exactly one of its unique properties; the first that is set counts.
type AccountKey struct {
	ID          int64
	Sub         string
	UsernameKey string
	EmailKey    string
}

// EndScope says which sessions (and the grants they bought) end.
type EndScope struct {
	// AccountID: the account whose sessions end. Required, except where SID alone is given.
	AccountID int64
	// SID: only this session. "" means all sessions of the account.
	SID string
	// ExceptSID: this one stays.
	ExceptSID string
	// Offline: grants with Offline set end too. Without it they outlive their session. With SID "" it means all Offline grants of
	// the account except those of ExceptSID, also those that came from no session.
	//
	// Grants end by their SID, whether or not their session is still live: the outcome never depends on what was swept.
	Offline bool
}

// Effects become durable in the same transaction as the verb that they are given to, or not at all.
type Effects struct {
	// Version, where it is not 0, is what the account's must be for [OneTimes.ApplyEffects]; otherwise that returns [ErrConflict], also where there is no such
	// account. So what was read of the account still holds when the rest becomes durable. The verbs that write accounts do not look at it.
	Version int64
	// Take is a one-time token that must exist, be unexpired and is removed; otherwise the verb returns [ErrNotFound].
	Take *OneTimeKey
	// Finish is the ID of a queued record that must be there and is removed, as [Outbox.FinishMail] does; otherwise the verb returns
	// [ErrNotFound]. "" for none. So a request that waits in the outbox is dealt with once, whoever dies in between.
	Finish string
	// Void removes every one-time token of these purposes that belongs to the verb's account. Put comes after it.
	Void []Purpose
	// DropPasskeys removes every passkey of the verb's account, also one that the verb creates.
	DropPasskeys bool
	// Put stores one-time tokens; ErrExists where one is there. An AccountID of 0 means the verb's account. For [Accounts.CreateAccount] their AccountID is set by the store.
	Put []OneTime
	// End ends sessions of the verb's account, as [Sessions.EndSessions] does; its AccountID is set by the store.
	End *EndScope
	// Mail is queued, as [Outbox.QueueMail] does. For [Accounts.CreateAccount] its AccountID is set by the store.
	Mail []Mail
	// Session and Grant are created, as [Sessions.CreateSession] and [Grants.CreateGrant] do; AccountID is set by the store.
	Session *Session
	Grant   *Grant
}

// Accounts keeps people.
type Accounts interface {
	// CreateAccount stores a new account, gives it the next ID and Version 1, and returns it. CreatedAt and UpdatedAt are the
	// caller's; now where they are zero.
	// Errors: ErrUsernameTaken, ErrEmailTaken, ErrExists (Sub).
	CreateAccount(ctx context.Context, a Account, with Effects, now time.Time) (Account, error)
	// Account returns the account with that key. Errors: ErrNotFound.
	Account(ctx context.Context, key AccountKey) (Account, error)
	// ReplaceAccount writes a in place of the stored account with a.ID if that one's Version equals a.Version, and returns it with
	// the next Version. ID, Sub, CreatedAt, Resume and Picture of the stored account are kept whatever a says.
	// Errors: ErrNotFound (the account, or Effects.Take), ErrConflict, ErrUsernameTaken, ErrEmailTaken.
	ReplaceAccount(ctx context.Context, a Account, with Effects, now time.Time) (Account, error)
	// DeleteAccount removes the account and all that is its own: sessions, grants (offline ones too), consents, one-time tokens, files, passkeys, events.
	// Queued mail stays, and with.Mail is queued. Errors: ErrNotFound, also where with would create something for the account.
	DeleteAccount(ctx context.Context, id int64, with Effects, now time.Time) error
	// ListAccounts returns at most limit accounts with an ID greater than after, in order of ID.
	ListAccounts(ctx context.Context, after int64, limit int) ([]Account, error)
}

// FileKind tells which of an account's files is meant.
type FileKind string

// The files an account can hold, at most one of each.
const (
	FileResume  FileKind = "resume"
	FilePicture FileKind = "picture"
)

// FileInfo describes a stored file.
type FileInfo struct {
	// ID is random and unguessable; a picture is served under it.
	ID          string
	Filename    string
	ContentType string
	// Size is in bytes.
	Size       int64
	UploadedAt time.Time
}

// Files keeps what accounts upload.
type Files interface {
	// PutFile stores the file in place of the account's earlier one of that kind, sets Account.Resume or Account.Picture,
	// Account.UpdatedAt and raises its Version. Errors: ErrNotFound (account), ErrExists (info.ID is another file's).
	PutFile(ctx context.Context, accountID int64, kind FileKind, info FileInfo, content []byte, now time.Time) error
	// File returns the account's file of that kind. Errors: ErrNotFound.
	File(ctx context.Context, accountID int64, kind FileKind) (FileInfo, []byte, error)
	// FileByID returns a file by FileInfo.ID, with its kind. Errors: ErrNotFound.
	FileByID(ctx context.Context, id string) (FileInfo, FileKind, []byte, error)
	// DeleteFile removes it and unsets the account's field. Errors: ErrNotFound (account or file).
	DeleteFile(ctx context.Context, accountID int64, kind FileKind, now time.Time) error
}
