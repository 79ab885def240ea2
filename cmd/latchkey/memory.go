package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/account"
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

// profileMemory says whether Go notes who allocates: what it notes takes memory and time, and only server.pprof shows it.
func profileMemory(on bool) {
	const usual = 512 << 10 // bytes from one note to the next, as is Go's own
	runtime.MemProfileRate = 0
	if on {
		runtime.MemProfileRate = usual
	}
}

// limitMemory tells the garbage collector of the control group's limit, a tenth of which is left for what it does not see.
func limitMemory() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		if l := memoryLimit(); l > 0 {
			debug.SetMemoryLimit(l / 10 * 9)
		}
	}
}

// leaveRoom takes the memory of the processes that compute password hashes, which are in the same control group, off the limit of this one.
func leaveRoom(slots int, cfg *config.Config) {
	limit := debug.SetMemoryLimit(-1)
	if limit == math.MaxInt64 {
		return
	}
	theirs := int64(slots) * (int64(cfg.Accounts.Hash.Memory) + account.HashOverhead)
	debug.SetMemoryLimit(max(limit-theirs, limit/2))
}
