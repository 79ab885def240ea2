package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func registrationChecks() []check {
	return []check{
		{"CreateRegistrationToken keeps every field and refuses", createToken},
		{"a registration token expires, or does not", tokenExpiry},
		{"DeleteRegistrationToken spares the clients", deleteToken},
		{"RegisterClient stores what CreateClient does", registerClient},
		{"RegisterClient takes uses of the token", registerUses},
		{"RegisterClient refuses and changes nothing", registerRefuses},
		{"RegisterClient minds the quota", registerQuota},
	}
}

func registration(id string) storage.RegistrationToken {
	return storage.RegistrationToken{
		ID: id, Hash: "hash-" + id, Name: "for " + id, Uses: 1, MaxUses: 3, PKCEExempt: true, CreatedAt: at(0), ExpiresAt: at(time.Hour),
	}
}

func tokenIDs(list []storage.RegistrationToken) (ids string) {
	for _, r := range list {
		ids += r.ID
	}
	return ids
}

func createToken(t *testing.T, s storage.Store) {
	full(t, registration("b"))
	for _, id := range []string{"b", "a", "c"} {
		must(t, s.CreateRegistrationToken(bg(), registration(id), at(0)))
	}
	eq(t, "by hash", got(s.RegistrationToken(bg(), "hash-b", at(0)))(t), registration("b"))
	eq(t, "list", got(s.ListRegistrationTokens(bg(), at(0)))(t), []storage.RegistrationToken{registration("a"), registration("b"), registration("c")})
	for name, r := range map[string]storage.RegistrationToken{
		"same ID": {ID: "b", Hash: "n"}, "same hash": {ID: "n", Hash: "hash-b"}, "no ID": {Hash: "n"}, "no hash": {ID: "n"},
	} {
		is(t, name, s.CreateRegistrationToken(bg(), r, at(0)), storage.ErrExists)
	}
	for name, hash := range map[string]string{"unknown": "x", "empty": "", "the ID": "b"} {
		have, err := s.RegistrationToken(bg(), hash, at(0))
		is(t, name, err, storage.ErrNotFound)
		eq(t, name, have, storage.RegistrationToken{})
	}
	eq(t, "left", tokenIDs(got(s.ListRegistrationTokens(bg(), at(0)))(t)), "abc")
}

func tokenExpiry(t *testing.T, s storage.Store) {
	ever := storage.RegistrationToken{ID: "ever", Hash: "hash-ever"}
	must(t, s.CreateRegistrationToken(bg(), registration("a"), at(0)))
	must(t, s.CreateRegistrationToken(bg(), registration("b"), at(0)))
	must(t, s.CreateRegistrationToken(bg(), ever, at(0)))
	got(s.RegistrationToken(bg(), "hash-a", at(time.Hour-1)))(t)
	now := at(time.Hour)
	_, err := s.RegistrationToken(bg(), "hash-a", now)
	is(t, "at ExpiresAt", err, storage.ErrNotFound)
	is(t, "delete at ExpiresAt", s.DeleteRegistrationToken(bg(), "a", now), storage.ErrNotFound)
	eq(t, "list at ExpiresAt", got(s.ListRegistrationTokens(bg(), now))(t), []storage.RegistrationToken{ever})
	_, err = s.RegisterClient(bg(), client("app"), "hash-a", 0, now)
	is(t, "use at ExpiresAt", err, storage.ErrNotFound)
	// ID and hash of expired tokens are free, even if they were those of two.
	again := storage.RegistrationToken{ID: "a", Hash: "hash-b", ExpiresAt: at(2 * time.Hour)}
	must(t, s.CreateRegistrationToken(bg(), again, now))
	eq(t, "sweep", got(s.Sweep(bg(), 10, now))(t), 0)
	eq(t, "in their place", got(s.RegistrationToken(bg(), "hash-b", now))(t), again)
	_, err = s.RegistrationToken(bg(), "hash-a", at(0))
	is(t, "the other hash", err, storage.ErrNotFound)
	eq(t, "left", got(s.Stats(bg()))(t)["registration_tokens"], 2)
	eq(t, "sweep much later", got(s.Sweep(bg(), 10, at(1e6*time.Hour)))(t), 1)
	eq(t, "one that does not expire", got(s.RegistrationToken(bg(), "hash-ever", at(1e6*time.Hour)))(t), ever)
}

func deleteToken(t *testing.T, s storage.Store) {
	must(t, s.CreateRegistrationToken(bg(), registration("a"), at(0)))
	got(s.RegisterClient(bg(), client("app"), "hash-a", 0, at(0)))(t)
	is(t, "unknown", s.DeleteRegistrationToken(bg(), "hash-a", at(0)), storage.ErrNotFound)
	must(t, s.DeleteRegistrationToken(bg(), "a", at(0)))
	is(t, "again", s.DeleteRegistrationToken(bg(), "a", at(0)), storage.ErrNotFound)
	_, err := s.RegistrationToken(bg(), "hash-a", at(0))
	is(t, "read", err, storage.ErrNotFound)
	eq(t, "its client", got(s.Client(bg(), "app"))(t).RegisteredWith, "a")
	must(t, s.CreateRegistrationToken(bg(), registration("a"), at(0)))
}

