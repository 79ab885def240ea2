package bolt

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/transfer"
)

const sector = 512

var sealDay = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)

// sealRig is a store whose file is looked at as it is on the disk after each commit.
type sealRig struct {
	t       *testing.T
	s       *Store
	path    string
	scratch string
}

func newSealRig(t *testing.T) *sealRig {
	t.Helper()
	s := openTest(t)
	return &sealRig{t: t, s: s, path: s.file.Name(), scratch: filepath.Join(t.TempDir(), "torn.db")}
}

func (r *sealRig) content() []byte { r.t.Helper(); return r.contentOf(r.path) }

func (r *sealRig) sum(s *Store) transfer.Summary {
	r.t.Helper()
	sum, err := transfer.Sum(context.Background(), s)
	if err != nil {
		r.t.Fatal(err)
	}
	return sum
}

func (r *sealRig) open(content []byte) *Store {
	r.t.Helper()
	if err := os.WriteFile(r.scratch, content, 0o600); err != nil {
		r.t.Fatal(err)
	}
	s, err := Open(context.Background(), Options{Path: r.scratch})
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// commit is what one commit did: the file and what it said before and after, and which pieces of it differ.
type commit struct {
	name          string
	before, after []byte
	was, is       transfer.Summary
}

func (r *sealRig) commit(name string, do func() error) commit {
	r.t.Helper()
	c := commit{name: name, before: r.content(), was: r.sum(r.s)}
	n := r.s.Commits()
	if err := do(); err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	if r.s.Commits() != n+1 {
		r.t.Fatalf("%s: %d commits, want 1", name, r.s.Commits()-n)
	}
	c.after, c.is = r.content(), r.sum(r.s)
	c.before = append(c.before, make([]byte, len(c.after)-len(c.before))...)
	return c
}

// pieces are where the two differ, in steps of a size.
func (c commit) pieces(size int) (at []int) {
	for i := 0; i < len(c.after); i += size {
		if !bytes.Equal(c.before[i:i+size], c.after[i:i+size]) {
			at = append(at, i)
		}
	}
	return at
}

// torn is the file where only some of the pieces came to the disk.
func (c commit) torn(size int, at []int, came func(i int) bool) []byte {
	b := bytes.Clone(c.before)
	for i, off := range at {
		if came(i) {
			copy(b[off:off+size], c.after[off:off+size])
		}
	}
	return b
}

// look opens a torn file: it says what was before or what is after, whole, and goes on from there.
func (r *sealRig) look(c commit, what string, content []byte, all, none bool) {
	r.t.Helper()
	s := r.open(content)
	have := r.sum(s)
	if before, after := have.Equal(c.was), have.Equal(c.is); !before && !after || all && !after || none && !before {
		r.t.Fatalf("%s, %s: before %v, after %v", c.name, what, c.was.Differences(have), c.is.Differences(have))
	}
	if err := s.Verify(context.Background()); err != nil {
		r.t.Fatalf("%s, %s: %v", c.name, what, err)
	}
	if err := s.DenyToken(context.Background(), "later", sealDay.Add(time.Hour), sealDay); err != nil {
		r.t.Fatalf("%s, %s: %v", c.name, what, err)
	}
	now := r.sum(s)
	if err := s.Close(); err != nil {
		r.t.Fatal(err)
	}
	again := r.open(r.contentOf(r.scratch))
	if have := r.sum(again); !have.Equal(now) {
		r.t.Fatalf("%s, %s: after one more commit %v", c.name, what, now.Differences(have))
	}
	if err := again.Close(); err != nil {
		r.t.Fatal(err)
	}
}

func (r *sealRig) contentOf(path string) []byte {
	r.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// tear opens the file with some of what a commit wrote.
func (r *sealRig) tear(c commit, seeds *rand.Rand, all bool) {
	r.t.Helper()
	pages, sectors := c.pieces(pageSize), c.pieces(sector)
	for n := range 12 {
		came := seeds.Uint64()
		switch {
		case n == 0:
			came = 0
		case n == 1:
			came = ^uint64(0)
		case n < 2+len(pages): // all but one
			came = ^(1 << (n - 2))
		}
		mask := func(i int) bool { return came>>(i%64)&1 == 1 }
		r.look(c, fmt.Sprintf("pages %x of %d", came, len(pages)), c.torn(pageSize, pages, mask), all && came == ^uint64(0), came == 0)
	}
	for n := range 4 {
		most := n%2 == 0
		came := func(int) bool { return seeds.IntN(16) > 0 == most }
		r.look(c, fmt.Sprintf("some of %d sectors", len(sectors)), c.torn(sector, sectors, came), false, false)
	}
}

// How a commit comes to the disk: with one flush and a seal that tells of its pages; flushed once and then sealed; or as bbolt does it, and then sealed.
const (
	sealedCommit = iota
	largeCommit
	flushedCommit
)

type sealStep struct {
	name string
	do   func() error
	kind int
}

// sealSteps are commits of every shape: small ones, one that makes trees grow, one of more pages than a seal has room for, one that removes.
func sealSteps(s *Store) (steps []sealStep) {
	ctx, now := context.Background(), sealDay
	denials := func(from, to, step int, fn func(t *txn, key []byte)) func() error {
		return func() error {
			return s.update(ctx, "denials", func(t *txn) error {
				for i := from; i < to; i += step {
					fn(t, fmt.Appendf(nil, "%08d-%0100d", i*7919%100_000_000, i))
				}
				return nil
			})
		}
	}
	until := now.Add(time.Hour)
	put := func(t *txn, key []byte) { t.addUntil(tDenials, string(key), until) }
	drop := func(t *txn, key []byte) {
		if !t.has(tDenials, key) {
			return
		}
		t.drop(tDenials, key)
		t.drop(tExpiry, expiryKey(until, tDenials, key))
		t.delta[tDenials]--
	}
	grants := func(from, to int) func() error {
		return func() error {
			return s.update(ctx, "grants", func(t *txn) error {
				for i := from; i < to; i++ {
					id := fmt.Sprint("grant-", i)
					t.addGrant(grant{Grant: storage.Grant{ID: id, ClientID: "app", CreatedAt: now, ExpiresAt: now.Add(time.Hour),
						Scopes: []string{"openid"}, Refresh: &storage.Refresh{ExpiresAt: now.Add(time.Hour)}}})
				}
				return nil
			})
		}
	}
	rotate := func(id string, from int64) func() error {
		return func() error {
			_, err := s.RotateRefresh(ctx, id, from, now.Add(time.Hour), now)
			return err
		}
	}
	return []sealStep{
		{"the first after opening", grants(0, 1), flushedCommit},
		{"a small one", rotate("grant-0", 0), sealedCommit},
		{"the same again", rotate("grant-0", 1), sealedCommit},
		{"many, so that leaves split", grants(1, 60), sealedCommit},
		{"one of many", rotate("grant-30", 0), sealedCommit},
		{"two tables, one that was in its bucket's row", denials(0, 2, 1, put), sealedCommit},
		{"more than a seal has room for", denials(2, 4_000, 1, put), largeCommit},
		{"one in a tree of levels", denials(4_000, 4_001, 1, put), sealedCommit},
		{"one is removed", denials(500, 501, 1, drop), sealedCommit},
		{"scattered", denials(4_001, 8_000, 200, put), sealedCommit},
		{"as good as all are removed, so that trees shrink", denials(0, 3_999, 1, drop), sealedCommit},
		{"a small one after that", rotate("grant-30", 1), sealedCommit},
	}
}

// readSealOf returns the seal of the last commit, and where its meta page is.
func readSealOf(t *testing.T, content []byte) (s seal, head int) {
	t.Helper()
	var best meta
	var at int
	for i := range 2 {
		if m, ok := readMeta(content[i*pageSize:][:metaEnd]); ok && m.tx >= best.tx {
			best, at = m, i
		}
	}
	s, ok := readSeal(content[at*pageSize:][:pageSize])
	if !ok || s.tx != best.tx {
		t.Fatalf("commit %d has no seal", best.tx)
	}
	return s, at * pageSize
}
