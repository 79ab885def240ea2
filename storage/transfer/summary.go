package transfer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"latchkey/storage"
)

// Hash is the sum of the SHA-256 of records, modulo 2²⁵⁶: the order does not matter, how often does. It tells accidents from the truth; it is no
// proof against somebody who may choose the records.
type Hash [sha256.Size]byte

func (h *Hash) add(line []byte) {
	sum := sha256.Sum256(line)
	var carry uint64
	for i := len(h) - 8; i >= 0; i -= 8 {
		var word uint64
		word, carry = bits.Add64(binary.BigEndian.Uint64(h[i:]), binary.BigEndian.Uint64(sum[i:]), carry)
		binary.BigEndian.PutUint64(h[i:], word)
	}
}

// MarshalText is hexadecimal.
func (h Hash) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h[:])), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return ErrFormat
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// Total is how many records of a kind there are, and what they are.
type Total struct {
	Count int64 `json:"count"`
	Hash  Hash  `json:"hash"`
}

// Summary is what is in a store or in a stream. Kinds of which there is nothing are not in it. As JSON it is the same for the same records.
type Summary map[Kind]Total

// add counts a line.
func (s Summary) add(kind Kind, line []byte) {
	t := s[kind]
	t.Count++
	t.Hash.add(line)
	s[kind] = t
}

// Records is how many there are of all kinds.
func (s Summary) Records() (n int64) {
	for _, t := range s {
		n += t.Count
	}
	return n
}

// Equal says whether both are of the same records.
func (s Summary) Equal(o Summary) bool { return maps.Equal(s, o) }

// Differences says, for people, of which kinds there is something else in o: how many records, or that they are not the same.
func (s Summary) Differences(o Summary) (list []string) {
	for _, c := range codecs() {
		a, b := s[c.kind], o[c.kind]
		switch {
		case a.Count != b.Count:
			list = append(list, fmt.Sprintf("%s: %d here, %d there", c.kind, a.Count, b.Count))
		case a != b:
			list = append(list, fmt.Sprintf("%s: not the same %d", c.kind, a.Count))
		}
	}
	return list
}

// Kinds are those that there is something of, in the order of dumps.
func (s Summary) Kinds() (list []Kind) {
	for _, c := range codecs() {
		if s[c.kind].Count > 0 {
			list = append(list, c.kind)
		}
	}
	return list
}

func (s Summary) encode() []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // it is made of numbers and text
	}
	return b
}

// decodeSummary reads a summary. It takes nothing but what encode writes.
func decodeSummary(b []byte) (Summary, error) {
	s := Summary{}
	if len(b) > storage.MaxFillProgress || json.Unmarshal(b, &s) != nil || s == nil || !bytes.Equal(s.encode(), b) {
		return nil, ErrFormat
	}
	known := codecs()
	for kind, t := range s {
		if t.Count < 1 || !slices.ContainsFunc(known, func(c codec) bool { return c.kind == kind }) {
			return nil, ErrFormat
		}
	}
	return s, nil
}
