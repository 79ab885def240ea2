package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"time"
)

// startPagesAfter is when a server that has started gives back what only its start used of the program.
const startPagesAfter = 2 * time.Second

// The advice of madvise(2): the pages are the first to go where memory is short; they are not needed now.
const (
	adviseCold     = 20 // MADV_COLD, Linux 5.4
	adviseDontNeed = 4  // MADV_DONTNEED
)

// giveBackStart takes the pages of the program's own file out of this process, once: most of what is there then was read by the start, or came along because the
// kernel maps more than it is asked for. What serving needs comes back by itself from the page cache, within a millisecond of processor time all together. Only
// parts that can neither be written nor have been: what is in them is what is in the file.
func giveBackStart(ctx context.Context, log *slog.Logger) {
	if !wait(ctx, startPagesAfter) {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		log.LogAttrs(ctx, slog.LevelDebug, "the pages of the start are kept", slog.String("error", err.Error()))
		return
	}
	defer func() { _ = maps.Close() }()
	own, err := os.Readlink("/proc/self/exe")
	for lines := bufio.NewScanner(maps); err == nil && lines.Scan(); {
		if from, size, ok := ownPart(lines.Text(), own); ok {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, size, adviseCold) // a kernel that does not know it loses nothing
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, size, adviseDontNeed)
		}
	}
}

// ownPart reads a line of proc(5) maps: a part of the file own that is mapped privately and cannot be written.
func ownPart(line, own string) (from, size uintptr, ok bool) {
	f := strings.Fields(line)
	if len(f) < 6 || own == "" || !strings.HasSuffix(line, " "+own) || f[1] != "r-xp" && f[1] != "r--p" {
		return 0, 0, false
	}
	var to uintptr
	if _, err := fmt.Sscanf(f[0], "%x-%x", &from, &to); err != nil || to <= from {
		return 0, 0, false
	}
	return from, to - from, true
}
