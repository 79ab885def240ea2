package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Compacted is what [Compact] did: the size of the file before and after, in bytes, and how many rows it holds, those of indexes included.
type Compacted struct {
	Before, After, Rows int64
}

// compactSuffix is what the new file is called until it takes the place of the store's.
const compactSuffix = ".compact"

// ErrHeld: another process has the store.
var ErrHeld = errors.New("another process has the store: stop the server first")

// OpenAlone opens a store that is there, to move or compact it. Errors: ErrHeld, fs.ErrNotExist, and those of [Open].
func OpenAlone(ctx context.Context, path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return OpenOrMake(ctx, path)
}

// OpenOrMake is OpenAlone, but for a store that is not there: it is made.
func OpenOrMake(ctx context.Context, path string) (*Store, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s, err := Open(ctx, Options{Path: path, Transfer: true, OnStandby: func() { cancel(ErrHeld) }})
	if err != nil && errors.Is(context.Cause(ctx), ErrHeld) {
		return nil, fmt.Errorf("open store %s: %w", path, ErrHeld)
	}
	return s, err
}

// Compact writes the store anew, without the room that what was removed has left, and puts the new file in place of the old one once it is on disk and
// was read again. Whoever is killed meanwhile leaves the one or the other. Nobody may have the store. Errors: those of [OpenAlone], ErrCorrupt, and
// ErrUnavailable where there is no room for the new file beside the old one; then the old one stays.
func Compact(ctx context.Context, path string) (c Compacted, err error) {
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return c, fmt.Errorf("compact: %w", err)
	}
	s, err := OpenAlone(ctx, path)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if c, err = s.compact(ctx, path); err != nil {
		return c, fmt.Errorf("compact %s: %w", path, err)
	}
	return c, nil
}

func (s *Store) compact(ctx context.Context, path string) (c Compacted, err error) {
	info, err := s.file.Stat()
	if err != nil {
		return c, unavailable(err)
	}
	c.Before = info.Size()
	f, err := beside(path+compactSuffix, info)
	if err != nil {
		return c, unavailable(err)
	}
	made := f.Name()
	defer func() {
		if err != nil {
			_ = os.Remove(made)
		}
	}()
	live, err := s.liveBytes()
	if err == nil {
		err = room(f, live, "the new file beside the old one")
	}
	if err != nil {
		return c, errors.Join(err, f.Close())
	}
	wrote, err := s.rewrite(ctx, made, f)
	if err != nil {
		return c, err
	}
	if c.After, err = check(made, wrote); err != nil {
		return c, err
	}
	c.Rows = wrote.count
	if err := os.Rename(made, path); err != nil {
		return c, unavailable(err)
	}
	return c, syncDir(filepath.Dir(path))
}

// beside makes a file like another: it belongs to the same, who may do the same with it. What somebody who was killed has left there goes.
func beside(path string, like os.FileInfo) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	err = f.Chmod(like.Mode().Perm())
	if uid, gid, ok := owner(like); ok && err == nil {
		err = f.Chown(uid, gid)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

// liveBytes is the size of the file without the pages that are free.
func (s *Store) liveBytes() (uint64, error) {
	head := make([]byte, metaEnd)
	var best meta
	for _, off := range []int64{0, pageSize} {
		if _, err := s.file.ReadAt(head, off); err != nil {
			return 0, unavailable(err)
		}
		if m, ok := readMeta(head); ok && m.tx >= best.tx {
			best = m
		}
	}
	if best.freelist == noFreelist {
		return best.pages * pageSize, nil
	}
	page := make([]byte, pageHead+8)
	if _, err := s.file.ReadAt(page, int64(best.freelist)*pageSize); err != nil {
		return 0, unavailable(err)
	}
	free := uint64(count(page))
	if free == manyFree {
		free = binary.NativeEndian.Uint64(page[pageHead:])
	}
	return (best.pages - min(free, best.pages)) * pageSize, nil
}
