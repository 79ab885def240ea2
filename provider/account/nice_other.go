//go:build !linux

package account

// lowerPriority has no counterpart per thread here: the threads keep their priority.
func lowerPriority(int) {}
