package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryLimit is the memory that this process may use, in bytes, as GOMEMLIMIT or its control group says; 0 where nothing does.
func memoryLimit() int64 {
	if l := debug.SetMemoryLimit(-1); l < math.MaxInt64 {
		return l
	}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(file) // #nosec G304 -- fixed names
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && n > 0 && n < 1<<50 {
			return n
		}
	}
	return 0
}

// limitMemory tells the garbage collector of the control group's limit, a tenth of which is left for what it does not see.
func limitMemory() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		if l := memoryLimit(); l > 0 {
			debug.SetMemoryLimit(l / 10 * 9)
		}
	}
}

// roomForHashes gives the scheduler a processor more for each password hash that can run: hashes hold one each for tens of milliseconds, and
// requests find the others free. The system shares the cores between them.
func roomForHashes(slots int) {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + slots)
	}
}
