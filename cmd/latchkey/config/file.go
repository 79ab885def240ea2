package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// maxFile bounds a configuration file and a secret's file, in bytes.
const maxFile = 4 << 20

func trimNewline(content []byte) string {
	return strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
}

var errNotRegular = errors.New("it is no regular file")

// ReadFile reads a regular file of at most 4 MiB. What could keep a reader waiting, such as a pipe that nobody writes to, is an error: files are read
// again while the server runs, and one must not hold up the others.
func ReadFile(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // #nosec G304 -- files that the configuration names
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, cmp.Or(err, errNotRegular)
	}
	return readCapped(f)
}

// readGiven reads what whoever starts us gives, through a pipe too: once, at the start.
func readGiven(name string) ([]byte, error) {
	f, err := os.Open(name) // #nosec G304 -- the operator names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readCapped(f)
}

// readCapped reads what is not too large to be meant.
func readCapped(f io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = errors.New("it is larger than 4 MiB")
	}
	return content, err
}

// plain takes the name out of an error of the file system, since the line names it already.
func plain(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("%s: %w", e.Path, e.Err)
	}
	return err
}
