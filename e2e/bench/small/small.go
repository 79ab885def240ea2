// Package small measures how little there is of us: the binary, the time from its start to the first answer, and the memory it is resident with, idle and
// after load. Pages of the binary that were read count as resident, as the kernel counts them.
package small

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/bench/storm"
	"latchkey/e2e/harness"
)

// Section is this part of the benchmark.
func Section() rig.Section {
	return rig.Section{Name: "small", What: "size of the binary, cold start, memory idle and after load", Run: run}
}

const (
	mib = 1 << 20
	// starts is how often the cold start is taken.
	starts = 10
	// rate is requests a second of the mixed load before memory is looked at again.
	rate = 150
)

func run(r *rig.Rig) ([]report.Row, error) {
	binary, err := os.Stat(r.Binary)
	if err != nil {
		return nil, err
	}
	rows := []report.Row{report.Row{Name: "binary, stripped", Unit: "MiB", Ours: float64(binary.Size()) / mib}.Most(25)}
	if !r.Smoke {
		size, err := image(r)
		if err != nil {
			return nil, err
		}
		rows = append(rows, report.Row{Name: "image, compressed", Unit: "MiB", Ours: float64(size) / mib, Note: "the archive of amd64 that make image writes"})
	}
	s, drive, err := storm.Start(r)
	if err != nil {
		return nil, err
	}
	defer func() { s.Stop(r.T) }()
	var took []float64
	for range starts {
		s.Stop(r.T)
		ms, err := Cold(s.Issuer+Discovery, func() { s.Launch(r.T) })
		if err != nil {
			return nil, err
		}
		took = append(took, ms)
	}
	slices.Sort(took)
	r.Say("cold starts in ms: %.1f", took)
	rows = append(rows, report.Row{Name: "cold start to the first 200, keys present", Unit: "ms", Ours: (took[starts/2-1] + took[starts/2]) / 2,
		Note: fmt.Sprintf("median of %d; the fastest %.1f", starts, took[0])}.Most(30))
	idle, load := 10*time.Second, 30*time.Second
	if r.Smoke {
		idle, load = 0, 100*time.Millisecond
	}
	time.Sleep(idle)
	now, _, err := rig.Resident(s.PID())
	if err != nil {
		return nil, err
	}
	rows = append(rows, report.Row{Name: "resident, idle", Unit: "MiB", Ours: float64(now) / mib, Note: "10 s after the start"}.Most(22))
	wrong, first := drive(rate, load)
	time.Sleep(idle)
	now, peak, err := rig.Resident(s.PID())
	if err != nil {
		return nil, err
	}
	note := fmt.Sprintf("30 s of the mixed load of the storm, %d requests a second; its peak was %.1f MiB", rate, float64(peak)/mib)
	if wrong > 0 {
		note += fmt.Sprintf("; %d wrong answers: %s", wrong, first)
	}
	return append(rows, report.Row{Name: "resident after load", Unit: "MiB", Ours: float64(now) / mib, Note: note}.Most(45)), nil
}

// image makes the container image for amd64 and returns the size of its archive, in bytes. Its layers are compressed in it.
func image(r *rig.Rig) (int64, error) {
	out := r.T.TempDir()
	cmd := exec.Command("go", "run", ".", "-arch", "amd64", "-out", out)
	cmd.Dir = filepath.Join(harness.Root(), ".ci", "image")
	if said, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("make the image: %w\n%s", err, said)
	}
	made, err := os.Stat(filepath.Join(out, "image", "latchkey-linux-amd64.tar"))
	if err != nil {
		return 0, err
	}
	return made.Size(), nil
}

// Discovery is the path of the discovery document below an issuer.
const Discovery = "/.well-known/openid-configuration"

// Cold is how long it takes from launch to the first 200 of an address, in milliseconds. It fails after a minute.
func Cold(address string, launch func()) (ms float64, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	begun := time.Now()
	launch()
	for time.Since(begun) < time.Minute {
		res, asked := client.Get(address)
		if err = asked; err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return float64(time.Since(begun).Microseconds()) / 1000, nil
			}
			err = fmt.Errorf("the server answered %s", res.Status)
		}
		time.Sleep(500 * time.Microsecond)
	}
	return 0, fmt.Errorf("no answer within a minute: %w", err)
}
