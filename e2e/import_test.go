package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestImportKilled kills an import while it stores people, and runs it again: nobody is lost, and nobody is there twice.
func TestImportKilled(t *testing.T) {
	for _, row := range []struct {
		name   string
		config func(t *testing.T) object
	}{
		{"bolt", func(*testing.T) object { return object{} }},
		{"PostgreSQL", func(t *testing.T) object {
			return object{"storage.driver": "postgres", "storage.postgres.url": harness.Database(t)}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			const people = 25_000
			s := harness.Start(t, harness.Options{Config: row.config(t), Later: true})
			file := filepath.Join(s.Dir, "people.jsonl")
			writePeople(t, file, people)
			for range 2 {
				p := harness.RunServer(t, s.Dir, nil, "users", "import", file, "--config", s.ConfigFile)
				harness.Until(t, time.Minute, "some are stored", func() error {
					if !strings.Contains(p.Output(), " lines") {
						return fmt.Errorf("it said %q", p.Output())
					}
					return nil
				})
				if end(t, p) {
					t.Fatalf("it was over before it was killed: %s", p.Output())
				}
			}
			var done struct {
				Lines, Made int
				There       int `json:"there_already"`
				Conflicts   int
			}
			out, said, code := s.Run(t, "users", "import", file, "-o", "json")
			if err := json.Unmarshal([]byte(out), &done); err != nil || code != 0 {
				t.Fatalf("exit code %d, %v: %s%s", code, err, out, said)
			}
			if done.Lines != people || done.Made+done.There != people || done.Made == 0 || done.There == 0 || done.There%5000 != 0 {
				t.Errorf("%+v of %d", done, people)
			}
			exported(t, s, people)
		})
	}
}

func writePeople(t *testing.T, file string, people int) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for n := range people {
		fmt.Fprintf(w, "{\"username\":\"person_%d\",\"email\":\"p%d@example.test\",\"email_verified\":true}\n", n, n)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// exported checks that a store has exactly these people, each as its line is.
func exported(t *testing.T, s *harness.Server, people int) {
	t.Helper()
	out, said, code := s.Run(t, "users", "export")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(out) {
		var is struct{ Username, Email, Sub string }
		if err := json.Unmarshal([]byte(line), &is); err != nil {
			t.Fatal(err)
		}
		var n int
		if _, err := fmt.Sscanf(is.Username, "person_%d", &n); err != nil || is.Email != fmt.Sprintf("p%d@example.test", n) || is.Sub == "" || n >= people {
			t.Errorf("somebody is there who was not imported: %s", line)
		}
		if seen[is.Username] {
			t.Errorf("%s is there twice", is.Username)
		}
		seen[is.Username] = true
	}
	if len(seen) != people {
		t.Errorf("%d people are there, want %d", len(seen), people)
	}
}
