package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
	"latchkey/storage/memory"
)

type rig struct {
	*testing.T
	store  *memory.Store
	copies *Copies
	now    time.Time
	log    strings.Builder
	events []string
}

func newRig(t *testing.T) *rig {
	r := &rig{T: t, store: memory.New(), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	t.Cleanup(func() { _ = r.store.Close() })
	r.copies = r.another()
	return r
}

// another is another replica.
func (r *rig) another() *Copies {
	return &Copies{Store: r.store, Prune: true, After: 5 * time.Minute, Max: 50, Logger: slog.New(slog.NewTextHandler(&r.log, nil)), Now: func() time.Time { return r.now },
		Audit: audit.SinkFunc(func(_ context.Context, e audit.Event) { r.events = append(r.events, e.ClientID+" "+e.Detail) })}
}

func clients(ids ...string) (out []storage.Client) {
	for _, id := range ids {
		out = append(out, storage.Client{ID: id, Name: id, AuthMethod: "client_secret_basic", RedirectURIs: []string{"https://" + id + ".example/"},
			Secrets: []storage.ClientSecret{{ID: "s-" + id, Hash: "sha256:" + id, Sealed: []byte("sealed")}}})
	}
	return out
}

func (r *rig) write(c *Copies, declared []storage.Client, complete bool) Found {
	r.Helper()
	f, err := c.Write(r.Context(), declared, complete)
	if err != nil {
		r.Fatal(err)
	}
	return f
}

// has lists the copies.
func (r *rig) has() string {
	r.Helper()
	list, err := List(r.Context(), r.store)
	if err != nil {
		r.Fatal(err)
	}
	var ids []string
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return strings.Join(ids, " ")
}

func TestCopies(t *testing.T) {
	r := newRig(t)
	declared := clients("a", "b")
	if f, err := r.copies.Look(t.Context(), declared); err != nil || fmt.Sprint(f.Differing) != "[a b]" || r.has() != "" {
		t.Fatalf("%+v %v: looking writes nothing", f, err)
	}
	r.write(r.copies, declared, true)
	c, err := r.store.Client(t.Context(), "a")
	if err != nil || !c.Declared || !c.Disabled || c.Secrets[0].Hash != "" || c.Secrets[0].Sealed != nil || c.Secrets[0].ID != "s-a" || c.Name != "a" {
		t.Fatalf("%+v %v", c, err)
	}
	r.write(r.copies, declared, true)
	if again, _ := r.store.Client(t.Context(), "a"); again.Version != c.Version {
		t.Error("what did not change was written")
	}
	declared[0].Secrets[0] = storage.ClientSecret{ID: "s-new", Hash: "sha256:new"}
	if f, err := r.copies.Look(t.Context(), declared); err != nil || fmt.Sprint(f.Differing) != "[a]" {
		t.Errorf("%+v %v: another secret differs", f, err)
	}
	r.write(r.copies, declared, true)
	if f, err := r.copies.Look(t.Context(), declared); err != nil || f.Differing != nil {
		t.Errorf("%+v %v", f, err)
	}
}

// A client that was made by command is left alone, whatever files declare, and never pruned.
func TestShadowed(t *testing.T) {
	r := newRig(t)
	if _, err := r.store.CreateClient(t.Context(), storage.Client{ID: "a", Name: "made"}, r.now); err != nil {
		t.Fatal(err)
	}
	if f := r.write(r.copies, clients("a", "b"), true); fmt.Sprint(f.Shadowed) != "[a]" || f.Differing != nil {
		t.Errorf("%+v", f)
	}
	r.now = r.now.Add(time.Hour)
	r.write(r.copies, clients("b"), true)
	r.now = r.now.Add(time.Hour)
	r.write(r.copies, clients("b"), true)
	if c, err := r.store.Client(t.Context(), "a"); err != nil || c.Name != "made" {
		t.Errorf("%+v %v", c, err)
	}
}

func TestPrune(t *testing.T) {
	all := clients("a", "b", "c", "d")
	later := func(d time.Duration) func(*rig) { return func(r *rig) { r.now = r.now.Add(d) } }
	type step struct {
		declared []storage.Client
		complete bool
		before   func(*rig)
		has      string
	}
	for what, row := range map[string]struct {
		change func(*Copies)
		steps  []step
	}{
		"after its time":      {nil, []step{{all, true, nil, "a b c d"}, {all[:3], true, later(time.Hour), "a b c d"}, {all[:3], true, later(4 * time.Minute), "a b c d"}, {all[:3], true, later(time.Minute), "a b c"}}},
		"not where it is off": {func(c *Copies) { c.Prune = false }, []step{{all, true, nil, "a b c d"}, {all[:3], true, nil, "a b c d"}, {all[:3], true, later(time.Hour), "a b c d"}}},
		"not while a file is faulty or the folder empty": {nil, []step{{all, true, nil, "a b c d"}, {all[:3], false, nil, "a b c d"}, {all[:3], false, later(time.Hour), "a b c d"}}},
		"a fault begins the time anew": {nil, []step{{all, true, nil, "a b c d"}, {all[:3], true, nil, "a b c d"}, {all[:3], false, later(time.Minute), "a b c d"},
			{all[:3], true, later(time.Hour), "a b c d"}, {all[:3], true, later(5 * time.Minute), "a b c"}}},
		"who came back does not go":       {nil, []step{{all, true, nil, "a b c d"}, {all[:3], true, nil, "a b c d"}, {all, true, later(time.Hour), "a b c d"}, {all[:3], true, later(time.Hour), "a b c d"}}},
		"half at once":                    {func(c *Copies) { c.After = 0 }, []step{{all, true, nil, "a b c d"}, {all[:2], true, nil, "a b"}}},
		"not more than half":              {func(c *Copies) { c.After = 0 }, []step{{all, true, nil, "a b c d"}, {all[:1], true, nil, "a b c d"}}},
		"more than half, where confirmed": {func(c *Copies) { c.After, c.Max = 0, 100 }, []step{{all, true, nil, "a b c d"}, {all[:1], true, nil, "a"}}},
		"never the last one":              {func(c *Copies) { c.After, c.Max = 0, 100 }, []step{{all, true, nil, "a b c d"}, {nil, true, nil, "a b c d"}}},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t)
			if row.change != nil {
				row.change(r.copies)
			}
			for i, s := range row.steps {
				if s.before != nil {
					s.before(r)
				}
				r.write(r.copies, s.declared, s.complete)
				if r.has() != s.has {
					t.Errorf("step %d: has %q, want %q", i, r.has(), s.has)
				}
			}
		})
	}
}

