package postgres

import (
	"fmt"
	"testing"
	"time"

	"latchkey/storage/postgres/pgtest"
)

// TestSwitchover changes the primary under load, in order and by death. Nothing that was acknowledged is lost, and writes come back without anybody
// being started again.
func TestSwitchover(t *testing.T) {
	primary := got(pgtest.Start())(t)
	standby := got(primary.Standby(0))(t)
	t.Cleanup(func() { must(t, primary.Stop()); must(t, standby.Stop()) })
	must(t, primary.Synchronous())
	url := fmt.Sprintf("postgres://latchkey@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable", primary.Port, standby.Port)
	s := openAt(t, Options{URL: url, MaxConns: 8})
	j := keep(t, s, 8)
	j.moves(t, 5*time.Second)
	for round := range 4 {
		if round%2 == 0 {
			must(t, primary.Kill())
			must(t, standby.Promote())
			j.moves(t, 10*time.Second)
			port := primary.Port
			must(t, primary.Stop()) // what it wrote last is not in the other's history: it is made anew
			primary, standby = standby, got(standby.Standby(port))(t)
		} else {
			must(t, primary.Down())
			must(t, standby.Promote())
			j.moves(t, 10*time.Second)
			must(t, primary.Follow(standby))
			must(t, primary.Up())
			primary, standby = standby, primary
		}
		must(t, primary.Synchronous())
		j.moves(t, 10*time.Second) // with the former primary up, and read-only
	}
	j.check(t, s)
}
