package archive

import (
	"context"
	"errors"
	"io"
	"time"

	"latchkey/storage"
	"latchkey/storage/transfer"
)

// Restored says which records of a backup come back.
type Restored struct {
	// Sessions brings back what signs somebody in: sessions, grants, one-time tokens (recovery codes and known browsers, too), registration tokens,
	// requests of devices, pushed requests, queued mail.
	// Only where nothing happened after the backup: else what was signed out, revoked or rotated since would live again.
	Sessions bool
	// Gap is how many account numbers are passed over, since they may have been given out after the backup.
	Gap int64
}

// Restore fills an empty store, or goes on where the same was interrupted, and returns what the store then holds, which was read from it. r begins at
// the beginning; it was verified before. Errors: those of [Read] and of [transfer.Copy].
func Restore(ctx context.Context, r io.Reader, keys *Keys, what Restored, to storage.Transfers, progress func(transfer.Progress)) (transfer.Summary, error) {
	return transfer.Copy(ctx, &records{r: r, keys: keys, what: what}, to, progress)
}

// records is a backup as a store that can be read once.
type records struct {
	r    io.Reader
	keys *Keys
	what Restored
}

var errReadOnly = errors.New("a backup is not written to")

// Dump implements [storage.Transfers].
func (s *records) Dump(ctx context.Context, yield func(storage.Item) error) error {
	begun := false
	_, _, err := Read(ctx, s.r, s.keys, func(ctx context.Context, lines io.Reader) error {
		_, err := transfer.Each(ctx, lines, func(item storage.Item) error {
			if _, first := item.(storage.AccountSequence); !begun && !first && s.what.Gap > 0 { // nobody had an account yet
				if err := yield(storage.AccountSequence{Last: s.what.Gap}); err != nil {
					return err
				}
			}
			begun = true
			if item = s.what.of(item); item == nil {
				return nil
			}
			return yield(item)
		})
		return err
	})
	return err
}

// of is the record as it comes back, nil where it does not.
func (w Restored) of(item storage.Item) storage.Item {
	switch item := item.(type) {
	case storage.AccountSequence:
		return storage.AccountSequence{Last: item.Last + w.Gap}
	case storage.Account:
		if !w.Sessions {
			item.DeleteAt = time.Time{} // what would delete it does not come back, and may have been stopped since
		}
		return item
	case storage.Session, storage.StoredGrant, storage.OneTime, storage.RegistrationToken, storage.Device, storage.PushedRequest, storage.Mail:
		if !w.Sessions {
			return nil
		}
	}
	return item
}

// Fill implements [storage.Transfers].
func (s *records) Fill(context.Context, []storage.Item, []byte, []byte) error { return errReadOnly }

// FillProgress implements [storage.Transfers].
func (s *records) FillProgress(context.Context) ([]byte, error) { return nil, errReadOnly }

// FinishFill implements [storage.Transfers].
func (s *records) FinishFill(context.Context, []byte) error { return errReadOnly }
