package bolt_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	other := func(name string, fill func(tx *bbolt.Tx) error) string {
		db, err := bbolt.Open(filepath.Join(dir, name), 0o600, &bbolt.Options{PageSize: 4096})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Update(fill), db.Close()); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"empty file":      {write("empty", ""), storage.ErrCorrupt},
		"short text":      {write("short", "hello\n"), storage.ErrCorrupt},
		"long text":       {write("long", strings.Repeat("hello\n", 10000)), storage.ErrCorrupt},
		"zeroes":          {write("zeroes", string(make([]byte, 1<<16))), storage.ErrCorrupt},
		"directory":       {dir, storage.ErrUnavailable},
		"in no directory": {filepath.Join(write("file", "x"), "store.db"), storage.ErrUnavailable},
		"empty bbolt":     {other("bbolt", func(*bbolt.Tx) error { return nil }), storage.ErrCorrupt},
		"other bbolt": {other("other", func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucket([]byte("meta"))
			return errors.Join(err, b.Put([]byte("format"), []byte("something else")))
		}), storage.ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := bolt.Open(context.Background(), bolt.Options{Path: c.path})
			if err == nil {
				_ = s.Close()
			}
			oneLine(t, err, c.want)
		})
	}
}

func TestTruncatedWhileOpen(t *testing.T) {
	const n = 50
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, filled(t, n), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path)
	if err := os.Truncate(path, 2*4096); err != nil {
		t.Fatal(err)
	}
	_, err := s.ListAccounts(context.Background(), 0, n)
	oneLine(t, err, storage.ErrCorrupt)
	if err := s.CreateGrant(context.Background(), testGrant(n), day()); err == nil {
		t.Error("a write was acknowledged")
	}
	_ = s.Close()
}
