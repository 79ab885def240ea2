package bolt_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/storagetest"
)

func openAt(t *testing.T, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(context.Background(), bolt.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t *testing.T, s *bolt.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		s := openAt(t, filepath.Join(t.TempDir(), "store.db"))
		t.Cleanup(func() {
			if err := s.Verify(context.Background()); err != nil && !errors.Is(err, storage.ErrUnavailable) {
				t.Errorf("after the test: %v", err)
			}
			closeStore(t, s)
		})
		return s
	})
}

func TestReopen(t *testing.T) {
	storagetest.RunReopen(t, func(t *testing.T, dir string) storage.Store {
		return openAt(t, filepath.Join(dir, "store.db"))
	})
}
