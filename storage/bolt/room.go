package bolt

import (
	"fmt"
	"os"
)

// spare is what stays free for whoever writes meanwhile.
const spare = 16 << 20

// room makes sure that so many bytes can be written to the file system of f, where that can be told.
func room(f *os.File, need uint64, what string) error {
	free, ok := freeSpace(f)
	if !ok || free >= need+spare {
		return nil
	}
	return unavailable(fmt.Errorf("no room for %s: %s needed, %s free", what, mebibytes(need+spare), mebibytes(free)))
}

func mebibytes(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
