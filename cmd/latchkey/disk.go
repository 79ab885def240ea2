package main

import (
	"path/filepath"
	"syscall"
)

// diskSpace is what the disk of a file has left for us, and its size, in bytes.
func diskSpace(file string) (free, size float64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(file), &st); err != nil {
		return 0, 0, err
	}
	return float64(st.Bavail) * float64(st.Bsize), float64(st.Blocks) * float64(st.Bsize), nil
}