// What was granted to a client that is pruned is revoked; without pruning it waits.
func TestPrunedGrants(t *testing.T) {
	r := newRig(t)
	r.copies.After = 0
	a, err := r.store.CreateAccount(t.Context(), storage.Account{Sub: "s"}, storage.Effects{}, r.now)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b"} {
		if err := errors.Join(r.store.CreateGrant(t.Context(), storage.Grant{ID: "g-" + id, ClientID: id, AccountID: a.ID, CreatedAt: r.now, ExpiresAt: r.now.Add(time.Hour)}, r.now),
			r.store.PutConsent(t.Context(), storage.Consent{AccountID: a.ID, ClientID: id, Scopes: []string{"openid"}, GrantedAt: r.now}, r.now)); err != nil {
			t.Fatal(err)
		}
	}
	r.write(r.copies, clients("a", "b"), true)
	if f := r.write(r.copies, clients("a"), true); f.Pruned != 1 || len(f.Inert) != 0 {
		t.Errorf("%+v", f)
	}
	_, errA := r.store.Grant(t.Context(), storage.GrantKey{ID: "g-a"}, r.now)
	_, errB := r.store.Grant(t.Context(), storage.GrantKey{ID: "g-b"}, r.now)
	_, consent := r.store.Consent(t.Context(), a.ID, "b")
	if errA != nil || !errors.Is(errB, storage.ErrSpent) && !errors.Is(errB, storage.ErrNotFound) || !errors.Is(consent, storage.ErrNotFound) {
		t.Errorf("%v, %v, %v", errA, errB, consent)
	}
	if strings.Join(r.events, ",") != "b pruned" || strings.Count(r.log.String(), "client pruned") != 1 {
		t.Errorf("%v\n%s", r.events, r.log.String())
	}
}

// Replicas whose files come at different moments take the copies from one another, and nobody's client is pruned for it.
func TestReplicasWithOlderFiles(t *testing.T) {
	r := newRig(t)
	newer, older := r.copies, r.another()
	r.write(older, clients("a"), true)
	for range 4 { // the older files are there for less than After
		r.write(newer, clients("a", "b"), true)
		r.now = r.now.Add(time.Minute)
		r.write(older, clients("a"), true)
	}
	if r.has() != "a b" {
		t.Errorf("has %q", r.has())
	}
	r.write(older, clients("a", "b"), true)
	r.now = r.now.Add(time.Hour)
	r.write(older, clients("a", "b"), true)
	if r.has() != "a b" {
		t.Errorf("has %q once both have the same files", r.has())
	}
}

// Too many at once is said once, until it is over.
func TestRefusalIsSaidOnce(t *testing.T) {
	r := newRig(t)
	r.copies.After = 0
	r.write(r.copies, clients("a", "b", "c"), true)
	for range 3 {
		if f := r.write(r.copies, clients("a"), true); !f.Refused || len(f.Inert) != 2 || !f.Inert[0].PrunedAt.IsZero() {
			t.Errorf("%+v", f)
		}
	}
	if strings.Count(r.log.String(), "too many at once") != 1 {
		t.Error(r.log.String())
	}
}

// away fails like a store that cannot be reached.
type away struct{ *memory.Store }

func (away) Client(context.Context, string) (storage.Client, error) {
	return storage.Client{}, storage.ErrUnavailable
}

func TestStoreAway(t *testing.T) {
	r := newRig(t)
	r.copies.Store = away{r.store}
	if _, err := r.copies.Write(t.Context(), clients("a"), true); !errors.Is(err, storage.ErrUnavailable) {
		t.Error(err)
	}
	if _, err := r.copies.Look(t.Context(), clients("a")); !errors.Is(err, storage.ErrUnavailable) {
		t.Error(err)
	}
}
