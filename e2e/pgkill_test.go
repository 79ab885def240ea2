package e2e

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"latchkey/e2e/harness"
	"latchkey/storage/postgres/pgtest"
)

// killConfig is that of servers that are killed, or whose database is.
func killConfig() object {
	return object{"log.level": "warn", "mail.smtp.timeout": "1s", "accounts.reset_ttl": "1d"}
}

// TestPostgresKill is TestKill on PostgreSQL: the server is killed at random moments under load.
func TestPostgresKill(t *testing.T) {
	config := killConfig()
	config["storage.driver"], config["storage.postgres.url"] = "postgres", harness.Database(t)
	s := harness.Start(t, harness.Options{Config: config})
	k := newKiller(t, s, s.Kill)
	rounds := min(*harness.Rounds, 15)
	begun := time.Now()
	for round := range rounds {
		k.round(round)
		s.Launch(t)
		s.WaitReady(t)
		if k.check(); t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	k.sum(rounds, time.Since(begun), 1) // mail goes only in rounds in which the lease of one who was killed ends
	s.Stop(t)
}

// TestPostgresDatabaseKill kills the database under load, with SIGKILL and by immediate shutdown in turn. The servers are not started again.
func TestPostgresDatabaseKill(t *testing.T) {
	db, url := harness.Postgres(t)
	r := harness.StartReplicas(t, 2, url, harness.Options{Config: killConfig()})
	var accidents int
	k := newKiller(t, r.Server, func() {
		kill := db.Kill
		if accidents++; accidents%2 == 0 {
			kill = db.Immediate
		}
		if err := kill(); err != nil {
			t.Error(err)
		}
	})
	rounds := min(*harness.Rounds, 12)
	begun := time.Now()
	var slowest time.Duration
	for round := range rounds {
		k.round(round)
		if err := db.Up(); err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, writesBack(t, r, 10*time.Second))
		if k.check(); t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	k.sum(rounds, time.Since(begun), 5)
	t.Logf("writes were back at every replica at most %v after the database", slowest.Round(time.Millisecond))
	stopAll(t, r)
}

// writesBack waits until every replica writes again, and says how long that took.
func writesBack(t testing.TB, r *harness.Replicas, limit time.Duration) time.Duration {
	t.Helper()
	begun := time.Now()
	for i := range r.All {
		harness.Until(t, limit, fmt.Sprintf("replica %d writes again", i), func() error { return tryWrite(r, i) })
	}
	return time.Since(begun)
}

// tryWrite makes an account at a replica.
func tryWrite(r *harness.Replicas, i int) error {
	name := "w_" + harness.Random(12)
	reply, err := r.At(i).Do("POST", "/api/auth/signup", object{"username": name, "password": "longenough", "confirm_password": "longenough"}, nil)
	if err == nil && reply.Status != 201 {
		err = fmt.Errorf("status %d: %.200s", reply.Status, reply.Raw)
	}
	return err
}

// stopAll ends all replicas in order: none was started again, and none is in trouble.
func stopAll(t *testing.T, r *harness.Replicas) {
	t.Helper()
	for _, s := range r.All {
		s.Terminate()
	}
	for _, s := range r.All {
		s.WaitExit(t, 0)
	}
}

// TestPostgresSwitchover changes the primary five times under load, in order and by death. The standby is synchronous, so nothing that was acknowledged
// is lost; the connection string names both, so nobody is told where the primary is.
func TestPostgresSwitchover(t *testing.T) {
	primary, _ := harness.Postgres(t)
	standby, err := primary.Standby(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Stop() })
	if err := primary.Synchronous(); err != nil {
		t.Fatal(err)
	}
	url := fmt.Sprintf("postgres://latchkey@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable", primary.Port, standby.Port)
	r := harness.StartReplicas(t, 2, url, harness.Options{Config: killConfig()})
	var slowest time.Duration
	var round int
	k := newKiller(t, r.Server, func() {
		down := primary.Down
		if round%2 == 0 {
			down = primary.Kill
		}
		if err := errors.Join(down(), standby.Promote()); err != nil {
			t.Fatal(err)
		}
		promoted := time.Now()
		writesBack(t, r, 15*time.Second)
		slowest = max(slowest, time.Since(promoted))
		time.Sleep(200 * time.Millisecond) // load goes on with the new primary alone
	})
	begun := time.Now()
	const switchovers = 5
	for ; round < switchovers; round++ {
		k.round(round)
		primary, standby = standby, rejoin(t, primary, standby, round%2 == 1)
		if k.check(); t.Failed() {
			t.Fatalf("switchover %d", round)
		}
	}
	k.sum(switchovers, time.Since(begun), 3)
	t.Logf("writes were back at every replica at most %v after the promotion", slowest.Round(time.Millisecond))
	stopAll(t, r)
}

// rejoin makes the former primary a standby of the present one, and waits until it is synchronous. One that did not end in order may have written what
// the other has not got, and is made anew.
func rejoin(t *testing.T, former, present *pgtest.Server, inOrder bool) *pgtest.Server {
	t.Helper()
	var err error
	if inOrder {
		err = errors.Join(former.Follow(present), former.Up())
	} else {
		port := former.Port
		if err = former.Stop(); err == nil {
			former, err = present.Standby(port)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if !inOrder {
		t.Cleanup(func() { _ = former.Stop() })
	}
	if err := present.Synchronous(); err != nil {
		t.Fatal(err)
	}
	return former
}
