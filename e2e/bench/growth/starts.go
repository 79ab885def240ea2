package growth

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
)

// starts is how long it takes until the server is ready, after it ended in order and after it was killed while it wrote: each with the store's file in the
// kernel's memory, and, where it is a file, with none of it there.
func starts(i *issuer, name func(string) string) (rows []report.Row, err error) {
	how := []struct {
		what         string
		killed, cold bool
	}{{what: "in order"}, {what: "in order, its file not in memory", cold: true}, {what: "by SIGKILL", killed: true}, {what: "by SIGKILL, its file not in memory", killed: true, cold: true}}
	for _, h := range how {
		if h.cold && i.on != onBolt {
			continue
		}
		var took []float64
		for range max(1, min(i.r.Rounds, 3)) {
			if err := i.stop(h.killed); err != nil {
				return rows, err
			}
			if h.cold {
				if err := forget(i.Store); err != nil {
					return rows, err
				}
			}
			took = append(took, ms(i.launch()))
		}
		row := report.Row{Name: name("start to ready after an end " + h.what), Unit: "ms", Ours: rig.Median(took), Spread: rig.Spread(took)}.Most(2000)
		i.r.Say("%-50s %8.1f ms", row.Name, row.Ours)
		rows = append(rows, row)
	}
	return rows, nil
}

// stop ends the server, in order or while it writes.
func (i *issuer) stop(killed bool) error {
	if !killed {
		i.Stop(i.r.T)
		return nil
	}
	ended := make(chan error, 1)
	go func() {
		_, _ = i.r.Loop(connections, asking{i, refresh()}, i.PID())() // what is asked of a server that is killed fails
		ended <- nil
	}()
	time.Sleep(i.r.Slice / 2)
	i.Kill()
	return <-ended
}

// forget has the kernel write a file and drop its pages from memory.
func forget(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED))
}
