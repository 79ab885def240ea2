package soak

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

// watched is what is looked at, and whether a rise of it is judged. Pages of the store's file that are mapped are the kernel's to take back, and there are
// the more the larger the file is: that is told, not judged.
var watched = []struct {
	name   string
	judged bool
}{{"the program's own memory", true}, {"open files", true}, {"goroutines", true}, {"mapped pages of files", false}, {"the store's file", false}}

// watcher looks at a server now and then.
type watcher struct {
	r       *rig.Rig
	s       *harness.Server
	every   time.Duration
	seen    [5][]float64 // as in watched
	lines   strings.Builder
	profile string // the last that was taken
}

// look notes what the server has. After the first sixth of the time it takes a profile of the heap, and one near the end.
func (w *watcher) look(at, during time.Duration) error {
	m := w.s.Metrics(w.r.T)
	own, file, err := rig.Kinds(w.s.PID())
	if err != nil {
		return err
	}
	store, err := os.Stat(w.s.Store)
	if err != nil {
		return err
	}
	for i, v := range []float64{float64(own), m.Sum("process_open_fds"), m.Sum("go_goroutines"), float64(file), float64(store.Size())} {
		w.seen[i] = append(w.seen[i], v)
	}
	line := fmt.Sprintf("%.0f s: own %.1f MiB, mapped %.1f MiB, %.0f files, %.0f goroutines, heap in use %.1f MiB, store %.1f MiB", at.Seconds(), mib(float64(own)), mib(float64(file)),
		m.Sum("process_open_fds"), m.Sum("go_goroutines"), mib(m.Sum("go_memstats_heap_inuse_bytes")), mib(float64(store.Size())))
	fmt.Fprintln(&w.lines, line)
	if n := len(w.seen[0]); n%20 == 0 {
		w.r.Say("%s", line)
	}
	switch {
	case w.profile == "" && at > during/6:
		w.profile = "begin"
	case w.profile == "begin" && at+2*w.every > during:
		w.profile = "end"
	default:
		return nil
	}
	return w.heap(w.profile)
}

// heap keeps a profile of the heap, with what else was seen so far, where there is a folder for it.
func (w *watcher) heap(name string) error {
	if w.r.Out == "" {
		return nil
	}
	res, err := http.Get(w.s.Ops + "/debug/pprof/heap?gc=1")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("the profile of the heap: %s", res.Status)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(w.r.Out, "soak-heap-"+name+".pprof"), b, 0o644)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(w.r.Out, "soak.txt"), []byte(w.lines.String()), 0o644)
	}
	return err
}

// rows are the result; failed is what went wrong, what says how the load was.
func (w *watcher) rows(failed, what string) ([]report.Row, error) {
	first := report.Row{Name: "wrong answers", Unit: "runs", Note: failed}
	if failed != "" {
		first.Ours = 1
	}
	rows := []report.Row{first.Most(0)}
	for i, k := range watched {
		values := w.seen[i][len(w.seen[i])/6:]
		row := report.Row{Name: "rise of " + k.name, Unit: "of its median", Ours: rise(values), Note: what + fmt.Sprintf("; median %.0f", median(values))}
		if i == 0 || i > 2 {
			row.Note = what + fmt.Sprintf("; median %.1f MiB", mib(median(values)))
		}
		if k.judged {
			row = row.Most(0.1)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func mib(n float64) float64 { return n / (1 << 20) }
