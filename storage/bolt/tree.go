package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"latchkey/storage"
)

// How bbolt lays out pages: a header of 16 bytes, then elements of 16 bytes each, then keys and values.
const (
	pageHead, elementSize = 16, 16
	branchPage, leafPage  = 1, 2
	// bucketLeaf flags a leaf element whose value begins with the page at which another tree starts, 0 for one inline.
	bucketLeaf = 1
)

// treeCheck follows the branches of every tree before bbolt does, which follows them without looking and would go round in
// a damaged one until the process dies. It reads branch pages, about one in a hundred, and the pages that list the buckets.
type treeCheck struct {
	f     *os.File
	pages uint64
	// used are the pages that a tree refers to, and what follows a page that is longer than one.
	used pageSet
	buf  []byte
}

func checkTrees(f *os.File, m meta) error {
	c := &treeCheck{f: f, pages: m.pages, used: newPageSet(m.pages), buf: make([]byte, pageSize)}
	leaves, err := c.descend(m.root, true)
	if err != nil {
		return err
	}
	for _, id := range leaves {
		page, err := c.read(id)
		if err != nil {
			return err
		}
		roots, err := bucketRoots(page)
		if err != nil {
			return err
		}
		for _, root := range roots {
			if _, err := c.descend(root, false); err != nil {
				return err
			}
		}
	}
	if m.freelist == noFreelist {
		return c.list(m)
	}
	return c.checkFreelist(m.freelist)
}

func damaged(what string, id uint64) error {
	return fmt.Errorf("%w: %s page %d", storage.ErrCorrupt, what, id)
}

// descend follows the tree, and returns its leaves where all of them are wanted: there can be millions. All are at one depth, so that one page tells what
// its whole level is.
func (c *treeCheck) descend(root uint64, all bool) ([]uint64, error) {
	level := []uint64{root}
	if err := c.use(level); err != nil {
		return nil, err
	}
	for {
		page, err := c.read(level[0])
		if err != nil {
			return nil, err
		}
		if flags(page) == leafPage {
			return level, nil
		}
		ahead(c.f, level)
		var next []uint64
		leaves := false
		for n, id := range level {
			if page, err = c.read(id); err != nil {
				return nil, err
			}
			if flags(page) != branchPage || count(page) == 0 {
				return nil, damaged("no branch where one belongs,", id)
			}
			below := branches(page)
			if err := c.use(below); err != nil {
				return nil, err
			}
			if n == 0 || all || !leaves {
				next = append(next, below...)
			}
			if n > 0 {
				continue
			}
			if page, err = c.read(below[0]); err != nil {
				return nil, err
			}
			leaves = flags(page) == leafPage
		}
		level = next
	}
}

// use notes that a tree refers to the pages.
func (c *treeCheck) use(pages []uint64) error {
	for _, id := range pages {
		if id < 2 || id >= c.pages || c.used.has(id) {
			return damaged("a branch that leads astray, to", id)
		}
		c.used.add(id)
	}
	return nil
}

func flags(page []byte) uint16 { return binary.NativeEndian.Uint16(page[8:]) }
func count(page []byte) int    { return int(binary.NativeEndian.Uint16(page[10:])) }

// overflow is how many pages continue this one.
func overflow(page []byte) uint64 { return uint64(binary.NativeEndian.Uint32(page[12:])) }

// branches are the pages that a branch leads to.
func branches(page []byte) []uint64 {
	ids := make([]uint64, count(page))
	for i := range ids {
		ids[i] = binary.NativeEndian.Uint64(page[pageHead+i*elementSize+8:])
	}
	return ids
}

// read returns the page with its overflow, once its header fits, until the next is read.
func (c *treeCheck) read(id uint64) ([]byte, error) {
	page := c.buf
	if _, err := c.f.ReadAt(page, int64(id)*pageSize); err != nil {
		return nil, readFailed(err, id)
	}
	more := overflow(page)
	if binary.NativeEndian.Uint64(page) != id || flags(page) != branchPage && flags(page) != leafPage || id+more >= c.pages {
		return nil, damaged("wrong header of", id)
	}
	if more > 0 {
		page = make([]byte, (1+more)*pageSize)
		if _, err := c.f.ReadAt(page, int64(id)*pageSize); err != nil {
			return nil, readFailed(err, id)
		}
	}
	if pageHead+count(page)*elementSize > len(page) {
		return nil, damaged("too many elements in", id)
	}
	return page, nil
}

func readFailed(err error, id uint64) error {
	if errors.Is(err, io.EOF) {
		return damaged("the file ends before", id)
	}
	return unavailable(err)
}

// bucketRoots returns the roots of the trees that a leaf page of the first tree lists.
func bucketRoots(page []byte) (roots []uint64, err error) {
	for i := range count(page) {
		at := pageHead + i*elementSize
		field := func(n int) int { return int(binary.NativeEndian.Uint32(page[at+4*n:])) }
		value := at + field(1) + field(2)
		if field(0) != bucketLeaf || field(3) < 16 || value+field(3) > len(page) {
			return nil, damaged("a wrong bucket in", binary.NativeEndian.Uint64(page))
		}
		if root := binary.NativeEndian.Uint64(page[value:]); root != 0 {
			roots = append(roots, root)
		}
	}
	return roots, nil
}
