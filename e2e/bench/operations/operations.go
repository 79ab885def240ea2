// Package operations measures what each operation costs the running server, beside the bare cost of the same.
package operations

import (
	"net/http"
	"os"
	"path/filepath"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

// Section is what the command knows of it.
func Section() rig.Section {
	return rig.Section{Name: "operations", What: "what each operation costs, beside its bare cost", Run: run}
}

// connections is how many clients ask at once.
const connections = 16

func run(r *rig.Rig) ([]report.Row, error) {
	s := r.Start(harness.Options{})
	url := s.Issuer + "/jwks.json"
	body := s.API().Must(r.T, http.MethodGet, "/jwks.json", nil, nil).Want(r.T, http.StatusOK).Raw
	file := filepath.Join(r.T.TempDir(), "jwks")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		return nil, err
	}
	b := r.Bare("bytes", file)
	ours := r.Loop(connections, load.Fixed{Target: load.Get(url, nil), Status: 200}, s.PID())
	theirs := r.Loop(connections, load.Fixed{Target: load.Get(b.Base+"/", nil), Status: 200}, b.PID)
	row, err := r.Against("JWKS", ours, theirs)
	row.Bottom = "net/http writing the same bytes"
	return []report.Row{row.Most(1.25)}, err
}
