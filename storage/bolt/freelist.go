package bolt

import (
	"encoding/binary"
	"fmt"
	"slices"

	"latchkey/storage"
)

const (
	freelistPage = 16
	// manyFree as the count of a freelist page says that the count stands before the list instead.
	manyFree = 0xFFFF
	// listPart is how much of a freelist is read or written at a time, in bytes.
	listPart = 1 << 20
)

// While a store is open its file has no freelist: it would have to be written with every commit, and after many records were removed it is
// millions of pages long. It is written when the store is closed, and where that was not done, made anew from the trees when it is opened.

// checkFreelist makes sure that no page of a tree is said to be free: bbolt would write over it.
func (c *treeCheck) checkFreelist(id uint64) error {
	head := make([]byte, pageHead+8)
	if _, err := c.f.ReadAt(head, int64(id)*pageSize); err != nil {
		return readFailed(err, id)
	}
	more := uint64(binary.NativeEndian.Uint32(head[12:]))
	if binary.NativeEndian.Uint64(head) != id || flags(head) != freelistPage || id+more >= c.pages {
		return damaged("wrong header of", id)
	}
	n, from := uint64(count(head)), uint64(pageHead)
	if n == manyFree {
		n, from = binary.NativeEndian.Uint64(head[pageHead:]), pageHead+8
	}
	if n > c.pages || from+n*8 > (1+more)*pageSize {
		return damaged("too many entries in", id)
	}
	list := make([]byte, min(n*8, listPart))
	for at := uint64(0); at < n*8; at += listPart {
		part := list[:min(n*8-at, listPart)]
		if _, err := c.f.ReadAt(part, int64(id*pageSize+from+at)); err != nil {
			return readFailed(err, id)
		}
		for ; len(part) > 0; part = part[8:] {
			free := binary.NativeEndian.Uint64(part)
			if free < 2 || free >= c.pages || c.used.has(free) {
				return damaged("the freelist names", free)
			}
		}
	}
	return nil
}

// list makes a freelist for a file without one, as a commit of its own that changes nothing else: until its meta record is there, the one before
// counts. A page that no tree refers to is free, unless it continues a longer one.
func (c *treeCheck) list(m meta) error {
	if err := c.addOverflow(); err != nil {
		return err
	}
	var free []uint64
	for id := uint64(2); id < c.pages; id++ {
		if !c.used.has(id) {
			free = append(free, id)
		}
	}
	need := (pageHead+8+uint64(len(free))*8)/pageSize + 1
	at, free := placeFor(need, free, m.pages)
	if c.writeFreelist(at, need, free) != nil {
		return nil // the disk is full, say: bbolt reads the whole file instead, and that works
	}
	m.pages, m.freelist = max(m.pages, at+need), at
	return c.writeMeta(m)
}

// addOverflow adds the pages that continue longer ones. Only pages before a gap can be longer: the others end where the next begins.
func (c *treeCheck) addOverflow() error {
	var before []uint64
	for id := uint64(2); id+1 < c.pages; id++ {
		if c.used.has(id) && !c.used.has(id+1) {
			before = append(before, id)
		}
	}
	for some := range slices.Chunk(before, readAhead) {
		ahead(c.f, some)
		if err := c.addOverflowOf(some); err != nil {
			return err
		}
	}
	return nil
}

// readAhead is how many pages are read ahead.
const readAhead = 4096

func (c *treeCheck) addOverflowOf(pages []uint64) error {
	head := make([]byte, pageHead)
	for _, id := range pages {
		if _, err := c.f.ReadAt(head, int64(id)*pageSize); err != nil {
			return readFailed(err, id)
		}
		more := uint64(binary.NativeEndian.Uint32(head[12:]))
		if binary.NativeEndian.Uint64(head) != id || flags(head) != branchPage && flags(head) != leafPage || id+more >= c.pages {
			return damaged("wrong header of", id)
		}
		for range more {
			if id++; c.used.has(id) {
				return damaged("a longer page goes over", id)
			}
			c.used.add(id)
		}
	}
	return nil
}

// placeFor takes as many pages that follow each other from those that are free, or else the end of the file.
func placeFor(need uint64, free []uint64, end uint64) (at uint64, rest []uint64) {
	for i := range free {
		last := i + int(need) - 1 // #nosec G115 -- less than the pages of a file
		if last >= len(free) {
			break
		}
		if free[last] == free[i]+need-1 {
			return free[i], append(free[:i:i], free[last+1:]...)
		}
	}
	return end, free
}

func (c *treeCheck) writeFreelist(at, need uint64, free []uint64) error {
	order := binary.NativeEndian
	b := make([]byte, pageHead, need*pageSize)
	order.PutUint64(b, at)
	order.PutUint16(b[8:], freelistPage)
	order.PutUint32(b[12:], uint32(need-1)) // #nosec G115 -- as bbolt has it
	if len(free) < manyFree {
		order.PutUint16(b[10:], uint16(len(free))) // #nosec G115 -- less than that
	} else {
		order.PutUint16(b[10:], manyFree)
		b = order.AppendUint64(b, uint64(len(free)))
	}
	for _, id := range free {
		b = order.AppendUint64(b, id)
	}
	if _, err := c.f.WriteAt(b[:cap(b)], int64(at)*pageSize); err != nil { // #nosec G115 -- within the file
		return err
	}
	return c.f.Sync()
}

// writeMeta writes the meta record that follows m, with what m says.
func (c *treeCheck) writeMeta(m meta) error {
	b := make([]byte, pageSize)
	if _, err := c.f.ReadAt(b[:metaEnd], int64(m.tx%2)*pageSize); err != nil {
		return unavailable(err)
	}
	now, ok := readMeta(b)
	if !ok || now.tx != m.tx {
		return fmt.Errorf("%w: no meta record where it belongs", storage.ErrCorrupt)
	}
	order := binary.NativeEndian
	order.PutUint64(b[offFreelist:], m.freelist)
	order.PutUint64(b[offPages:], m.pages)
	order.PutUint64(b[offTx:], m.tx+1)
	order.PutUint64(b[offSum:], metaSum(b))
	copy(b[sealAt:], seal{tx: m.tx + 1}.encode(nil)) // the list is on the disk already
	if _, err := c.f.WriteAt(b[offMagic:], int64((m.tx+1)%2)*pageSize+offMagic); err != nil {
		return unavailable(err)
	}
	if err := c.f.Sync(); err != nil {
		return unavailable(err)
	}
	return nil
}

// keepFreelist has the freelist written with the last commit of a store that is closed. Where it fails the next who opens it makes one.
func (s *Store) keepFreelist() {
	if s.commits.Load() == 0 || s.Broken() != nil {
		return
	}
	tx, err := s.db.Begin(true)
	if err != nil {
		return
	}
	s.db.NoFreelistSync, s.sealer.sealed = false, false // no seal tells of the freelist's pages
	_ = s.persist(tx)
}
