//go:build !linux

package bolt

import "os"

func begin(*os.File) {}

func flush(f *os.File) error { return f.Sync() }
