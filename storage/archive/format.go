package archive

import (
	"errors"
	"time"
)

// version of the format. A reader refuses later ones.
const version = 1

var (
	// ErrKey: none of the keys opens the backup.
	ErrKey = errors.New("it was encrypted for other keys: none of those in backup.key opens it")
	// ErrDamaged: it is no backup, or not all of one, or not as it was made.
	ErrDamaged = errors.New("it is damaged, or no backup of Latchkey")
	// ErrTooNew: a later version of Latchkey made it.
	ErrTooNew = errors.New("it was made by a later version of Latchkey, which has to read it")
)

// About is what a backup says of itself.
type About struct {
	// Format is the version of the format; the writer sets it.
	Format int `json:"latchkey_backup"`
	// Taken is when the first record was asked for: what was acknowledged before is in it.
	Taken  time.Time `json:"taken_at"`
	Issuer string    `json:"issuer"`
	// Version and Revision of the program; Driver of the store it came from.
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Driver   string `json:"driver"`
}

// trailerPrefix begins the last line; no line of a record begins so.
const trailerPrefix = `{"latchkey_backup_end":`

// trailer is the last line. Whatever stands before it is proven by it.
type trailer struct {
	End struct {
		// Bytes before this line, and their SHA-256.
		Bytes  int64  `json:"bytes"`
		SHA256 []byte `json:"sha256"`
		// MAC of the hash by the key that made the backup.
		MAC []byte `json:"mac"`
	} `json:"latchkey_backup_end"`
}

// maxLine bounds header and trailer.
const maxLine = 64 << 10
