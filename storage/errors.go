package storage

import "errors"

// The errors a verb can return, beside context errors. Drivers wrap them with the verb that failed; callers use [errors.Is].
var (
	// ErrNotFound: there is no such record, or it has expired.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the record was changed since it was read (its Version or Revision moved). Read again and retry.
	ErrConflict = errors.New("changed meanwhile")
	// ErrUsernameTaken: another account has this username, compared without case.
	ErrUsernameTaken = errors.New("username taken")
	// ErrEmailTaken: another account has this e-mail address, compared by its canonical form.
	ErrEmailTaken = errors.New("email taken")
	// ErrExists: a record with this identifier exists.
	ErrExists = errors.New("exists already")
	// ErrSpent: the one-time thing exists but was used before, or its grant was revoked.
	ErrSpent = errors.New("used already")
	// ErrFull: a quota is used up.
	ErrFull = errors.New("quota used up")
	// ErrUnavailable: the store cannot be reached, has no room or is closing. Nothing was changed; trying again later may help.
	ErrUnavailable = errors.New("store unavailable")
	// ErrUnknown: the store failed while making the write durable. It may or may not have happened.
	ErrUnknown = errors.New("outcome unknown")
	// ErrCorrupt: the store, or this one row, cannot be read as what it should be.
	ErrCorrupt = errors.New("store corrupt")
	// ErrTooNew: the store was written by a later version of Latchkey.
	ErrTooNew = errors.New("store written by a later version")
)
