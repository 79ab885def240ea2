//go:build !linux && !darwin && !freebsd

package bolt

import "os"

func freeSpace(*os.File) (bytes uint64, ok bool) { return 0, false }
