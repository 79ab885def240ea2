package bolt

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"latchkey/storage/transfer"
)

// TestUpgradeTorn cuts the upgrade off after each page that it writes, and in the middle of the last, which makes it count: what is read is always
// everything.
func TestUpgradeTorn(t *testing.T) {
	before, path := oldStore(t), filepath.Join(t.TempDir(), "store.db")
	write := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(before)
	upgraded(t, path)
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	now := append(bytes.Clone(before), make([]byte, max(0, len(after)-len(before)))...)
	var want transfer.Summary
	look := func(what string, at int) {
		t.Helper()
		write(now)
		s, err := Open(context.Background(), Options{Path: path})
		if err != nil {
			t.Fatalf("%s %d: %v", what, at, err)
		}
		have, err := transfer.Sum(context.Background(), s)
		if want == nil {
			want = have
		}
		if err != nil || !have.Equal(want) || have.Records() == 0 {
			t.Errorf("%s %d: %v, %v", what, at, want.Differences(have), err)
		}
		if err := s.Verify(context.Background()); err != nil {
			t.Errorf("%s %d: %v", what, at, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	pages := 0
	for at := 2 * pageSize; at < len(after); at += pageSize {
		if !bytes.Equal(now[at:at+pageSize], after[at:at+pageSize]) {
			copy(now[at:at+pageSize], after[at:at+pageSize])
			look("after page", at/pageSize)
			pages++
		}
	}
	for at := range 2 * pageSize {
		if now[at] != after[at] {
			now[at] = after[at]
			look("after byte", at)
		}
	}
	if !bytes.Equal(now, after) || pages < 2 {
		t.Errorf("%d pages were written, and the whole is not what it should be", pages)
	}
}

// upgraded does what opening does, up to the upgrade's one transaction.
func upgraded(t *testing.T, path string) {
	t.Helper()
	f, err := hold(path)
	if err != nil {
		t.Fatal(err)
	}
	db, err := attach(path, f)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func oldStore(t *testing.T) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "schema3.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
