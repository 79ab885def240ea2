package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/postgres"
	"latchkey/storage/transfer"
)

// errNotEmpty is what to do about a store that is not empty.
var errNotEmpty = errors.New("the store is not empty: with --replace the backup takes its place, and it is kept aside")

// restorePostgres fills the database, which is marked until that is done: no server serves it before. One that was interrupted goes on.
func restorePostgres(ctx context.Context, cfg *config.Config, into func(storage.Transfers) error) error {
	p := cfg.Storage.Postgres
	s, err := postgres.Open(ctx, postgres.Options{URL: strings.TrimSpace(p.URL.Reveal()), MaxConns: p.MaxConns, KeepSchema: !p.Migrate, Transfer: true})
	if err != nil {
		return unavailableError{err}
	}
	return errors.Join(into(s), s.Close())
}

// restoreBolt makes a new file beside the store's, which takes its place when all is in it. What was there is kept beside it, under the name that is
// returned.
func restoreBolt(ctx context.Context, path string, replace bool, into func(storage.Transfers) error) (aside string, err error) {
	if where, err := filepath.EvalSymlinks(path); err == nil { // else it is not there
		path = where
	}
	free, err := holdBolt(ctx, path, replace)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, free()) }()
	made := path + ".restoring"
	if err := fillBolt(ctx, made, into); err != nil {
		return "", err
	}
	if missing(path) {
		if err := os.Link(made, path); err != nil { // not over a file that came meanwhile
			return "", errors.Join(err, os.Remove(made))
		}
		return "", errors.Join(os.Remove(made), syncDir(filepath.Dir(path)))
	}
	if replace {
		aside = path + ".replaced-" + time.Now().UTC().Format("20060102T150405.000Z")
		if err := os.Link(path, aside); err != nil {
			return "", errors.Join(err, os.Remove(made))
		}
	}
	return aside, errors.Join(os.Rename(made, path), syncDir(filepath.Dir(path)))
}

// holdBolt makes sure that nobody uses the store, and goes on doing so until free is called: that it is not there, is empty, or may be replaced.
func holdBolt(ctx context.Context, path string, replace bool) (free func() error, err error) {
	s, err := bolt.OpenAlone(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return func() error { return nil }, os.MkdirAll(filepath.Dir(path), 0o700)
	case errors.Is(err, bolt.ErrHeld):
		return nil, unavailableError{err}
	case err != nil && replace:
		return func() error { return nil }, nil // whatever it is, nobody can serve it
	case err != nil:
		return nil, fmt.Errorf("%w (with --replace the backup takes its place, and it is kept aside)", err)
	case replace:
		return s.Close, nil
	}
	progress, err := s.FillProgress(ctx)
	if err == nil && progress != nil {
		err = errNotEmpty
	}
	if err == nil {
		var sum transfer.Summary
		if sum, err = transfer.Sum(ctx, s); err == nil && sum.Records() > 0 {
			err = errNotEmpty
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s.Close, nil
}

// fillBolt makes a store at path, where only what a restore that was killed has left may be.
func fillBolt(ctx context.Context, path string, into func(storage.Transfers) error) error {
	left, err := bolt.OpenAlone(ctx, path)
	if errors.Is(err, bolt.ErrHeld) {
		return unavailableError{errors.New("another restore is under way")}
	}
	if err == nil {
		_ = left.Close()
	}
	if !errors.Is(err, fs.ErrNotExist) { // it may be half of a file, too
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	s, err := bolt.OpenOrMake(ctx, path)
	if err != nil {
		return err
	}
	if err := errors.Join(into(s), s.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
