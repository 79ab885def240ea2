package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// Place keeps backups under their names: a folder, or a bucket under a prefix.
type Place interface {
	// List returns what is there under names of the issuer's backups, oldest first, with sizes in bytes. A place that is not there yet holds nothing.
	List(ctx context.Context, issuer string) ([]Entry, error)
	// Store has fill write a file from its beginning and check it, and keeps it under name. Nothing has that name before all of it is kept, or
	// where an error is returned. A name that is taken is an error.
	Store(ctx context.Context, name string, fill func(f *os.File) error) error
	// Open reads a backup. Errors: fs.ErrNotExist.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// Remove removes a backup. One that is gone is no error.
	Remove(ctx context.Context, name string) error
	// String is for people; it holds no secret.
	String() string
}

// Entry is a backup in a place.
type Entry struct {
	Name  string    `json:"name"`
	Taken time.Time `json:"taken_at"`
	Bytes int64     `json:"bytes"`
}

// order puts entries of the issuer in order and leaves out what has another name.
func order(issuer string, all []Entry) (own []Entry) {
	for _, e := range all {
		if taken, ok := ParseName(issuer, e.Name); ok {
			e.Taken = taken
			own = append(own, e)
		}
	}
	storage.Sort(own, func(a, b Entry) int {
		if c := a.Taken.Compare(b.Taken); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return own
}

// Keep says which backups stay beside the newest, which always does.
type Keep struct {
	// Count is how many stay; 0 for any number.
	Count int
	// For is how long one stays; 0 for ever.
	For time.Duration
}

// Prune removes the issuer's backups that keep lets go, seen from now, and says which it removed. kept, which was verified a moment ago, stays
// whatever its time; what is newer than it stays too.
func Prune(ctx context.Context, p Place, issuer, kept string, keep Keep, now time.Time) (removed []string, err error) {
	all, err := p.List(ctx, issuer)
	if err != nil {
		return nil, fmt.Errorf("look for old backups in %s: %w", p, err)
	}
	at := slices.IndexFunc(all, func(e Entry) bool { return e.Name == kept })
	if at < 0 {
		return nil, fmt.Errorf("%s does not list %s, which was just put there: nothing old is removed", p, kept)
	}
	var faults []error
	for i, e := range all[:at] {
		if (keep.Count == 0 || len(all)-i <= keep.Count) && (keep.For == 0 || now.Sub(e.Taken) <= keep.For) {
			continue
		}
		if err := p.Remove(ctx, e.Name); err != nil {
			faults = append(faults, fmt.Errorf("remove old backup %s: %w", e.Name, err))
			continue
		}
		removed = append(removed, e.Name)
	}
	return removed, errors.Join(faults...)
}
