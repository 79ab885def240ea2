package storage

import (
	"context"
	"errors"
	"time"
)

// Item is one record as it moves between stores, with what its verbs do not show. It is an [AccountSequence], [Account], [StoredFile], [Session],
// [StoredGrant], [Consent], [Passkey], [AccountEvent], [OneTime], [Denial], [Replay], [PushedRequest], [Device], [Client], [RegistrationToken], [Mail], [LogoutNotice] or
// [Keyring], by value.
type Item interface{ item() }

// AccountSequence is the last [Account].ID that was given out: none up to it may be given out again.
type AccountSequence struct{ Last int64 }

// StoredFile is a file with whose it is.
type StoredFile struct {
	AccountID int64
	Kind      FileKind
	Info      FileInfo
	Content   []byte
}

// StoredGrant is a grant with what callers are told by errors.
type StoredGrant struct {
	Grant
	Revoked bool
}

// Denial is a token that was revoked, see [Denials].
type Denial struct {
	JTI   string
	Until time.Time
}

// Replay is what may not be seen again, see [Replays].
type Replay struct {
	Key   string
	Until time.Time
}

func (AccountSequence) item()   {}
func (Account) item()           {}
func (StoredFile) item()        {}
func (Session) item()           {}
func (StoredGrant) item()       {}
func (Consent) item()           {}
func (OneTime) item()           {}
func (Denial) item()            {}
func (Replay) item()            {}
func (PushedRequest) item()     {}
func (Device) item()            {}
func (Client) item()            {}
func (RegistrationToken) item() {}
func (Mail) item()              {}
func (LogoutNotice) item()      {}
func (Keyring) item()           {}
func (Passkey) item()           {}
func (AccountEvent) item()      {}

var (
	// ErrNotEmpty: the store holds what nobody who fills it has put there, so it is not filled.
	ErrNotEmpty = errors.New("the store is not empty")
	// ErrHalfFilled: the store is being filled, or filling it was interrupted. It is not served until that is finished.
	ErrHalfFilled = errors.New("the store is only half filled: whatever fills it (latchkey migrate, latchkey restore) must be run again to its end")
)

// MaxFillProgress bounds, in bytes, what [Transfers.Fill] notes.
const MaxFillProgress = 64 << 10

// Transfers moves all records between stores. It is for operators' commands alone, and refuses a store that is in use: one that was ever served has
// keys, so it is not empty. Leases, of work, mails and notices, and counters of attempts are not moved.
type Transfers interface {
	// Dump calls yield with every record as of one instant, expired ones that are not swept yet included, until yield fails, whose error it returns.
	// Accounts come before what is theirs, and in a store that nobody writes to the order is always the same. [Account].Resume and Picture are nil:
	// they follow from the files. LeaseUntil of mails and notices is zero. What yield gets is its own. yield may be slow: no writer waits for it. Errors: ErrCorrupt where a record
	// cannot be read.
	Dump(ctx context.Context, yield func(Item) error) error
	// Fill stores records as they are, in one transaction, and notes progress to, of 1 to [MaxFillProgress] bytes, in place of from. What is there
	// already, by its key or by a name that is unique, stays as it is, so that the same again changes nothing; whether everything arrived is seen
	// by dumping. from is what was noted last, nil for the first call, for which the store must be empty. From then on the store is not served until
	// [Transfers.FinishFill]. It is no error if to is noted already: then nothing is done.
	// Errors: ErrNotEmpty, ErrConflict (something else is noted: somebody else fills it), ErrNotFound (a record's account is not there).
	Fill(ctx context.Context, items []Item, from, to []byte) error
	// FillProgress returns what Fill noted last, nil where nobody fills the store.
	FillProgress(ctx context.Context) ([]byte, error)
	// FinishFill makes the store complete. Where nobody fills it, it does nothing. Errors: ErrConflict (something else than from is noted).
	FinishFill(ctx context.Context, from []byte) error
}
