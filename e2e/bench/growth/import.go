package growth

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

// imports times the command that makes accounts of lines, on an empty store.
func imports(r *rig.Rig, on driver, people int) ([]report.Row, error) {
	dir := r.T.TempDir()
	lines := filepath.Join(dir, "people.jsonl")
	if err := write(lines, people); err != nil {
		return nil, err
	}
	cmd := exec.Command(r.Binary, "users", "import", lines, "--store", filepath.Join(dir, "store.db"))
	cmd.Env = []string{"LATCHKEY_ISSUER=https://id.example.test", "LATCHKEY_KEYS_SEALING_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
		"LATCHKEY_MAIL_FROM=no-reply@example.test", "LATCHKEY_MAIL_SMTP_ADDRESS=localhost:1"}
	if on == onPostgres {
		_, url := harness.Postgres(r.T, "fsync=on", "full_page_writes=on", "synchronous_commit=on", "shared_buffers=256MB", "max_wal_size=2GB")
		cmd.Args = cmd.Args[:len(cmd.Args)-2]
		cmd.Env = append(cmd.Env, "LATCHKEY_STORAGE_DRIVER=postgres", "LATCHKEY_STORAGE_POSTGRES_URL="+url)
	}
	var out []byte
	var failed error
	begun := time.Now()
	if err := rig.OnAllCores(func() { out, failed = cmd.CombinedOutput() }); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, fmt.Errorf("import: %w\n%s", failed, out)
	}
	took := time.Since(begun)
	r.Say("%d people imported in %v", people, took.Round(time.Second))
	row := report.Row{Name: fmt.Sprintf("import of %s people, %s", million(people), on), Unit: "s", Ours: took.Seconds(),
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
