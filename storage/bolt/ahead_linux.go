package bolt

import (
	"os"

	"golang.org/x/sys/unix"
)

// ahead has the system read pages that will be asked for, all at once: one after the other, a disk takes seconds for those of a large store.
func ahead(f *os.File, pages []uint64) {
	for _, id := range pages {
		_ = unix.Fadvise(int(f.Fd()), int64(id)*pageSize, pageSize, unix.FADV_WILLNEED) // #nosec G115 -- within the file
	}
}
