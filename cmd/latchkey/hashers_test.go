package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/argon2"
)

func newTestHashers(t *testing.T) (*hashers, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	p := newHashers(slog.New(slog.NewTextHandler(&log, nil)), time.Now)
	t.Cleanup(p.close)
	return p, &log
}

func checkDerive(t *testing.T, p *hashers, lanes uint8, keyLen uint32) {
	t.Helper()
	password, salt := []byte("correct horse"), []byte("0123456789abcdef")
	want := argon2.IDKey(password, salt, 2, 64, lanes, keyLen)
	if got := p.derive(password, salt, 2, 64, lanes, keyLen); !bytes.Equal(got, want) {
		t.Errorf("%d lanes, %d bytes: %x, want %x", lanes, keyLen, got, want)
	}
}

func TestHashersCompute(t *testing.T) {
	p, log := newTestHashers(t)
	checkDerive(t, p, 1, 32)
	checkDerive(t, p, 4, 128)
	if len(p.idle) != 1 || log.Len() != 0 {
		t.Errorf("%d workers for one hash after the other; log: %s", len(p.idle), log)
	}
}

func TestHashersComputeAtOnce(t *testing.T) {
	p, _ := newTestHashers(t)
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 5 {
				checkDerive(t, p, 1, 32)
			}
		}()
	}
	for range 4 {
		<-done
	}
}

// A worker that somebody killed, or that ran out of memory, costs nobody a sign-in.
func TestHashersReplaceTheDead(t *testing.T) {
	p, _ := newTestHashers(t)
	checkDerive(t, p, 1, 32)
	dead := p.idle[0].cmd.Process.Pid
	if err := syscall.Kill(dead, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	checkDerive(t, p, 1, 32)
	if len(p.idle) != 1 || p.idle[0].cmd.Process.Pid == dead {
		t.Error("the dead worker is still there")
	}
}

func TestHashersWithoutWorkers(t *testing.T) {
	p, log := newTestHashers(t)
	p.command = []string{"/nonexistent", hashWorkerArg}
	checkDerive(t, p, 1, 32)
	checkDerive(t, p, 1, 32)
	if n := strings.Count(log.String(), "cannot be had"); n != 1 {
		t.Errorf("told %d times: %s", n, log)
	}
}

// A worker ends with its server, however that one ends: its input ends.
func TestHashWorkerEndsWithItsInput(t *testing.T) {
	p, _ := newTestHashers(t)
	checkDerive(t, p, 1, 32)
	h := p.idle[0]
	p.idle = nil
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} { // meant for the server, which still serves
		if err := h.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	if key, err := h.do(hashOrder{password: []byte("a"), salt: []byte("01234567"), passes: 1, memory: 64, lanes: 1, keyLen: 32}); err != nil || len(key) != 32 {
		t.Errorf("after signals: %v", err)
	}
	if err := h.to.Close(); err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	_ = h.from.Close()
}

func TestHashOrder(t *testing.T) {
	o := hashOrder{password: []byte("pass"), salt: []byte("salt"), passes: 2, memory: 64, lanes: 1, keyLen: 32}
	whole := o.append(nil)
	got, _, err := readHashOrder(bytes.NewReader(whole), nil)
	if diff := cmp.Diff(o, got, cmp.AllowUnexported(hashOrder{})); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	for n := range whole {
		if _, _, err := readHashOrder(bytes.NewReader(whole[:n]), nil); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes of an order: %v", n, err)
		}
	}
	long := o
	long.password = bytes.Repeat([]byte("long"), 1000)
	if got, _, err := readHashOrder(iotest.OneByteReader(bytes.NewReader(long.append(nil))), nil); !cmp.Equal(long, got, cmp.AllowUnexported(hashOrder{})) || err != nil {
		t.Errorf("byte by byte, more than fits: %v", err)
	}
	if _, _, err := readHashOrder(bytes.NewReader(append(whole, 0)), nil); !errors.Is(err, errHashOrder) {
		t.Errorf("more than an order: %v", err)
	}
	for name, edit := range map[string]func(*hashOrder){
		"no passes":       func(o *hashOrder) { o.passes = 0 },
		"too many passes": func(o *hashOrder) { o.passes = maxHashPasses + 1 },
		"too much memory": func(o *hashOrder) { o.memory = maxHashMemory + 1 },
		"no key":          func(o *hashOrder) { o.keyLen = 0 },
		"a huge key":      func(o *hashOrder) { o.keyLen = 1025 },
		"no lanes":        func(o *hashOrder) { o.lanes = 0 },
		"a huge password": func(o *hashOrder) { o.password = make([]byte, maxHashText+1) },
		"a huge salt":     func(o *hashOrder) { o.salt = make([]byte, maxHashText+1) },
	} {
		bad := o
		edit(&bad)
		if _, _, err := readHashOrder(bytes.NewReader(bad.append(nil)), nil); !errors.Is(err, errHashOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A collection reads all that the program begins with, so that one for each small hash would cost more than the hash.
func TestHashGarbage(t *testing.T) {
	for memory, every := range map[uint32]int{19 << 10: 1, 16 << 10: 1, 16<<10 - 1: 2, 64: 256, maxHashMemory: 1} {
		var g garbage
		for i := range 3 * every {
			if got, want := g.more(memory), i%every == every-1; got != want {
				t.Errorf("%d KiB, hash %d: collects %t", memory, i+1, got)
			}
		}
	}
}
