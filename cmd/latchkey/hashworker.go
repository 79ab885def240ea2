package main

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/crypto/argon2"
)

// hashWorkerArg makes this binary a worker that computes password hashes for a server: it is told what to compute on its standard input, and
// answers on its standard output. It reads no configuration, opens nothing, and ends with its input.
const hashWorkerArg = "hash-worker"

// hashNice is the scheduling priority of a worker (setpriority(2)): whatever else the server does goes first.
const hashNice = 19

// hashRest is how long a worker keeps the memory of its last hash for the next one.
const hashRest = time.Minute

// hashOrder is one hash to be computed.
type hashOrder struct {
	password, salt         []byte
	passes, memory, keyLen uint32 // memory in KiB
	lanes                  uint8
}

// hashOrderHead is how an order begins: passes, memory, key length and lanes, then the lengths of password and salt.
const hashOrderHead = 6 * 4

// Bounds of an order, far above what the rules of accounts ask for.
const (
	maxHashText   = 64 << 10
	maxHashMemory = 1 << 20 // KiB
	maxHashPasses = 64
)

var errHashOrder = errors.New("an order that no server makes")

// append encodes the order.
func (o hashOrder) append(b []byte) []byte {
	for _, n := range []uint32{o.passes, o.memory, o.keyLen, uint32(o.lanes), uint32(len(o.password)), uint32(len(o.salt))} { // #nosec G115 -- bounded by the rules of accounts
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(append(b, o.password...), o.salt...)
}

// readHashOrder reads an order into room, which it returns with more where that was not enough: what is read of a password is there and nowhere else. One
// read is all that it usually takes.
func readHashOrder(r io.Reader, room []byte) (o hashOrder, _ []byte, err error) {
	if len(room) < hashOrderHead {
		room = make([]byte, 512)
	}
	got, err := io.ReadAtLeast(r, room, hashOrderHead)
	if err != nil {
		return o, room, err
	}
	n := func(i int) uint32 { return binary.BigEndian.Uint32(room[4*i:]) }
	o.passes, o.memory, o.keyLen = n(0), n(1), n(2)
	if o.passes < 1 || o.passes > maxHashPasses || o.memory > maxHashMemory || o.keyLen < 1 || o.keyLen > 1024 || n(3) < 1 || n(3) > 255 || n(4) > maxHashText || n(5) > maxHashText {
		return o, room, errHashOrder
	}
	o.lanes = uint8(n(3)) // #nosec G115 -- just bounded
	password, whole := hashOrderHead+int(n(4)), hashOrderHead+int(n(4)+n(5))
	if got > whole {
		return o, room, errHashOrder // a server waits for the answer before it asks again
	}
	if whole > len(room) {
		small := room
		room = make([]byte, whole)
		copy(room, small[:got])
		clear(small)
	}
	if _, err := io.ReadFull(r, room[got:whole]); err != nil {
		return o, room, err
	}
	o.password, o.salt = room[hashOrderHead:password], room[password:whole]
	return o, room, nil
}

// hashGarbage is how much memory of hashes that are over is left lying, in KiB: less than what one hash of the parameters that are shipped takes.
const hashGarbage = 16 << 10

// garbage is the memory of hashes since the last collection, in KiB.
type garbage uint32

// more says whether it is to be collected, now that a hash took so many KiB.
func (g *garbage) more(memory uint32) bool {
	if *g += garbage(memory); *g < hashGarbage {
		return false
	}
	*g = 0
	return true
}

// hashWorker is the whole life of a worker. It stays when its server is told to end, since that one still serves: its input tells it.
func hashWorker(in io.Reader, out io.Writer) int {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	_ = syscall.Setpriority(syscall.PRIO_PGRP, 0, hashNice)         // all threads: the server gave it a process group of its own
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0) // where memory runs out, a hash is lost and not the server
	debug.SetGCPercent(-1)                                          // a hash, then a collection: the next has the same memory
	rest := time.AfterFunc(hashRest, debug.FreeOSMemory)
	defer rest.Stop()
	var room []byte
	var left garbage
	for {
		var o hashOrder
		var err error
		if o, room, err = readHashOrder(in, room); err != nil {
			return 0
		}
		rest.Stop()
		key := argon2.IDKey(o.password, o.salt, o.passes, o.memory, o.lanes, o.keyLen)
		clear(room)
		if _, err := out.Write(key); err != nil {
			return 0
		}
		if left.more(o.memory) {
			runtime.GC()
		}
		rest.Reset(hashRest)
	}
}
