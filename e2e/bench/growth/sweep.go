package growth

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
)

// sweeping compares refreshes beside a sweeper that has all to do with refreshes beside one that does nothing. Both stores hold the same.
func sweeping(r *rig.Rig, on driver, n size) ([]report.Row, error) {
	busy, err := start(r, on, n, map[string]any{"storage.sweep_every": "1s"})
	if err != nil {
		return nil, err
	}
	defer busy.end()
	idle, err := start(r, on, n, map[string]any{"storage.sweep_every": "1d"})
	if err != nil {
		return nil, err
	}
	defer idle.end()
	got, err := r.Turns(busy.loop(refresh()), idle.loop(refresh()))
	if err != nil {
		return nil, fmt.Errorf("refresh beside the sweeper, %s: %w", on, err)
	}
	p99 := func(s load.Sample) float64 { return ms(s.Quantile(0.99)) }
	row := report.Row{Name: fmt.Sprintf("refresh p99 beside the sweeper, %s expired, %s", million(n.grants), on), Unit: "ms", Ours: rig.MedianOf(got[0], p99),
		Bare: rig.MedianOf(got[1], p99), Bottom: "the same, nothing swept"}
	row.Ratio, row.Spread = rig.Ratio(got[0], got[1], p99)
	r.Say("%-50s %8.1f ms ÷ %8.1f ms = %.2f", row.Name, row.Ours, row.Bare, row.Ratio)
	return []report.Row{row.Most(1.1)}, nil
}

// imports times the command that makes accounts of lines, on an empty bolt store.
func imports(r *rig.Rig, people int) ([]report.Row, error) {
	dir := r.T.TempDir()
	lines := filepath.Join(dir, "people.jsonl")
	if err := write(lines, people); err != nil {
		return nil, err
	}
	cmd := exec.Command(r.Binary, "users", "import", lines, "--store", filepath.Join(dir, "store.db"))
	cmd.Env = []string{"LATCHKEY_ISSUER=https://id.example.test", "LATCHKEY_KEYS_SEALING_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
		"LATCHKEY_MAIL_FROM=no-reply@example.test", "LATCHKEY_MAIL_SMTP_ADDRESS=localhost:1"}
	begun := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("import: %w\n%s", err, out)
	}
	took := time.Since(begun)
	r.Say("%d people imported in %v", people, took.Round(time.Second))
	row := report.Row{Name: fmt.Sprintf("import of %s people, bolt", million(people)), Unit: "s", Ours: took.Seconds(),
		Note: fmt.Sprintf("%.0f s of processor time", (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())}
	return []report.Row{row.Most(5 + float64(people)*600e-6)}, nil // a million within ten minutes
}

func write(path string, people int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w, encoded := bufio.NewWriter(f), hash()
	for n := range people {
		line, err := json.Marshal(map[string]any{"username": person(n), "email": person(n) + "@example.test", "email_verified": true, "password_hash": encoded,
			"name": "Person of Growth", "given_name": "Person", "family_name": "Growth"})
		if err != nil {
			return err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
