//go:build linux || darwin || freebsd

package bolt

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeSpace is how many bytes can be written to the file's file system. ok: the system says.
func freeSpace(f *os.File) (bytes uint64, ok bool) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return 0, false
	}
	return uint64(st.Bavail) * uint64(st.Bsize), true
}
