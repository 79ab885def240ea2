package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// stale is how old a file that was never finished is when it may go: whoever wrote it was killed.
const stale = 24 * time.Hour

// Folder is a folder as a place. It is made when something is put there.
type Folder struct {
	Path string
	// Now is the time.
	Now func() time.Time
}

// String implements [Place].
func (f Folder) String() string { return f.Path }

// List implements [Place].
func (f Folder) List(_ context.Context, issuer string) ([]Entry, error) {
	files, err := os.ReadDir(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, file := range files {
		info, err := file.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue // it went, or is none of ours
		}
		all = append(all, Entry{Name: file.Name(), Bytes: info.Size()})
	}
	return order(issuer, all), nil
}

// Store implements [Place].
func (f Folder) Store(ctx context.Context, name string, fill func(*os.File) error) error {
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return err
	}
	f.clear()
	return WriteFile(ctx, filepath.Join(f.Path, name), fill)
}

// clear removes what was left by who was killed. It is in nobody's way, so a fault is none.
func (f Folder) clear() {
	left, _ := filepath.Glob(filepath.Join(f.Path, ".latchkey-*"+partSuffix))
	for _, path := range left {
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && f.Now().Sub(info.ModTime()) > stale {
			_ = os.Remove(path)
		}
	}
}

// Open implements [Place].
func (f Folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(f.Path, name))
}

// Remove implements [Place].
func (f Folder) Remove(_ context.Context, name string) error {
	if err := os.Remove(filepath.Join(f.Path, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// WriteFile has fill write and check a file beside path, for the owner alone, which takes that name when all of it is on disk. A file that is there
// is never written over.
func WriteFile(ctx context.Context, path string, fill func(*os.File) error) (err error) {
	dir, name := filepath.Split(path)
	part, err := os.CreateTemp(dir, ".latchkey-"+strings.TrimPrefix(name, "latchkey-")+"-*"+partSuffix)
	if err != nil {
		return err
	}
	defer func() {
		_ = part.Close()
		if err != nil {
			_ = os.Remove(part.Name())
		}
	}()
	if err := fill(part); err != nil {
		return err
	}
	if err := errors.Join(part.Sync(), ctx.Err()); err != nil {
		return err
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%s is there already, and is not written over", path), err)
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	if dir == "" {
		dir = "."
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
