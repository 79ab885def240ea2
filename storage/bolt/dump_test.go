package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/storagetest"
)

// TestDumpHoldsNothingUp: while somebody is slow to take what is dumped, pages that writers free are used again, and no file is left if the process
// dies then.
func TestDumpHoldsNothingUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	defer closeStore(t, s)
	storagetest.Populate(t, s)
	size := func() int64 {
		info, err := os.Stat(path)
		must(t, err)
		return info.Size()
	}
	churn := func() {
		for i := range 100 {
			p := storage.PushedRequest{ID: fmt.Sprint(i), Form: strings.Repeat("x", 500_000), ExpiresAt: day().Add(time.Hour)}
			must(t, s.PutPushedRequest(context.Background(), p, day()))
			must(t, s.TakePushedRequest(context.Background(), p.ID, day()))
		}
	}
	churn()
	before, slow := size(), false
	must(t, s.Dump(context.Background(), func(storage.Item) error {
		if slow {
			return nil
		}
		slow = true
		churn()
		if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
			t.Errorf("files beside the store: %q", left)
		}
		return nil
	}))
	if grown := size() - before; grown > 10<<20 {
		t.Errorf("the file grew by %d bytes while 50 MB were written and removed", grown)
	}
}

// TestDumpOfADamagedStore names the table, and yields nothing in its place.
func TestDumpOfADamagedStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	storagetest.Populate(t, s)
	closeStore(t, s)
	body, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(body), "hash-endless", "hash-Endless")), 0o600))
	for _, transfer := range []bool{false, true} {
		s, err := bolt.Open(context.Background(), bolt.Options{Path: path, Transfer: transfer})
		must(t, err)
		err = s.Dump(context.Background(), func(storage.Item) error { return nil })
		if !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), "registration_tokens") {
			t.Errorf("error %v", err)
		}
		closeStore(t, s)
	}
}

func TestHalfFilledIsNotOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	must(t, s.Fill(context.Background(), nil, nil, []byte("1")))
	closeStore(t, s)
	for range 2 { // and the file is free again
		if _, err := bolt.Open(context.Background(), bolt.Options{Path: path}); !errors.Is(err, storage.ErrHalfFilled) {
			t.Errorf("error %v", err)
		}
	}
	s, err := bolt.OpenAlone(context.Background(), path)
	must(t, err)
	must(t, s.FinishFill(context.Background(), []byte("1")))
	closeStore(t, s)
	closeStore(t, openAt(t, path))
}
