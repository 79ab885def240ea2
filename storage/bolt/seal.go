package bolt

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"syscall"
)

// bbolt flushes twice for each commit: the pages, and then the meta record that leads to them, so that no record is on the disk without its pages. We
// flush once. Behind the record, in the same page, stands a seal: which pages the commit wrote, and their checksums. Whoever opens the file after a
// crash believes a record if its seal holds, and otherwise goes by the record before it: that one was flushed before this commit began, which wrote
// none of its pages. A commit is acknowledged after the flush, as ever.
//
// A record without a seal is believed unless the one before it has a seal, so files that something else wrote are what they were. That is why the
// first commit after opening is flushed bbolt's way before it is sealed; so is one of more pages than a seal has room for.
const (
	sealAt    = 512 // in the page of the meta record, in a sector of its own
	sealMagic = 0x6c6b736c
	sealHead  = 16
	spanSize  = 16
	// maxSpans is how many a seal has room for.
	maxSpans = (pageSize - sealAt - sealHead - sumSize) / spanSize
)

// span is a page with those that continue it.
type span struct {
	id    uint64
	pages uint32
	sum   uint32
}

// seal of a commit. Without spans it says that the commit was flushed before it was sealed.
type seal struct {
	tx    uint64
	spans []span
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once by the library

func (s seal) encode(b []byte) []byte {
	order := binary.NativeEndian
	b = order.AppendUint32(b, sealMagic)
	b = order.AppendUint32(b, uint32(len(s.spans))) // #nosec G115 -- at most maxSpans
	b = order.AppendUint64(b, s.tx)
	for _, p := range s.spans {
		b = order.AppendUint32(order.AppendUint32(order.AppendUint64(b, p.id), p.pages), p.sum)
	}
	return order.AppendUint32(b, crc32.Checksum(b, castagnoli()))
}

// readSeal reads what stands behind a meta record, if it is whole.
func readSeal(page []byte) (s seal, ok bool) {
	order := binary.NativeEndian
	b := page[sealAt:]
	n := order.Uint32(b[4:])
	if order.Uint32(b) != sealMagic || n > maxSpans {
		return seal{}, false
	}
	end := sealHead + int(n)*spanSize
	if order.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli()) {
		return seal{}, false
	}
	s.tx = order.Uint64(b[8:])
	for at := sealHead; at < end; at += spanSize {
		s.spans = append(s.spans, span{id: order.Uint64(b[at:]), pages: order.Uint32(b[at+8:]), sum: order.Uint32(b[at+12:])})
	}
	return s, true
}

// holds says whether the pages are what they were when the commit was sealed.
func (s seal) holds(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil {
		return false, unavailable(err)
	}
	all := uint64(info.Size()) / pageSize // #nosec G115 -- a size
	for _, p := range s.spans {
		if p.id >= all || uint64(p.pages) > all-p.id {
			return false, nil
		}
		b := make([]byte, uint64(p.pages)*pageSize)
		_, err := f.ReadAt(b, int64(p.id)*pageSize) // #nosec G115 -- within the file
		if errors.Is(err, syscall.EIO) {
			return false, nil // half of it was written when the power went, perhaps
		}
		if err != nil {
			return false, unavailable(err)
		}
		if crc32.Checksum(b, castagnoli()) != p.sum {
			return false, nil
		}
	}
	return true, nil
}

// believed says whether the commit that one of the two meta pages tells of is whole; the other page is the one before.
func believed(f *os.File, m meta, own, other []byte) (bool, error) {
	if s, ok := readSeal(own); ok && s.tx == m.tx {
		return s.holds(f)
	}
	before, ok := readSeal(other)
	return !ok || before.tx+1 != m.tx, nil
}

// withdraw has a meta record count no more.
func withdraw(f *os.File, tx uint64) error {
	at := int64(tx%2)*pageSize + offSum
	sum := make([]byte, offSumSize)
	if _, err := f.ReadAt(sum, at); err != nil {
		return unavailable(err)
	}
	for i := range sum {
		sum[i] = ^sum[i] // what a reader has of the rest is what it was
	}
	if _, err := f.WriteAt(sum, at); err != nil {
		return unavailable(err)
	}
	if err := f.Sync(); err != nil {
		return unavailable(err)
	}
	return nil
}

// sealFlushed seals a commit that bbolt has made and flushed.
func sealFlushed(f *os.File, tx uint64) error {
	if _, err := f.WriteAt(seal{tx: tx}.encode(nil), int64(tx%2)*pageSize+sealAt); err != nil {
		return err
	}
	return flush(f)
}
