package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"latchkey/storage"
)

// What bbolt writes at the head of its first two pages, by offset: a page header of 16 bytes, then the meta record.
const (
	metaMagic   = 0xED0CDAED
	metaVersion = 2

	offMagic, offVersion, offPageSize     = 16, 20, 24
	offRoot, offFreelist, offPages, offTx = 32, 48, 56, 64
	offSum, offSumSize, metaEnd           = 72, 8, 80

	// noFreelist stands for a freelist that is not kept.
	noFreelist = ^uint64(0)
)

// preflight makes sure that the file is as long as its own account of itself, and that its trees are trees. bbolt maps it
// into memory unseen, and reading past its end, or going round in a circle, would end the process.
//
// Before it writes anything it has flush bring the file to the disk. A process that was killed leaves commits that the system alone has in memory; the next
// commit may write over pages of the one before those, to which a machine that then loses its power must be able to return.
func preflight(f *os.File, flush func(*os.File) error) error {
	info, err := f.Stat()
	if err != nil {
		return unavailable(err)
	}
	if info.Size() == 0 {
		return fmt.Errorf("%w: the file is empty", storage.ErrCorrupt)
	}
	if err := settle(f, flush); err != nil {
		return unavailable(err)
	}
	best, err := newest(f, info.Size())
	if err != nil {
		return err
	}
	switch {
	case best.pages == 0:
		return fmt.Errorf("%w: not a Latchkey store, or its head is damaged", storage.ErrCorrupt)
	case uint64(info.Size()) < best.pages*pageSize:
		return fmt.Errorf("%w: truncated: %d bytes of %d", storage.ErrCorrupt, info.Size(), best.pages*pageSize)
	case best.root >= best.pages, best.freelist >= best.pages && best.freelist != noFreelist:
		return fmt.Errorf("%w: damaged head", storage.ErrCorrupt)
	}
	return checkTrees(f, best)
}

// settle flushes a file. A record that was withdrawn is written as it is: where the flush of that failed the system may take it for written, and the
// disk still have the record.
func settle(f *os.File, flush func(*os.File) error) error {
	head := make([]byte, metaEnd)
	for at := int64(0); at < 2*pageSize; at += pageSize {
		if n, err := f.ReadAt(head, at); n < len(head) || err != nil {
			break // whoever reads it all finds out
		}
		if _, whole := readMeta(head); whole || binary.NativeEndian.Uint32(head[offMagic:]) != metaMagic {
			continue
		}
		if _, err := f.WriteAt(head[offSum:], at+offSum); err != nil {
			return err
		}
	}
	return flush(f)
}

// newest returns the meta record that counts: the later one, or where that commit was cut off, the one before, which then is the later one. A file that
// is shorter than the later one says was not cut off by a crash, before which it grew: whoever asks must be told.
func newest(f *os.File, size int64) (best meta, err error) {
	var pages [2][pageSize]byte
	var metas [2]meta
	for i := range pages {
		if n, err := f.ReadAt(pages[i][:], int64(i)*pageSize); err != nil && err != io.EOF {
			return best, unavailable(err)
		} else if n >= metaEnd {
			metas[i], _ = readMeta(pages[i][:])
		}
	}
	last := 0
	if metas[1].tx >= metas[0].tx {
		last = 1
	}
	best, before := metas[last], metas[1-last]
	if best.pages == 0 || uint64(size) < best.pages*pageSize { // #nosec G115 -- a size
		return best, nil
	}
	if whole, err := believed(f, best, pages[last][:], pages[1-last][:]); whole || err != nil {
		return best, err
	}
	if before.pages == 0 || before.tx+1 != best.tx {
		return meta{}, fmt.Errorf("%w: a commit was cut off, and there is none before it", storage.ErrCorrupt)
	}
	if whole, err := believed(f, before, pages[1-last][:], pages[last][:]); err != nil {
		return meta{}, err
	} else if !whole {
		return meta{}, fmt.Errorf("%w: neither of the last two commits is whole", storage.ErrCorrupt)
	}
	return before, withdraw(f, best.tx)
}

type meta struct{ root, freelist, pages, tx uint64 }

// readMeta reads one of the two meta records, if it is whole. bbolt writes in the byte order of the machine; so do we read.
func readMeta(b []byte) (meta, bool) {
	order := binary.NativeEndian
	if order.Uint32(b[offMagic:]) != metaMagic || order.Uint32(b[offVersion:]) != metaVersion ||
		order.Uint32(b[offPageSize:]) != pageSize || order.Uint64(b[offSum:]) != metaSum(b) {
		return meta{}, false
	}
	return meta{
		root: order.Uint64(b[offRoot:]), freelist: order.Uint64(b[offFreelist:]),
		pages: order.Uint64(b[offPages:]), tx: order.Uint64(b[offTx:]),
	}, true
}

func metaSum(b []byte) uint64 {
	sum := fnv.New64a()
	sum.Write(b[offMagic:offSum])
	return sum.Sum64()
}
