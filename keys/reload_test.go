package keys

import (
	"testing"
	"time"
)

func TestReloadSeesWhatOthersDidAndWritesNothing(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now, ES256)
	leader, follower := mustOpen(t, cfg, store), mustOpen(t, cfg, store)
	for range 5 { // past several rotations, of which only the leader does what is due
		c.Add(31 * day)
		writes := store.swaps
		if err := follower.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if store.swaps != writes {
			t.Fatal("Reload wrote")
		}
		mustTick(t, leader)
		if store.swaps == writes {
			t.Fatal("nothing was due: the test tests nothing")
		}
		if err := follower.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if string(follower.JWKS().Body) != string(leader.JWKS().Body) {
			t.Fatal("replicas publish different keys")
		}
		if err := verify(keySet(t, leader.JWKS().Body), mustSign(t, follower, ES256, time.Hour)); err != nil {
			t.Fatal(err)
		}
		if wait := follower.NextTick().Sub(c.Now()); wait < time.Millisecond {
			t.Fatalf("NextTick is %v away: who only reads would read without end", wait)
		}
	}
}
