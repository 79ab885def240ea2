package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"latchkey/storage"
)

// TestTornCommits loses the power in the middle of commits: of what a commit wrote before it flushed, any may have come to the disk, in any order, page
// by page or sector by sector. The commit is whole then or was never there, and what was acknowledged before it is there.
func TestTornCommits(t *testing.T) {
	r := newSealRig(t)
	for i, step := range sealSteps(r.s) {
		c := r.commit(step.name, step.do)
		sealed, head := readSealOf(t, c.after)
		pages := c.pieces(pageSize)
		if (step.kind == sealedCommit) != (len(sealed.spans) > 0) || step.kind == sealedCommit && len(sealed.spans) < len(pages)-1 {
			t.Errorf("%s: %d spans in the seal, %d pages were written", step.name, len(sealed.spans), len(pages)-1)
		}
		seeds := rand.New(rand.NewPCG(uint64(i), 1)) // #nosec G404 -- a test
		if step.kind != sealedCommit {               // it was flushed before it was sealed
			whole := bytes.Clone(c.after)
			r.look(c, "all", whole, true, false)
			r.look(c, "some of the seal", c.torn(sector, c.pieces(sector), func(i int) bool { return c.pieces(sector)[i] != head+sealAt }), false, false)
			clear(c.after[head+sealAt : head+pageSize])
			r.look(c, "no seal", c.after, false, false)
		}
		if step.kind == flushedCommit { // as bbolt does: no record before all pages
			copy(c.after[head:head+pageSize], c.before[head:])
		}
		r.tear(c, seeds, step.kind == sealedCommit)
	}
}

// A commit that cannot be flushed is not acknowledged, and was never there for whoever opens the file, although all of it was written.
func TestFlushFails(t *testing.T) {
	errFlush := errors.New("the disk is gone")
	for _, row := range []struct {
		name   string
		before int
	}{{"the first commit, which bbolt flushed", 0}, {"a later one", 1}, {"and another", 2}} {
		t.Run(row.name, func(t *testing.T) {
			r := newSealRig(t)
			deny := func(jti string) error {
				return r.s.DenyToken(context.Background(), jti, sealDay.Add(time.Hour), sealDay)
			}
			for i := range row.before {
				if err := deny(fmt.Sprint(i)); err != nil {
					t.Fatal(err)
				}
			}
			was := r.sum(r.s)
			r.s.sealer.flush = func(*os.File) error { return errFlush }
			if err := deny("lost"); !errors.Is(err, storage.ErrUnknown) {
				t.Errorf("%v, want %v", err, storage.ErrUnknown)
			}
			r.s.sealer.flush = flush
			if err := deny("next"); !errors.Is(err, storage.ErrUnavailable) {
				t.Errorf("the next one: %v, want %v", err, storage.ErrUnavailable)
			}
			again := r.open(r.content())
			if have := r.sum(again); !have.Equal(was) {
				t.Errorf("after opening it again: %v", was.Differences(have))
			}
			if err := errors.Join(again.Verify(context.Background()), again.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

// What a killed process left in the system's memory is on the disk before the file is written to: also before a commit that was cut off is taken back.
func TestFlushedWhenOpened(t *testing.T) {
	r := newSealRig(t)
	steps := sealSteps(r.s)
	r.commit(steps[0].name, steps[0].do)
	c := r.commit(steps[1].name, steps[1].do)
	_, head := readSealOf(t, c.after)
	pages := c.pieces(pageSize)
	for _, row := range []struct {
		name    string
		content []byte
	}{
		{"whole, without a freelist", c.after},
		{"cut off", c.torn(pageSize, pages, func(i int) bool { return pages[i] == head })},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := os.WriteFile(r.scratch, row.content, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(r.scratch, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			first := true
			if err := preflight(f, func(*os.File) error {
				first = first && bytes.Equal(r.contentOf(r.scratch), row.content)
				return nil
			}); err != nil || !first {
				t.Errorf("something was written before the flush, or %v", err)
			}
			if bytes.Equal(r.contentOf(r.scratch), row.content) {
				t.Error("nothing was written at all: this shows nothing")
			}
			if err := os.WriteFile(r.scratch, row.content, 0o600); err != nil {
				t.Fatal(err)
			}
			lost := errors.New("the disk is gone")
			if err := preflight(f, func(*os.File) error { return lost }); !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, lost) {
				t.Errorf("a flush that fails: %v", err)
			}
			if !bytes.Equal(r.contentOf(r.scratch), row.content) {
				t.Error("a flush that fails, and something was written")
			}
		})
	}
}

// What stands behind a meta record and is no seal is none, whatever it is.
func TestReadSeal(t *testing.T) {
	page := make([]byte, pageSize)
	want := seal{tx: 7, spans: []span{{id: 3, pages: 1, sum: 5}, {id: 9, pages: 4, sum: 6}}}
	copy(page[sealAt:], want.encode(nil))
	if s, ok := readSeal(page); !ok || s.tx != want.tx || len(s.spans) != 2 || s.spans[1] != want.spans[1] {
		t.Fatalf("%v %v", s, ok)
	}
	end := sealAt + len(want.encode(nil))
	for at := sealAt; at < end; at++ {
		for _, flip := range []byte{1, 0x80, 0xff} {
			page[at] ^= flip
			if s, ok := readSeal(page); ok {
				t.Errorf("byte %d changed by %x: %v", at, flip, s)
			}
			page[at] ^= flip
		}
	}
	full := seal{tx: 1, spans: make([]span, maxSpans)}
	clear(page)
	if n := copy(page[sealAt:], full.encode(nil)); n != len(full.encode(nil)) {
		t.Fatalf("a full seal has %d bytes, and there is room for %d", len(full.encode(nil)), n)
	}
	if s, ok := readSeal(page); !ok || len(s.spans) != maxSpans {
		t.Errorf("a full seal: %d, %v", len(s.spans), ok)
	}
}
