package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestRoomPercent(t *testing.T) {
	for _, tc := range []struct {
		what string
		live uint64
		want int
	}{
		{"nothing lives yet", 0, 300}, {"an idle server", 2 << 20, 300}, {"two fifths of the room", 4 << 20, 250}, {"half", 5 << 20, 200},
		{"as much as the room", 10 << 20, 100}, {"a large heap has what GOGC gives", 500 << 20, 100},
	} {
		if got := roomPercent(tc.live); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.what, got, tc.want)
		}
	}
}

// TestKeepRoom: a process that has little sets GOGC higher, one that came to have much sets it back by itself, and an operator's stays.
func TestKeepRoom(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	now := func() int {
		p := debug.SetGCPercent(100)
		debug.SetGCPercent(p)
		return p
	}
	t.Setenv("GOGC", "50")
	if keepRoom(); now() != 100 {
		t.Errorf("over an operator's GOGC: %d", now())
	}
	t.Setenv("GOGC", "")
	r := &roomy{percent: 100, live: newLive()}
	runtime.GC()
	if r.look(); r.percent < 100 || r.percent > 300 || now() != r.percent {
		t.Errorf("%d, and it says %d", now(), r.percent)
	}
	much := bytes.Repeat([]byte("x"), 2*heapRoom)
	runtime.GC()
	if r.look(); now() != 100 || r.percent != 100 {
		t.Errorf("with much: %d, and it says %d", now(), r.percent)
	}
	runtime.KeepAlive(much)
}

func TestOwnPart(t *testing.T) {
	for _, tc := range []struct {
		what, line string
		ok         bool
	}{
		{"code", "00400000-0105c000 r-xp 00000000 fe:00 10601187                           /usr/bin/latchkey", true},
		{"constants", "0105c000-01e25000 r--p 00c5c000 fe:00 10601187                           /usr/bin/latchkey", true},
		{"variables", "01e25000-01ed5000 rw-p 01a25000 fe:00 10601187                           /usr/bin/latchkey", false},
		{"shared", "0105c000-01e25000 r--s 00c5c000 fe:00 10601187                           /usr/bin/latchkey", false},
		{"another file", "0105c000-01e25000 r--p 00c5c000 fe:00 10601187                           /usr/lib/usr/bin/latchkey", false},
		{"no file", "7fae19f10000-7fae1a100000 r--p 00000000 00:00 0", false},
		{"no addresses", "x-y r-xp 00000000 fe:00 1 /usr/bin/latchkey", false},
		{"nothing", "", false},
	} {
		from, size, ok := ownPart(tc.line, "/usr/bin/latchkey")
		if ok != tc.ok || ok && (from < 0x400000 || size == 0) {
			t.Errorf("%s: %x %x %v", tc.what, from, size, ok)
		}
	}
}

// TestGiveBackStart: a process that gave its program's pages back goes on, and has fewer of them.
func TestGiveBackStart(t *testing.T) {
	resident := func() (kib int) {
		b, err := os.ReadFile("/proc/self/smaps")
		if err != nil {
			t.Fatal(err)
		}
		own, _ := os.Readlink("/proc/self/exe")
		ours := false
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if _, _, ok := ownPart(strings.TrimSpace(line), own); len(f) >= 5 && strings.Contains(f[0], "-") {
				ours = ok
			}
			if ours && f[0] == "Rss:" {
				n := 0
				for _, c := range f[1] {
					n = n*10 + int(c-'0')
				}
				kib += n
			}
		}
		return kib
	}
	before := resident()
	giveBackStart(context.Background(), slog.New(slog.DiscardHandler))
	if after := resident(); after >= before || after == 0 {
		t.Errorf("%d KiB before, %d after", before, after)
	}
}
