package operations

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
)

// Profiles is the section that takes a processor profile of the running server for each hot path, keeps it, and prints its top.
func Profiles() rig.Section {
	return rig.Section{Name: "profile", What: "where the time goes: a processor profile of each hot path", Run: profiles, Apart: true}
}

func profiles(r *rig.Rig) ([]report.Row, error) {
	if r.Out == "" {
		return nil, fmt.Errorf("profiles need a folder to be kept in: -out")
	}
	i := start(r, map[string]any{"server.pprof": true})
	i.codes, i.minted, r.Slice = 10*i.codes, 10*i.minted, profileTime
	type path struct {
		name string
		take rig.Take
	}
	var paths []path
	for _, e := range i.entries() {
		paths = append(paths, path{e.name, e.take(connections)})
	}
	paths = append(paths, path{"authorize, signed in", i.loop(connections, i.authorizing(0))}, path{"sign-in", i.loop(connections, i.signingIn())})
	for _, p := range paths {
		if err := i.profile(p.name, p.take); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil, nil
}

// profile takes one of a single load, without what is prepared for it.
func (i *issuer) profile(name string, take rig.Take) error {
	began, done := make(chan struct{}), make(chan error, 1)
	i.r.Began = func() { close(began) }
	defer func() { i.r.Began = nil }()
	go func() {
		_, err := take()
		done <- err
	}()
	select {
	case <-began:
	case err := <-done:
		return err
	}
	raw, err := i.fetchProfile()
	if bad := <-done; bad != nil {
		return bad
	}
	if err != nil {
		return err
	}
	file := filepath.Join(i.r.Out, strings.NewReplacer(", ", "-", " ", "-").Replace(name)+".pprof")
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		return err
	}
	return top(os.Stdout, name, file)
}

const profileTime = 5 * time.Second

func (i *issuer) fetchProfile() ([]byte, error) {
	res, err := http.Get(fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", i.Ops, int(profileTime.Seconds())))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("profile: %d %s", res.StatusCode, b)
	}
	return b, err
}

// top prints where most of the time was spent: by function, and by function with all that it called.
func top(w io.Writer, name, file string) error {
	for _, sort := range []string{"-flat", "-cum"} {
		cmd := exec.Command("go", "tool", "pprof", "-top", sort, "-nodecount=25", file)
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("go tool pprof: %w", err)
		}
		if _, err := fmt.Fprintf(w, "\n## %s (%s)\n\n%s", name, sort[1:], out); err != nil {
			return err
		}
	}
	return nil
}
