//go:build !linux

package bolt

import "os"

func ahead(*os.File, []uint64) {}
