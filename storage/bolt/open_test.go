package bolt_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

func TestAStoreIsForItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	closeStore(t, openAt(t, filepath.Join(dir, "store.db")))
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "store.db"): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(path), info.Mode().Perm(), want)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("%d files in the folder (%v), want the store alone", len(files), err)
	}
}

func TestStandby(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	first := openAt(t, path)
	if _, err := first.CreateAccount(context.Background(), testAccount(1), storage.Effects{}, day()); err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int64
	standing := make(chan struct{})
	opened := make(chan *bolt.Store)
	go func() {
		s, err := bolt.Open(context.Background(), bolt.Options{Path: path, OnStandby: func() {
			if calls.Add(1) == 1 {
				close(standing)
			}
		}})
		if err != nil {
			t.Error(err)
		}
		opened <- s
	}()
	<-standing
	time.Sleep(400 * time.Millisecond) // long enough for a second try
	select {
	case <-opened:
		t.Fatal("two have the store at once")
	default:
	}
	closeStore(t, first)
	second := <-opened
	defer closeStore(t, second)
	if calls.Load() != 1 {
		t.Errorf("OnStandby was called %d times, want once", calls.Load())
	}
	if _, err := second.Account(context.Background(), storage.AccountKey{ID: 1}); err != nil {
		t.Errorf("after taking over: %v", err)
	}
}

func TestStandbyEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	defer closeStore(t, openAt(t, path))
	ctx, cancel := context.WithCancel(context.Background())
	_, err := bolt.Open(ctx, bolt.Options{Path: path, OnStandby: cancel})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancellation", err)
	}
}

func TestTwoMakeTheStoreAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	done := make(chan error)
	for range 4 {
		go func() {
			s, err := bolt.Open(context.Background(), bolt.Options{Path: path})
			if err == nil {
				_, err = s.SwapKeyring(context.Background(), storage.Keyring{}, day())
				if errors.Is(err, storage.ErrConflict) {
					err = nil
				}
				err = errors.Join(err, s.Close())
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	s := openAt(t, path)
	defer closeStore(t, s)
	if k, err := s.Keyring(context.Background()); err != nil || k.Revision != 1 {
		t.Errorf("revision %d (%v), want 1: they shared one store", k.Revision, err)
	}
}
