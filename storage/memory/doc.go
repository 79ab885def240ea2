// Package memory keeps everything in maps: for tests, and for trying Latchkey out. Nothing outlives the process.
//
// It owns: the plainest correct reading of package storage, against which other drivers can be compared. It must not:
// hand out or keep slices that a caller can reach, or read the clock.
package memory
