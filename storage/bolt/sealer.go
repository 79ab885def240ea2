package bolt

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"runtime"
	"slices"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

// sealer makes commits durable. The committer alone uses it.
type sealer struct {
	f *os.File
	// sealed: the last commit has a seal, and root is its first page.
	sealed bool
	root   uint64
	// flush brings to the disk what was written; a test has it fail.
	flush func(f *os.File) error

	page, out []byte // room
	spans     []span
}

// persist commits, and returns once that is on the disk.
func (s *Store) persist(tx *bbolt.Tx) error {
	c, id := &s.sealer, uint64(tx.ID()) // #nosec G115 -- counts up
	s.db.NoSync = c.sealed
	err := s.commitTx(tx)
	s.db.NoSync = false
	if err != nil {
		if _, none := c.rootOf(id); none == nil { // its record was written, and not flushed
			return fmt.Errorf("%w: %v, %v", errUnsealed, err, withdraw(c.f, id)) //nolint:errorlint // what it was must not count
		}
		return err
	}
	if err := c.finish(id); err != nil {
		// bbolt goes on from this commit: nothing may be written after it, even where only room was missing.
		return fmt.Errorf("%w: %v, %v", errUnsealed, err, withdraw(c.f, id)) //nolint:errorlint // what it was must not count
	}
	return nil
}

// errUnsealed: a commit was written, and could not be sealed and flushed.
var errUnsealed = errors.New("a commit was not brought to the disk")

// finish seals and flushes a commit that bbolt has written, and flushed where the one before has no seal.
func (c *sealer) finish(id uint64) error {
	root, err := c.rootOf(id)
	if err != nil {
		return err
	}
	s := seal{tx: id}
	if c.sealed {
		var fits bool
		if s.spans, fits = c.changed(c.root, root); !fits {
			s.spans = nil
			if err := c.flush(c.f); err != nil {
				return err
			}
		}
	}
	c.out = s.encode(c.out[:0])
	if _, err := c.f.WriteAt(c.out, int64(id%2)*pageSize+sealAt); err != nil {
		return err
	}
	begin(c.f)
	runtime.Gosched() // the disk works: whoever signs what this commit buys may do so meanwhile
	if err := c.flush(c.f); err != nil {
		return err
	}
	c.sealed, c.root = true, root
	return nil
}

// rootOf is the first page of the commit that was just written.
func (c *sealer) rootOf(id uint64) (uint64, error) {
	head := c.page[:metaEnd]
	if _, err := c.f.ReadAt(head, int64(id%2)*pageSize); err != nil {
		return 0, err
	}
	m, ok := readMeta(head)
	if !ok || m.tx != id {
		return 0, fmt.Errorf("%w: no meta record where it was written", storage.ErrCorrupt)
	}
	return m.root, nil
}

// changed returns the pages that are in the trees from one root and not in those from another, which was committed before: no page of it is written
// again in between. It goes down both, level by level, and leaves out what both have. Where trees grew or shrank levels do not meet, and it finds too
// many. fits: a seal has room for all.
func (c *sealer) changed(from, to uint64) (spans []span, fits bool) {
	c.spans = c.spans[:0]
	olds, news := level{ids: []uint64{from}, top: true}, level{ids: []uint64{to}, top: true}
	for {
		olds.ids, news.ids = apart(olds.ids, news.ids)
		if len(news.ids) == 0 {
			return c.spans, true
		}
		if news, fits = c.below(news, true); !fits {
			return nil, false
		}
		if len(news.ids) == 0 {
			return c.spans, true
		}
		if olds, fits = c.below(olds, false); !fits {
			return nil, false
		}
	}
}

// level is pages of one depth; top: of the tree of buckets.
type level struct {
	ids []uint64
	top bool
}

// below returns what the pages of a level lead to, and with note keeps their checksums.
func (c *sealer) below(l level, note bool) (next level, ok bool) {
	for _, id := range l.ids {
		page, err := c.read(id)
		if err != nil || note && len(c.spans) == maxSpans {
			return level{}, false
		}
		if note {
			c.spans = append(c.spans, span{id: id, pages: uint32(len(page) / pageSize), sum: crc32.Checksum(page, castagnoli())}) // #nosec G115 -- in a file
		}
		switch {
		case flags(page) == branchPage:
			next.top = l.top
			next.ids = append(next.ids, branches(page)...)
		case l.top:
			roots, err := bucketRoots(page)
			if err != nil {
				return level{}, false
			}
			next.ids = append(next.ids, roots...)
		}
	}
	return next, true
}

// read returns a page with those that continue it, until the next is read.
func (c *sealer) read(id uint64) ([]byte, error) {
	if _, err := c.f.ReadAt(c.page[:pageSize], int64(id)*pageSize); err != nil { // #nosec G115 -- in a file
		return nil, err
	}
	size := (1 + int(overflow(c.page))) * pageSize
	if size > pageSize {
		c.page = slices.Grow(c.page[:pageSize], size-pageSize)[:max(size, len(c.page))]
		if _, err := c.f.ReadAt(c.page[:size], int64(id)*pageSize); err != nil { // #nosec G115 -- in a file
			return nil, err
		}
	}
	return c.page[:size], nil
}

// apart sorts both, and returns of each what the other lacks.
func apart(a, b []uint64) (onlyA, onlyB []uint64) {
	slices.Sort(a)
	slices.Sort(b)
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			onlyA, a = append(onlyA, a[0]), a[1:]
		case a[0] > b[0]:
			onlyB, b = append(onlyB, b[0]), b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return append(onlyA, a...), append(onlyB, b...)
}
