//go:build unix && !solaris && !aix

package bolt

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the lock that bbolt takes, before bbolt reads anything. It does not wait.
func lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errHeld
	}
	if err != nil {
		return unavailable(err)
	}
	return nil
}
