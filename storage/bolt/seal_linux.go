package bolt

import (
	"os"

	"golang.org/x/sys/unix"
)

// begin has the system begin to write what the file's flush will wait for. Where it does not, the flush does it all.
func begin(f *os.File) { _ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE) }

// flush brings what was written to the disk.
func flush(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}
