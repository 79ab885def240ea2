// Copyright 2017 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package argon2id is the argon2id of golang.org/x/crypto/argon2, changed in two ways: everything is computed on the calling
// goroutine, so that a caller that is locked to an OS thread keeps the work there (x/crypto starts a goroutine for each segment),
// and the memory belongs to the caller and is used again, so that N callers never hold more than N times the memory cost.
// Its test compares it with x/crypto.
//
// It must not know passwords' policy, encodings or queues. RFC 9106.
package argon2id

import (
	"encoding/binary"

	"golang.org/x/crypto/blake2b"
)

// Version is the Argon2 version that is computed (0x13).
const Version = 0x13

const (
	mode        = 2 // argon2id, RFC 9106 §3.2
	blockLength = 128
	syncPoints  = 4
)

type block [blockLength]uint64

// Hasher computes one hash at a time and keeps its memory for the next one. The zero value is ready. Not for concurrent use.
type Hasher struct{ blocks []block }

// Key derives keyLen bytes from a password and a salt. time (passes) and lanes must be at least 1; memory is in KiB and is rounded
// as RFC 9106 §3.2 says. Lanes are computed one after another.
func (h *Hasher) Key(password, salt []byte, time, memory uint32, lanes uint8, keyLen uint32) []byte {
	if time < 1 || lanes < 1 {
		panic("argon2id: time and lanes must be at least 1")
	}
	threads := uint32(lanes)
	h0 := initHash(password, salt, time, memory, threads, keyLen)

	memory = memory / (syncPoints * threads) * (syncPoints * threads)
	memory = max(memory, 2*syncPoints*threads)
	if uint32(len(h.blocks)) != memory { // #nosec G115 -- memory is an uint32 of blocks
		h.blocks = nil // let the old memory go before the new is asked for
		h.blocks = make([]block, memory)
	}
	initBlocks(h.blocks, &h0, memory, threads)
	for n := range time {
		for slice := range uint32(syncPoints) {
			for lane := range threads {
				processSegment(h.blocks, position{n, slice, lane}, time, memory, threads)
			}
		}
	}
	return extractKey(h.blocks, memory, threads, keyLen)
}

func initHash(password, salt []byte, time, memory, threads, keyLen uint32) [blake2b.Size + 8]byte {
	var h0 [blake2b.Size + 8]byte
	var params [24]byte
	var tmp [4]byte
	b2, err := blake2b.New512(nil)
	if err != nil {
		panic(err) // only for keys that are too long
	}
	binary.LittleEndian.PutUint32(params[0:4], threads)
	binary.LittleEndian.PutUint32(params[4:8], keyLen)
	binary.LittleEndian.PutUint32(params[8:12], memory)
	binary.LittleEndian.PutUint32(params[12:16], time)
	binary.LittleEndian.PutUint32(params[16:20], Version)
	binary.LittleEndian.PutUint32(params[20:24], mode)
	b2.Write(params[:])
	// Secret key and associated data (the last two) are not used.
	for _, field := range [][]byte{password, salt, nil, nil} {
		binary.LittleEndian.PutUint32(tmp[:], uint32(len(field))) // #nosec G115 -- callers cap both
		b2.Write(tmp[:])
		b2.Write(field)
	}
	b2.Sum(h0[:0])
	return h0
}

func initBlocks(b []block, h0 *[blake2b.Size + 8]byte, memory, threads uint32) {
	var block0 [1024]byte
	for lane := range threads {
		j := lane * (memory / threads)
		binary.LittleEndian.PutUint32(h0[blake2b.Size+4:], lane)
		for k := range uint32(2) {
			binary.LittleEndian.PutUint32(h0[blake2b.Size:], k)
			blake2bHash(block0[:], h0[:])
			for i := range b[j+k] {
				b[j+k][i] = binary.LittleEndian.Uint64(block0[i*8:])
			}
		}
	}
}

type position struct{ n, slice, lane uint32 }

func processSegment(b []block, at position, time, memory, threads uint32) {
	lanes := memory / threads
	segments := lanes / syncPoints
	var addresses, in, zero block
	independent := at.n == 0 && at.slice < syncPoints/2
	if independent {
		in[0], in[1], in[2] = uint64(at.n), uint64(at.lane), uint64(at.slice)
		in[3], in[4], in[5] = uint64(memory), uint64(time), mode
	}
	index := uint32(0)
	if at.n == 0 && at.slice == 0 {
		index = 2 // the first two blocks are there
		in[6]++
		processBlock(&addresses, &in, &zero)
		processBlock(&addresses, &addresses, &zero)
	}
	offset := at.lane*lanes + at.slice*segments + index
	for ; index < segments; index, offset = index+1, offset+1 {
		prev := offset - 1
		if index == 0 && at.slice == 0 {
			prev += lanes // last block of the lane
		}
		random := b[prev][0]
		if independent {
			if index%blockLength == 0 {
				in[6]++
				processBlock(&addresses, &in, &zero)
				processBlock(&addresses, &addresses, &zero)
			}
			random = addresses[index%blockLength]
		}
		ref := indexAlpha(random, lanes, segments, threads, at, index)
		if at.n == 0 {
			// The first pass does not read what the memory held: it may be another password's.
			processBlock(&b[offset], &b[prev], &b[ref])
		} else {
			processBlockXOR(&b[offset], &b[prev], &b[ref])
		}
	}
}

func extractKey(b []block, memory, threads, keyLen uint32) []byte {
	lanes := memory / threads
	for lane := range threads - 1 {
		for i, v := range b[(lane*lanes)+lanes-1] {
			b[memory-1][i] ^= v
		}
	}
	var last [1024]byte
	for i, v := range b[memory-1] {
		binary.LittleEndian.PutUint64(last[i*8:], v)
	}
	key := make([]byte, keyLen)
	blake2bHash(key, last[:])
	return key
}

func indexAlpha(rand uint64, lanes, segments, threads uint32, at position, index uint32) uint32 {
	refLane := uint32(rand>>32) % threads
	if at.n == 0 && at.slice == 0 {
		refLane = at.lane
	}
	m, s := 3*segments, ((at.slice+1)%syncPoints)*segments
	if at.lane == refLane {
		m += index
	}
	if at.n == 0 {
		m, s = at.slice*segments, 0
		if at.slice == 0 || at.lane == refLane {
			m += index
		}
	}
	if index == 0 || at.lane == refLane {
		m--
	}
	return phi(rand, uint64(m), uint64(s), refLane, lanes)
}

func phi(rand, m, s uint64, lane, lanes uint32) uint32 {
	p := rand & 0xFFFFFFFF
	p = (p * p) >> 32
	p = (p * m) >> 32
	return lane*lanes + uint32((s+m-(p+1))%uint64(lanes)) // #nosec G115 -- the remainder is below lanes
}
