package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/cmd/latchkey/doctor"
	"latchkey/e2e/harness"
	"latchkey/storage/postgres/pgtest"
)

// TestDoctorOfADatabase: PostgreSQL, well and in every trouble that can be made.
func TestDoctorOfADatabase(t *testing.T) {
	server, address := harness.Postgres(t, "max_connections=40")
	w := admit(t, map[string]any{"storage.driver": "postgres", "storage.postgres.url": address})
	check := func(name string, look func(*doctor.Options), want ...string) {
		t.Helper()
		var got []string
		for _, c := range complaints(w.examine(t, patient{look: look})) {
			if strings.HasPrefix(c, "database ") {
				got = append(got, c)
			}
		}
		if !matches(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := complaints(w.examine(t, patient{})); len(got) > 0 {
		t.Errorf("all is well, and it complains: %q", got)
	}
	check("a version from before looks at it", func(o *doctor.Options) { o.Schema = 0 }, "database problem: which this version (it knows 0) must not use")
	check("another machine's clock", later(-10*time.Minute), "database problem: the database's clock")
	check("a newer version looks at it", func(o *doctor.Options) { o.Schema = 1000 }, "database warning: this version knows 1000")
	follows(t, w, server)
	if err := server.ReadOnly(true); err != nil {
		t.Fatal(err)
	}
	check("it takes no writes", nil, "database problem: cannot be written to")
	if err := server.ReadOnly(false); err != nil {
		t.Fatal(err)
	}
	server.Freeze(true)
	check("it hangs", func(o *doctor.Options) { o.Timeout = 2 * time.Second }, "database problem: cannot be reached: no answer in time")
	server.Freeze(false)
	if err := server.Down(); err != nil {
		t.Fatal(err)
	}
	check("it is down", nil, "database problem: cannot be reached")
	if err := server.Up(); err != nil {
		t.Fatal(err)
	}
}

// follows starts a standby: the doctor tells of it.
func follows(t *testing.T, w *ward, server *pgtest.Server) {
	t.Helper()
	standby, err := server.Standby(harness.Port(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := standby.Stop(); err != nil {
			t.Error(err)
		}
	}()
	harness.Until(t, 20*time.Second, "the doctor sees a standby", func() error {
		for _, f := range w.examine(t, patient{}) {
			if f.Check == "database" && f.Level == doctor.OK && strings.Contains(f.Seen, "is streaming") {
				return nil
			}
		}
		return errors.New("none yet")
	})
}
