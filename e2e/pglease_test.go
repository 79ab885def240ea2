package e2e

import (
	"fmt"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestPostgresLeases: each of the works that one replica does at a time is done by one, and by another within seconds when that one is killed, with what
// it had in its hands. What any replica puts into a queue is sent at once, whoever sends.
func TestPostgresLeases(t *testing.T) {
	p := newParties(t)
	p.add("told", "client_secret_basic", object{"backchannel_logout_uri": p.side.URL + "/told", "backchannel_logout_session_required": true})
	r := harness.StartReplicas(t, 3, harness.Database(t), p.options(harness.Options{Config: object{"storage.sweep_every": "1s"}}))
	r.SignUp(t, personName, "ada@example.test", personPassword)
	works := []string{"keys", "sweep", "outbox", "logout"}
	holders := func() error {
		for _, work := range works {
			if n := held(t, r, work); n != 1 {
				return fmt.Errorf("%s is done by %d", work, n)
			}
			if n := harness.Ask[int64](t, r.Database, "SELECT count(*) FROM leases WHERE name = $1 AND expires_at > now()", work); n != 1 {
				return fmt.Errorf("%d leases for %s", n, work)
			}
		}
		return nil
	}
	harness.Until(t, 10*time.Second, "each work is one replica's", holders)

	sweptByOne(t, r)
	mailOfAnother(t, r)
	notice := 0
	signedOut := func(t *testing.T) { // at whichever replica
		t.Helper()
		b := r.Browser(t).SignIn(personName, personPassword)
		in := p.signIn(t, r.Server, b, "told")
		b.Open("/logout?" + form("id_token_hint", in.raw).Encode())
		notice++
	}
	told := func(t *testing.T, limit time.Duration) {
		t.Helper()
		harness.Until(t, limit, "the application is told", func() error {
			if n := len(p.side.got("/told")); n < notice {
				return fmt.Errorf("%d times of %d", n, notice)
			}
			return nil
		})
	}
	var slowest time.Duration
	for range 4 {
		signedOut(t)
		begun := time.Now()
		told(t, 3*time.Second)
		slowest = max(slowest, time.Since(begun))
	}
	t.Logf("an application was told at most %v after a session had ended", slowest.Round(time.Millisecond))

	p.side.hanging(true)
	signedOut(t)
	killHolder(t, r, "logout", "it tells the application, who does not answer", func() error {
		if n := p.side.hanging(true); n == 0 {
			return fmt.Errorf("not yet")
		}
		return nil
	}, func() { p.side.hanging(false) }, func() { told(t, 12*time.Second) })

	r.Mail.Set(harness.Hang)
	before, _, _ := r.Mail.Tries()
	had := letters(r)
	askReset(t, r, 0)
	killHolder(t, r, "outbox", "it sends the mail, which nobody takes", func() error {
		if n, _, _ := r.Mail.Tries(); n == before {
			return fmt.Errorf("not yet")
		}
		return nil
	}, func() { r.Mail.Set(harness.Accept) }, func() { mailed(t, r, had, 12*time.Second) })
	harness.Until(t, 10*time.Second, "each work is one replica's again", holders)
}

// held counts the replicas that say they do the work.
func held(t *testing.T, r *harness.Replicas, work string) (n int) {
	t.Helper()
	for _, s := range r.All {
		if s.Runs() && s.Metrics(t).Sum("latchkey_duty_held", "duty", work) == 1 {
			n++
		}
	}
	return n
}

// killHolder kills whoever does the work once it is at it, makes well what held it up, and measures how long the next one needs.
func killHolder(t *testing.T, r *harness.Replicas, work, what string, busy func() error, heal, done func()) {
	t.Helper()
	holder := r.Holder(t, work)
	if holder < 0 {
		t.Fatalf("nobody does %s", work)
	}
	harness.Until(t, 10*time.Second, what, busy)
	r.Front.Remove(holder)
	r.All[holder].Kill()
	heal()
	begun := time.Now()
	done()
	t.Logf("%s: replica %d was killed at it, and another had done it after %v", work, holder, time.Since(begun).Round(time.Millisecond))
	r.All[holder].Launch(t)
	r.All[holder].WaitReady(t)
	r.Front.Restore(holder)
}

// askReset asks a replica for a reset mail.
func askReset(t *testing.T, r *harness.Replicas, i int) {
	t.Helper()
	r.At(i).Must(t, "POST", "/api/forgot-password", object{"email": "ada@example.test"}, nil).Want(t, 200)
}

// mailed waits until she has more mails than before.
func mailed(t *testing.T, r *harness.Replicas, before int, limit time.Duration) time.Duration {
	t.Helper()
	begun := time.Now()
	harness.Until(t, limit, "the mail came", func() error {
		if n := letters(r); n <= before {
			return fmt.Errorf("she has %d", n)
		}
		return nil
	})
	return time.Since(begun)
}

func letters(r *harness.Replicas) int { return len(r.Mail.To("ada@example.test")) }

// mailOfAnother queues mail at each replica.
func mailOfAnother(t *testing.T, r *harness.Replicas) {
	t.Helper()
	harness.Until(t, 5*time.Second, "the mail about her address came", func() error {
		if letters(r) == 0 {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	var slowest time.Duration
	for i := range r.All {
		before := letters(r)
		askReset(t, r, i)
		slowest = max(slowest, mailed(t, r, before, 4*time.Second))
	}
	t.Logf("a mail came at most %v after it was asked for", slowest.Round(time.Millisecond))
}

// sweptByOne lets something expire and looks who removes it.
func sweptByOne(t *testing.T, r *harness.Replicas) {
	t.Helper()
	harness.Ask[int64](t, r.Database, `WITH put AS (INSERT INTO denials (jti, expires_at) SELECT 'old' || n, now() - interval '1 hour' FROM generate_series(1, 3000) AS n RETURNING 1)
		SELECT count(*) FROM put`)
	harness.Until(t, 15*time.Second, "what has expired is removed", func() error {
		if n := harness.Ask[int64](t, r.Database, "SELECT count(*) FROM denials"); n != 0 {
			return fmt.Errorf("%d are left", n)
		}
		return nil
	})
	sweepers := 0
	for _, s := range r.All {
		if s.Metrics(t).Sum("latchkey_store_swept_total") > 0 {
			sweepers++
		}
	}
	if sweepers != 1 {
		t.Errorf("%d replicas swept", sweepers)
	}
}
