package rig

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"latchkey/e2e/bench/report"
)

// Machine describes this one; dir is where stores are.
func Machine(dir string) report.Machine {
	m := report.Machine{CPU: field("/proc/cpuinfo", "model name"), Cores: Cores(), Disk: fileSystem(dir)}
	if kib, err := strconv.ParseFloat(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 64); err == nil {
		m.Memory = kib / (1 << 20)
	}
	before, idle := busy()
	time.Sleep(time.Second)
	after, idleAfter := busy()
	if all := after - before + idleAfter - idle; all > 0 {
		m.Neighbours = float64(m.Cores) * (after - before) / all
	}
	return m
}

// field is the first value of a name in a file of "name: value" lines.
func field(file, name string) string {
	b, _ := os.ReadFile(file)
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// Busy is the time that all processors worked so far.
func Busy() time.Duration {
	work, _ := busy()
	return time.Duration(work) * (time.Second / 100) // USER_HZ, proc(5)
}

// busy are the ticks that the processors worked and idled (proc(5): stat; the fourth and fifth figures are idle).
func busy() (work, idle float64) {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	for i, f := range strings.Fields(line)[1:9] {
		n, _ := strconv.ParseFloat(f, 64)
		if i == 3 || i == 4 {
			idle += n
		} else {
			work += n
		}
	}
	return work, idle
}

func fileSystem(dir string) string {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return ""
	}
	switch s.Type {
	case unix.EXT4_SUPER_MAGIC:
		return "ext4"
	case unix.XFS_SUPER_MAGIC:
		return "xfs"
	case unix.BTRFS_SUPER_MAGIC:
		return "btrfs"
	case unix.TMPFS_MAGIC:
		return "tmpfs (a store here is not durable)"
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "overlayfs"
	}
	return "file system " + strconv.FormatInt(s.Type, 16)
}

// Kernel is the version of Linux.
func Kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// Said is the first line that a command writes, "" where it is not there.
func Said(dir string, argv ...string) string {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}
