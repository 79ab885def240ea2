package bolt

import (
	"encoding/binary"
)

const (
	freelistPage = 16
	// manyFree as the count of a freelist page says that the count stands before the list instead.
	manyFree = 0xFFFF
)

// checkFreelist makes sure that no page of a tree is said to be free: bbolt would write over it.
func (c *treeCheck) checkFreelist(id uint64) error {
	if id == noFreelist {
		return nil
	}
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
	list := make([]byte, n*8)
	if _, err := c.f.ReadAt(list, int64(id*pageSize+from)); err != nil {
		return readFailed(err, id)
	}
	for ; len(list) > 0; list = list[8:] {
		free := binary.NativeEndian.Uint64(list)
		if _, used := c.seen[free]; used || free < 2 || free >= c.pages {
			return damaged("the freelist names", free)
		}
	}
	return nil
}
