package rig

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the processor time, user and system, that all threads of a process have used so far, those that ended included. It is exact to the
// nanosecond: the kernel's clock of the process, not ticks. 0 where there is no such process.
func CPU(pid int) time.Duration {
	const sched = 2 // CPUCLOCK_SCHED, linux/posix-timers_types.h
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// CPUOf is the sum of several processes.
func CPUOf(pids ...int) (sum time.Duration) {
	for _, pid := range pids {
		sum += CPU(pid)
	}
	return sum
}

// CPUOfTrees is the sum of processes and of all that they started and that is still there, such as those that compute hashes.
func CPUOfTrees(pids ...int) (sum time.Duration) {
	for _, pid := range pids {
		sum += CPU(pid) + CPUOfTrees(Children(pid)...)
	}
	return sum
}

// Children are the processes that a process started and that are still there.
func Children(pid int) (pids []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		b, _ := os.ReadFile(file)
		for f := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(f); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// Resident is the resident memory of a process in bytes (proc(5): VmRSS), or its peak since the start (VmHWM).
func Resident(pid int) (now, peak int64, err error) { return status(pid, "VmRSS:", "VmHWM:") }

// Kinds are the parts of the resident memory of a process in bytes: its own (proc(5): RssAnon), and pages of files that are mapped (RssFile), of which a
// store's are most.
func Kinds(pid int) (own, file int64, err error) { return status(pid, "RssAnon:", "RssFile:") }

// status reads two sizes of /proc/PID/status, in bytes.
func status(pid int, one, other string) (first, second int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range bytes.Lines(b) {
		f := bytes.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(string(f[1]), 10, 64)
		switch string(f[0]) {
		case one:
			first = n << 10
		case other:
			second = n << 10
		}
	}
	return first, second, nil
}

// Parent is the process that started a process.
func Parent(pid int) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ") // proc(5): pid (comm) state ppid
	f := strings.Fields(rest)
	if len(f) < 2 {
		return 0, fmt.Errorf("/proc/%d/stat cannot be read", pid)
	}
	return strconv.Atoi(f[1])
}
