//go:build unix && !solaris && !aix

package bolt

import (
	"os"
	"syscall"
)

// owner is whose a file is.
func owner(info os.FileInfo) (uid, gid int, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), int(st.Gid), true
}
