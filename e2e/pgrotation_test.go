package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestPostgresRotation starts eight replicas at the same time on an empty database, and lets their keys rotate every few seconds while tokens of all of
// them are verified. The one that rotates is killed in the midst of it. There is one key set from the first moment on, and one new key a period.
func TestPostgresRotation(t *testing.T) {
	const every, maxAge = 6 * time.Second, 2 * time.Second
	r := harness.StartReplicas(t, replicas, harness.Database(t), harness.Options{Config: object{
		"keys.jwks_max_age": "2s", "keys.publish_ahead": "4s", "keys.rotate_every": "6s", "keys.skew": "1s", "tokens.access_ttl": "3s", "tokens.id_ttl": "3s",
		"accounts.api.platform.token_ttl": "3s", "accounts.api.session.token_ttl": "3s", "accounts.api.simple.token_ttl": "3s", "log.level": "warn",
	}})
	oneKeySet(t, r)
	byHeader := func(v *verifier, now time.Time) bool { return now.Sub(v.fetched) >= v.maxAge }
	verifiers := []*verifier{
		{kind: "obeys max-age", s: r.Server, stale: byHeader},
		{kind: "fetches on an unknown kid", s: r.Server, stale: func(*verifier, time.Time) bool { return false }, unknown: true},
		{kind: "fixed lifetime of jwks_max_age", s: r.Server, stale: func(v *verifier, now time.Time) bool { return now.Sub(v.fetched) >= maxAge }},
	}
	load := &keyLoad{t: t, r: r, verifiers: verifiers}
	end := time.Now().Add(34 * time.Second)
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() { load.run([]string{harness.MachineID, harness.MachineRSAID}[i], end) })
	}
	all.Go(func() { load.watchKeys(end) })
	time.Sleep(8 * time.Second)
	killWhileItRotates(t, r, load)
	all.Wait()
	for _, v := range verifiers {
		t.Logf("%s: %d validations, %d failed, %d came after the token's expiry, %d fetches, %d keys met", v.kind, v.good.Load(), v.failed.Load(), v.late.Load(), v.fetches, len(v.rounds))
		if v.failed.Load() != 0 {
			t.Errorf("%s: %d validations failed; the first: %s", v.kind, v.failed.Load(), *v.firstFailure.Load())
		}
		if v.late.Load() > v.good.Load()/10 || len(v.rounds) < 6 {
			t.Errorf("%s: %d of %d validations came too late, %d keys met: nothing was shown", v.kind, v.late.Load(), v.good.Load(), len(v.rounds))
		}
	}
	load.checkKeys(every)
}

// oneKeySet checks that replicas that started at once made one key set.
func oneKeySet(t *testing.T, r *harness.Replicas) {
	t.Helper()
	set := string(r.At(0).Must(t, "GET", "/jwks.json", nil, nil).Want(t, 200).Raw)
	for i := range r.All {
		if other := string(r.At(i).Must(t, "GET", "/jwks.json", nil, nil).Want(t, 200).Raw); other != set {
			t.Errorf("replica %d has another key set", i)
		}
	}
	if worst := harness.Ask[int64](t, r.Database, "SELECT max(n) FROM (SELECT count(*) AS n FROM signing_keys GROUP BY alg) AS counted"); worst != 2 {
		t.Errorf("%d keys of an algorithm after the start, want the active and the next", worst)
	}
}

// keyLoad is tokens that are issued and verified, and the keys that there were.
type keyLoad struct {
	t         *testing.T
	r         *harness.Replicas
	verifiers []*verifier
	// dead is the replica that was killed, plus one.
	dead atomic.Int32

	keys map[string]madeKey // of who watches them
}

type madeKey struct {
	alg string
	at  time.Time
}

func (l *keyLoad) run(client string, end time.Time) {
	for n := 0; time.Now().Before(end); n++ {
		i := n % len(l.r.All)
		if int(l.dead.Load()) == i+1 {
			continue
		}
		r, err := l.r.At(i).Do("POST", "/token", form("grant_type", "client_credentials"), harness.Basic(client, harness.MachineSecret))
		if int(l.dead.Load()) == i+1 {
			continue // killed meanwhile
		}
		if err != nil || r.Status != http.StatusOK {
			l.t.Errorf("token of replica %d: %v %v", i, r, err)
			return
		}
		for _, v := range l.verifiers {
			v.verify(r.S("access_token"))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// watchKeys notes every key that is ever in the database, with when it is to be active.
func (l *keyLoad) watchKeys(end time.Time) {
	l.keys = map[string]madeKey{}
	for ; time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		list := harness.Ask[[]string](l.t, l.r.Database, "SELECT array_agg(kid || ' ' || alg || ' ' || extract(epoch FROM activates_at)) FROM signing_keys")
		for _, line := range list {
			var kid, alg string
			var seconds float64
			if _, err := fmt.Sscan(line, &kid, &alg, &seconds); err != nil {
				l.t.Errorf("%s: %v", line, err)
				return
			}
			l.keys[kid] = madeKey{alg, time.UnixMilli(int64(seconds * 1000))}
		}
	}
}

// checkKeys: no two keys of an algorithm become active within one period.
func (l *keyLoad) checkKeys(every time.Duration) {
	l.t.Helper()
	byAlg := map[string][]time.Time{}
	for _, k := range l.keys {
		byAlg[k.alg] = append(byAlg[k.alg], k.at)
	}
	for alg, times := range byAlg {
		slices.SortFunc(times, time.Time.Compare)
		var gaps []time.Duration
		for i := 1; i < len(times); i++ {
			gap := times[i].Sub(times[i-1])
			gaps = append(gaps, gap.Round(time.Millisecond))
			if gap < every-time.Second {
				l.t.Errorf("%s: keys %d and %d are active after another within %v: two replicas made one each", alg, i-1, i, gap)
			}
		}
		l.t.Logf("%s: %d keys, active one after the other after %v", alg, len(times), gaps)
		if len(times) < 5 {
			l.t.Errorf("%s: %d keys only", alg, len(times))
		}
	}
}

// killWhileItRotates keeps the keyring locked until the replica whose turn it is wants to write the next key, and kills it there.
func killWhileItRotates(t *testing.T, r *harness.Replicas, l *keyLoad) {
	t.Helper()
	holder := r.Holder(t, "keys")
	if holder < 0 {
		t.Fatal("nobody looks after the keys")
	}
	release := harness.Holds(t, r.Database, "SELECT FROM keyring FOR UPDATE")
	harness.Until(t, 15*time.Second, "it wants to write a key", func() error {
		const waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE keyring%'"
		if n := harness.Ask[int64](t, r.Database, waits); n == 0 {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	l.dead.Store(int32(holder) + 1)
	r.Front.Remove(holder)
	r.All[holder].Kill()
	killed := time.Now()
	release()
	harness.Until(t, 10*time.Second, "another looks after the keys", func() error {
		if now := r.Holder(t, "keys"); now < 0 || now == holder {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	t.Logf("replica %d was killed while it wrote a key; another took over after %v", holder, time.Since(killed).Round(time.Millisecond))
}
