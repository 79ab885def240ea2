package bolt

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

func openFor(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// cut copies the file of a store that nobody writes to at the moment: what a crash would leave.
func cut(t *testing.T, s *Store) string {
	t.Helper()
	from, err := os.Open(s.db.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.Create(filepath.Join(t.TempDir(), "cut.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	return to.Name()
}

func headOf(t *testing.T, path string) meta {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var best meta
	for _, page := range [][]byte{b, b[pageSize:]} {
		if m, ok := readMeta(page[:metaEnd]); ok && m.tx >= best.tx {
			best = m
		}
	}
	return best
}

// churn writes and removes grants and files, so that pages of one and of many come and go.
func churn(t *testing.T, s *Store, r *rand.Rand, writes int) {
	t.Helper()
	ctx, now := context.Background(), time.Unix(1_800_000_000, 0)
	a, err := s.CreateAccount(ctx, storage.Account{Sub: fmt.Sprint("sub", r.Uint64())}, storage.Effects{}, now)
	if err != nil {
		t.Fatal(err)
	}
	for range writes {
		switch r.IntN(4) {
		case 0:
			err = s.PutFile(ctx, a.ID, storage.FileResume, storage.FileInfo{ID: fmt.Sprint(r.Uint64())}, make([]byte, r.IntN(60_000)), now)
		case 1:
			_, err = s.Sweep(ctx, r.IntN(40), now.Add(time.Duration(r.IntN(3600))*time.Second))
		default:
			g := storage.Grant{ID: fmt.Sprint("g", r.Uint64()), ClientID: "app", AccountID: a.ID, Nonce: string(make([]byte, r.IntN(9000))), CreatedAt: now,
				ExpiresAt: now.Add(time.Duration(r.IntN(3600)) * time.Second)}
			err = s.CreateGrant(ctx, g, now.Add(-time.Hour))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestFreelistAfterACrash: a file without a freelist gets one, in which, by bbolt's own account, each page is either in use or free.
func TestFreelistAfterACrash(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := openFor(t, filepath.Join(t.TempDir(), "store.db"))
		for range 4 {
			churn(t, s, r, 60)
			path := cut(t, s)
			if headOf(t, path).freelist != noFreelist {
				t.Fatal("the freelist is written with each commit")
			}
			again := openFor(t, path)
			if headOf(t, path).freelist == noFreelist {
				t.Fatal("no freelist was made")
			}
			if err := again.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			churn(t, again, r, 10) // what is taken as free is written over
			if err := again.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFreelistKept: a store that was closed has its freelist in the file, and who only read does not write it.
func TestFreelistKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openFor(t, path)
	churn(t, s, rand.New(rand.NewPCG(1, 2)), 100)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	kept := headOf(t, path)
	if kept.freelist == noFreelist {
		t.Fatal("no freelist")
	}
	if s = openFor(t, path); s.Verify(t.Context()) != nil || s.Close() != nil || headOf(t, path) != kept {
		t.Errorf("%+v, was %+v", headOf(t, path), kept)
	}
}

// TestManyFreePages: more than 65,534 entries are counted elsewhere.
func TestManyFreePages(t *testing.T) {
	s := openFor(t, filepath.Join(t.TempDir(), "store.db"))
	s.db.NoSync = true
	big := func(tx *bbolt.Tx) *bbolt.Bucket { return tx.Bucket([]byte(tFiles.String())) }
	for i := range 5 {
		if err := s.db.Update(func(tx *bbolt.Tx) error { return big(tx).Put([]byte{byte(i)}, make([]byte, 60<<20)) }); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		if err := s.db.Update(func(tx *bbolt.Tx) error { return big(tx).Delete([]byte{byte(i)}) }); err != nil {
			t.Fatal(err)
		}
	}
	path := s.db.Path()
	s.commits.Store(0) // so that closing leaves the file as a crash would
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openFor(t, path)
	if m := headOf(t, path); m.pages < manyFree || m.freelist == noFreelist {
		t.Fatalf("%+v", m)
	}
	live, err := again.liveBytes()
	if err != nil || live > 4<<20 {
		t.Errorf("%d bytes are said to be in use, %v", live, err)
	}
	if err := again.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPlaceForAFreelist(t *testing.T) {
	for _, row := range []struct {
		name string
		need uint64
		free []uint64
		at   uint64
		rest []uint64
	}{
		{"none is free", 1, nil, 100, nil},
		{"the first", 1, []uint64{5, 9}, 5, []uint64{9}},
		{"the last that follow each other", 2, []uint64{5, 8, 9}, 8, []uint64{5}},
		{"in between", 2, []uint64{3, 7, 8, 11}, 7, []uint64{3, 11}},
		{"none that follow each other", 2, []uint64{3, 5, 7}, 100, []uint64{3, 5, 7}},
		{"too few", 4, []uint64{3, 4, 5}, 100, []uint64{3, 4, 5}},
	} {
		at, rest := placeFor(row.need, slices.Clone(row.free), 100)
		if at != row.at || !slices.Equal(rest, row.rest) {
			t.Errorf("%s: at %d, rest %v", row.name, at, rest)
		}
	}
}