func registerClient(t *testing.T, s storage.Store) {
	must(t, s.CreateRegistrationToken(bg(), registration("a"), at(0)))
	want := client("app")
	want.Version, want.Registered, want.RegisteredWith = 1, true, "a"
	made := got(s.RegisterClient(bg(), client("app"), "hash-a", 0, at(0)))(t)
	eq(t, "returned", made, want)
	made.Secrets[0].Sealed[0] = 'x'
	eq(t, "read", got(s.Client(bg(), "app"))(t), want)
	forged := client("open")
	forged.RegisteredWith = "a"
	eq(t, "without a token", got(s.RegisterClient(bg(), forged, "", 0, at(0)))(t).RegisteredWith, "")
}

func registerUses(t *testing.T, s storage.Store) {
	ever := storage.RegistrationToken{ID: "ever", Hash: "hash-ever"}
	must(t, s.CreateRegistrationToken(bg(), registration("a"), at(0)))
	must(t, s.CreateRegistrationToken(bg(), ever, at(0)))
	for i, id := range []string{"1", "2"} {
		got(s.RegisterClient(bg(), client(id), "hash-a", 0, at(0)))(t)
		got(s.RegisterClient(bg(), client("e"+id), "hash-ever", 0, at(0)))(t)
		r, _ := s.RegistrationToken(bg(), "hash-a", at(0))
		eq(t, "uses", r.Uses, i+2)
	}
	want := registration("a")
	want.Uses = 3
	have, err := s.RegistrationToken(bg(), "hash-a", at(0))
	is(t, "used up", err, storage.ErrSpent)
	eq(t, "used up: the token comes with it", have, want)
	_, err = s.RegisterClient(bg(), client("3"), "hash-a", 0, at(0))
	is(t, "once too often", err, storage.ErrSpent)
	_, err = s.Client(bg(), "3")
	is(t, "that client", err, storage.ErrNotFound)
	ever.Uses = 2
	eq(t, "list", got(s.ListRegistrationTokens(bg(), at(0)))(t), []storage.RegistrationToken{want, ever})
	must(t, s.DeleteClient(bg(), "1", at(0)))
	_, err = s.RegisterClient(bg(), client("3"), "hash-a", 0, at(0))
	is(t, "a client that is deleted gives no use back", err, storage.ErrSpent)
}

func registerRefuses(t *testing.T, s storage.Store) {
	spent := registration("spent")
	spent.Uses = spent.MaxUses
	must(t, s.CreateRegistrationToken(bg(), registration("a"), at(0)))
	must(t, s.CreateRegistrationToken(bg(), spent, at(0)))
	got(s.CreateClient(bg(), client("made"), at(0)))(t)
	got(s.RegisterClient(bg(), client("held"), "hash-a", 0, at(0)))(t)
	before := look(t, s, nil, nil)
	for name, c := range map[string]struct {
		id, hash string
		quota    int
		want     error
	}{
		"client exists":                        {"held", "hash-a", 0, storage.ErrExists},
		"client exists, whatever the rest":     {"made", "x", 1, storage.ErrExists},
		"no ID":                                {"", "hash-a", 0, storage.ErrExists},
		"unknown token, and no room":           {"n", "x", 1, storage.ErrNotFound},
		"the token's ID":                       {"n", "a", 0, storage.ErrNotFound},
		"a token that is used up, and no room": {"n", "hash-spent", 1, storage.ErrSpent},
		"no room":                              {"n", "hash-a", 1, storage.ErrFull},
	} {
		_, err := s.RegisterClient(bg(), client(c.id), c.hash, c.quota, at(0))
		is(t, name, err, c.want)
		eq(t, "after "+name, look(t, s, nil, nil), before)
	}
}

func registerQuota(t *testing.T, s storage.Store) {
	register := func(id string, quota int, now time.Duration) error {
		c := client(id)
		c.ExpiresAt = at(time.Hour)
		if id == "late" {
			c.ExpiresAt = at(9 * time.Hour)
		}
		_, err := s.RegisterClient(bg(), c, "", quota, at(now))
		return err
	}
	got(s.CreateClient(bg(), client("made"), at(0)))(t) // it does not count
	must(t, register("a", 2, 0))
	must(t, register("b", 2, 0))
	is(t, "full", register("c", 2, 0), storage.ErrFull)
	must(t, register("c", 3, 0))
	must(t, s.DeleteClient(bg(), "c", at(0)))
	is(t, "full again", register("c", 2, 0), storage.ErrFull)
	b := got(s.Client(bg(), "b"))(t)
	b.Registered = false
	b = got(s.ReplaceClient(bg(), b, at(0)))(t)
	must(t, register("c", 2, 0))
	b.Registered = true
	got(s.ReplaceClient(bg(), b, at(0)))(t)
	is(t, "one too many already", register("d", 3, 0), storage.ErrFull)
	made := client("own")
	made.Registered = true
	got(s.CreateClient(bg(), made, at(0)))(t) // this one does
	is(t, "full by CreateClient", register("d", 4, 0), storage.ErrFull)
	must(t, s.DeleteClient(bg(), "own", at(0)))

	is(t, "those that expired count", register("d", 3, time.Hour), storage.ErrFull)
	must(t, register("late", 0, 0))
	must(t, s.DeleteClient(bg(), "late", at(0)))
	c := client("a") // the place of one that expired is its own
	c.ExpiresAt = at(2 * time.Hour)
	got(s.RegisterClient(bg(), c, "", 3, at(time.Hour)))(t)
	eq(t, "sweep", got(s.Sweep(bg(), 10, at(time.Hour)))(t), 2)
	must(t, register("late", 2, time.Hour))
	is(t, "full after sweeping", register("d", 2, time.Hour), storage.ErrFull)
}
