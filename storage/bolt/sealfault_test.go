package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

// tryOpen opens a file of its own with that content.
func tryOpen(t *testing.T, content []byte) (s *Store, path string, err error) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err = Open(context.Background(), Options{Path: path})
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, path, err
}

// Where bbolt's own flush of a record fails, in the first commit of a store without seals, the commit before counts for whoever opens the file.
func TestFlushOfBboltFails(t *testing.T) {
	r := newSealRig(t)
	for _, step := range sealSteps(r.s)[:6] {
		r.commit(step.name, step.do)
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Compact(context.Background(), r.path); err != nil {
		t.Fatal(err)
	}
	s, path, err := tryOpen(t, r.content())
	if err != nil {
		t.Fatal(err)
	}
	was := r.sum(s)
	s.commitTx = func(tx *bbolt.Tx) error { return errors.Join(tx.Commit(), syscall.EIO) }
	if _, err := s.RotateRefresh(context.Background(), "grant-30", 1, sealDay.Add(time.Hour), sealDay); !errors.Is(err, storage.ErrUnknown) {
		t.Errorf("%v, want %v", err, storage.ErrUnknown)
	}
	again, _, err := tryOpen(t, r.contentOf(path))
	if err != nil {
		t.Fatal(err)
	}
	if have := r.sum(again); !have.Equal(was) {
		t.Errorf("the commit counts: %v", was.Differences(have))
	}
}

// A file that lost its end after a commit was acknowledged is told of: no crash makes that, and to go back would lose the commit without a word.
func TestTruncatedBesideSeal(t *testing.T) {
	r := newSealRig(t)
	for i := range 400 {
		if err := r.s.DenyToken(context.Background(), fmt.Sprintf("%0200d", i), sealDay.Add(time.Hour), sealDay); err != nil {
			t.Fatal(err)
		}
		c := r.content()
		one, _ := readMeta(c)
		other, _ := readMeta(c[pageSize:])
		if one.tx < other.tx {
			one, other = other, one
		}
		if i < 2 || one.pages == other.pages {
			continue
		}
		if _, _, err := tryOpen(t, c[:(one.pages-1)*pageSize]); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%v, want %v", err, storage.ErrCorrupt)
		}
		return
	}
	t.Error("no commit made the store longer")
}

// A commit that was cut off, and after it a record of a version that knows no seals: neither is believed, and the torn one least of all.
func TestNeitherIsWhole(t *testing.T) {
	r := newSealRig(t)
	for _, step := range sealSteps(r.s)[:5] {
		r.commit(step.name, step.do)
	}
	c := r.commit("one more", func() error {
		_, err := r.s.RotateRefresh(context.Background(), "grant-30", 1, sealDay.Add(time.Hour), sealDay)
		return err
	})
	_, head := readSealOf(t, c.after)
	tried := 0
	for _, page := range c.pieces(pageSize) {
		if page < 2*pageSize {
			continue
		}
		torn := bytes.Clone(c.after)
		copy(torn[page:page+pageSize], c.before[page:])
		m, _ := readMeta(torn[head:])
		other := torn[pageSize-head:][:pageSize]
		copy(other[offMagic:metaEnd], torn[head+offMagic:])
		binary.NativeEndian.PutUint64(other[offTx:], m.tx+1)
		binary.NativeEndian.PutUint64(other[offSum:], metaSum(other))
		tried++
		if _, _, err := tryOpen(t, torn); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("without page %d: %v, want %v", page/pageSize, err, storage.ErrCorrupt)
		}
	}
	if tried == 0 {
		t.Error("the commit wrote no page: this shows nothing")
	}
}

// A record that was withdrawn is written once more before the file is flushed: the disk may have it as it was.
func TestWithdrawnOnceMore(t *testing.T) {
	r := newSealRig(t)
	steps := sealSteps(r.s)
	r.commit(steps[0].name, steps[0].do)
	c := r.commit(steps[1].name, steps[1].do)
	for _, withdrawn := range []bool{false, true} {
		if err := os.WriteFile(r.scratch, c.after, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(r.scratch, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if withdrawn {
			_, head := readSealOf(t, c.after)
			m, _ := readMeta(c.after[head:])
			if err := withdraw(f, m.tx); err != nil {
				t.Fatal(err)
			}
		}
		content, old := r.contentOf(r.scratch), sealDay.AddDate(-10, 0, 0)
		if err := os.Chtimes(r.scratch, old, old); err != nil {
			t.Fatal(err)
		}
		var wrote bool
		if err := settle(f, func(f *os.File) error {
			info, err := f.Stat()
			wrote = err == nil && !info.ModTime().Equal(old)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if wrote != withdrawn || !bytes.Equal(content, r.contentOf(r.scratch)) {
			t.Errorf("withdrawn %t: written %t, changed %t", withdrawn, wrote, !bytes.Equal(content, r.contentOf(r.scratch)))
		}
	}
}
