package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

// Options say which file to open, and how.
type Options struct {
	// Path of the file. It is made if it is missing, for the owner alone, and so is its folder.
	Path string
	// OnStandby is called once if another process has the file, before Open waits for it; nil: nobody wants to know.
	OnStandby func()
	// Transfer: everything is moved, and nobody uses the store meanwhile. One that is half filled is opened, too, and dumps read the file itself.
	Transfer bool
}

// Keys of [tMeta].
const (
	keyFormat  = "format"
	keySchema  = "schema"
	keyCounts  = "counts"
	keyKeyring = "keyring"
	keyLastID  = "last-account"
	keyFilling = "filling"

	format = "latchkey store"
	// schema is the version of the layout that this code reads and writes.
	schema = 5
	// pageSize is the same everywhere, so that a file can move between machines.
	pageSize = 4096
	// retry is how often a stand-by looks whether the file is free.
	retry = 300 * time.Millisecond
)

// errHeld: another process has the file.
var errHeld = errors.New("held by another process")

// Open opens the store. While another process has it, Open waits until ctx ends. Errors: ErrCorrupt for files that are
// damaged or not ours, ErrTooNew, ErrUnavailable for files that cannot be made, read or written, and that of ctx.
func Open(ctx context.Context, o Options) (*Store, error) {
	waiting := false
	for {
		s, err := openOnce(o.Path)
		if !errors.Is(err, errHeld) {
			if err == nil {
				err = s.ready(context.WithoutCancel(ctx), o) // ctx is for the wait
			}
			if err != nil {
				return nil, fmt.Errorf("open store %s: %w", o.Path, err)
			}
			return s, nil
		}
		if !waiting && o.OnStandby != nil {
			o.OnStandby()
		}
		waiting = true
		timer := time.NewTimer(retry)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("open store %s: %w: %w", o.Path, errHeld, ctx.Err())
		case <-timer.C:
		}
	}
}

func openOnce(path string) (*Store, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, unavailable(err)
		}
	}
	f, err := hold(path)
	if err != nil {
		return nil, err
	}
	db, err := attach(path, f)
	if err != nil {
		_ = f.Close() // also where bbolt closed it already
		return nil, err
	}
	return start(db, f), nil
}

// unavailable marks what the system said.
func unavailable(err error) error { return fmt.Errorf("%w: %w", storage.ErrUnavailable, err) }

// hold opens the file and takes its lock.
func hold(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unavailable(err)
	}
	if !info.Mode().IsRegular() {
		return nil, unavailable(errors.New("not a regular file"))
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, unavailable(err)
	}
	if err := lock(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	// Somebody may have put another file in its place while we waited.
	mine, err := f.Stat()
	if now, nowErr := os.Stat(path); err != nil || nowErr != nil || !os.SameFile(mine, now) {
		_ = f.Close()
		return nil, errHeld
	}
	return f, nil
}

// attach gives the file, which is locked, to bbolt and makes sure that it is a store of ours.
func attach(path string, f *os.File) (db *bbolt.DB, err error) {
	if err := preflight(f, flush); err != nil {
		return nil, err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		FreelistType: bbolt.FreelistMapType,
		// See keepFreelist.
		NoFreelistSync: true,
		NoStatistics:   true,
		Timeout:        time.Nanosecond, // the lock is ours already
		OpenFile:       func(string, int, os.FileMode) (*os.File, error) { return f, nil },
	})
	if _, system := errors.AsType[syscall.Errno](err); system {
		return nil, unavailable(err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", storage.ErrCorrupt, err)
	}
	if err := upgrade(db, f); err != nil {
		_ = db.Close()
		return nil, err
	}
	if err := db.View(checkTables); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// version returns the schema that the file was written with, once it is one of ours that this code can read.
func version(tx *bbolt.Tx) (v uint32, err error) {
	defer recovered(&err)
	if tx.Bucket([]byte(tMeta.String())) == nil {
		return 0, fmt.Errorf("%w: not a Latchkey store", storage.ErrCorrupt)
	}
	t := &txn{tx: tx}
	if marker, ok := t.get(tMeta, []byte(keyFormat)); !ok || string(marker) != format {
		return 0, fmt.Errorf("%w: not a Latchkey store", storage.ErrCorrupt)
	}
	row, ok := t.get(tMeta, []byte(keySchema))
	if !ok || len(row) != 4 {
		return 0, fmt.Errorf("%w: no schema version", storage.ErrCorrupt)
	}
	if v = binary.BigEndian.Uint32(row); v > schema {
		return 0, fmt.Errorf("%w: schema %d, this version knows %d", storage.ErrTooNew, v, schema)
	}
	return v, nil
}

func checkTables(tx *bbolt.Tx) (err error) {
	defer recovered(&err)
	t := &txn{tx: tx}
	for tb := range nTables {
		t.bucket(tb)
	}
	return nil
}

// create makes an empty store. It is made aside and then put in place whole, so that a crash leaves no half of one, and
// a file that is there is never written over.
func create(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // for the owner alone
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // its other name stays
	if err := initialise(f); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return errors.Join(syncDir(dir), syncDir(filepath.Dir(dir)))
}

func initialise(f *os.File) error {
	db, err := bbolt.Open(f.Name(), 0o600, &bbolt.Options{
		PageSize: pageSize,
		OpenFile: func(string, int, os.FileMode) (*os.File, error) { return f, nil },
	})
	if err != nil {
		_ = f.Close()
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) (err error) {
		defer recovered(&err)
		for tb := range nTables {
			if _, err := tx.CreateBucket([]byte(tb.String())); err != nil {
				return err
			}
		}
		t := &txn{tx: tx}
		t.point(tMeta, []byte(keyFormat), []byte(format))
		t.setVersion()
		return nil
	})
	return errors.Join(err, db.Close())
}

func (t *txn) setVersion() {
	t.point(tMeta, []byte(keySchema), binary.BigEndian.AppendUint32(nil, schema))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
