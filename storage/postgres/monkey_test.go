package postgres

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/storage"
)

// TestVerbsAmongOneAnother runs everything that writes at once over few accounts and clients, from several replicas. Whatever a verb says then has a
// word in the contract: nobody is told that the store is away because two waited for each other.
func TestVerbsAmongOneAnother(t *testing.T) { amongOneAnother(t, func(string) bool { return true }) }

// TestRemovalsAmongOneAnother is the same with what removes much at once, by account and by client, and what makes it.
func TestRemovalsAmongOneAnother(t *testing.T) {
	amongOneAnother(t, func(name string) bool {
		return strings.HasPrefix(name, "Delete") || strings.HasPrefix(name, "CreateGrant") || strings.HasPrefix(name, "CreateSession") || name == "ApplyEffects" || name == "PutConsent" ||
			name == "RegisterClient" || strings.HasPrefix(name, "EndSessions")
	})
}

func amongOneAnother(t *testing.T, chosen func(verb string) bool) {
	url := migrated(t)
	const replicas, monkeys, length = 3, 12, 3 * time.Second
	end := time.Now().Add(length)
	var wg sync.WaitGroup
	var slowest sync.Map
	for r := range replicas {
		s := openAt(t, Options{URL: url, Timeout: patient})
		for m := range monkeys / replicas {
			wg.Go(func() {
				monkey := monkey{t: t, s: s, chosen: chosen, random: rand.New(rand.NewPCG(uint64(r), uint64(m)))}
				for n := 0; time.Now().Before(end); n++ {
					start := time.Now()
					name := monkey.act(fmt.Sprintf("%d-%d-%d", r, m, n))
					if took := time.Since(start); took > time.Second {
						slowest.Store(name, took)
					}
				}
			})
		}
	}
	wg.Wait()
	slowest.Range(func(name, took any) bool {
		t.Logf("%s took %v", name, took)
		return true
	})
	if n := one[int64](t, url, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"); n > 0 {
		_, told, _ := strings.Cut(env.server.Log(), "deadlock detected")
		t.Errorf("%d deadlocks, the first:%.6000s", n, told)
	}
}

type monkey struct {
	t      *testing.T
	s      *Store
	chosen func(verb string) bool
	random *rand.Rand
}

func (m *monkey) pick(kind string, n int) string { return fmt.Sprint(kind, m.random.IntN(n)) }

// account finds or makes one of a few accounts.
func (m *monkey) account() storage.Account {
	sub := m.pick("sub", 5)
	a, err := m.s.Account(m.t.Context(), storage.AccountKey{Sub: sub})
	if errors.Is(err, storage.ErrNotFound) {
		a, err = m.s.CreateAccount(m.t.Context(), storage.Account{Sub: sub, UsernameKey: m.pick("name", 8)}, storage.Effects{}, at(0))
	}
	m.check("account", err)
	return a
}

func (m *monkey) check(verb string, err error) {
	for _, known := range []error{
		nil, storage.ErrNotFound, storage.ErrExists, storage.ErrConflict, storage.ErrSpent, storage.ErrFull, storage.ErrUsernameTaken,
	} {
		if errors.Is(err, known) {
			return
		}
	}
	m.t.Errorf("%s: %v", verb, err)
}

type verb struct {
	name string
	do   func() error
}

// factors are the verbs of passkeys, events and what goes with them.
func (m *monkey) factors(id string, a storage.Account, client, sid string) []verb {
	ctx, s, now := m.t.Context(), m.s, at(0)
	key, code := m.pick("key", 30), storage.OneTimeKey{Purpose: storage.PurposeReset, Hash: m.pick("hash", 5)}
	void := storage.Effects{Void: []storage.Purpose{storage.PurposeReset}, DropPasskeys: true, End: &storage.EndScope{ExceptSID: sid}}
	taken := void
	taken.Take = &code
	return []verb{
		{"CreatePasskey", func() error {
			return s.CreatePasskey(ctx, storage.Passkey{ID: key, AccountID: a.ID, CreatedAt: now}, storage.Effects{End: &storage.EndScope{ExceptSID: sid}}, now)
		}},
		{"CreatePasskey with a code", func() error {
			return s.CreatePasskey(ctx, storage.Passkey{ID: key, AccountID: a.ID, CreatedAt: now}, storage.Effects{Take: &code, Void: void.Void}, now)
		}},
		{"TouchPasskey", func() error {
			_, err := s.TouchPasskey(ctx, a.ID, key, storage.PasskeyChange{Used: true, SignCount: m.random.Int64N(9)}, now)
			return err
		}},
		{"DeletePasskey", func() error {
			return s.DeletePasskey(ctx, a.ID, key, storage.Effects{Void: void.Void, End: void.End}, now)
		}},
		{"ApplyEffects that drop", func() error { return s.ApplyEffects(ctx, a.ID, taken, now) }},
		{"ReplaceAccount that drops", func() error { _, err := s.ReplaceAccount(ctx, a, void, now); return err }},
		{"UseConsent", func() error { return s.UseConsent(ctx, a.ID, client, at(time.Duration(m.random.IntN(5))*time.Hour)) }},
		{"AppendEvents", func() error {
			var list []storage.AccountEvent
			for n := range 6 {
				list = append(list, storage.AccountEvent{AccountID: a.ID - int64(n%3), ID: m.pick("event", 9), ExpiresAt: at(time.Second)})
			}
			m.random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			return s.AppendEvents(ctx, list, now)
		}},
		{"ListEvents", func() error {
			_, err := s.ListEvents(ctx, storage.EventQuery{AccountID: a.ID, Limit: 9}, now)
			return err
		}},
	}
}

// act does one thing and says what it was.
func (m *monkey) act(id string) string {
	ctx, s, now := m.t.Context(), m.s, at(0)
	a, client, sid := m.account(), m.pick("app", 3), m.pick("sid", 10)
	session := storage.Session{SID: sid, AccountID: a.ID, ExpiresAt: at(time.Hour), Notify: []string{client, m.pick("app", 3)}}
	g := storage.Grant{ID: id, ClientID: client, AccountID: a.ID, SID: sid, ExpiresAt: at(time.Hour), Code: &storage.Code{Hash: id, ExpiresAt: at(time.Hour)}}
	oneTime := storage.OneTime{OneTimeKey: storage.OneTimeKey{Purpose: storage.PurposeReset, Hash: m.pick("hash", 5)}, ExpiresAt: at(time.Hour)}
	verbs := []verb{
		{"CreateSession", func() error { return s.CreateSession(ctx, session, now) }},
		{"CreateGrant", func() error { return s.CreateGrant(ctx, g, now) }},
		{"RedeemCode", func() error { _, err := s.RedeemCode(ctx, storage.GrantKey{CodeHash: id}, nil, now); return err }},
		{"TouchSession", func() error {
			_, err := s.TouchSession(ctx, sid, storage.SessionChange{LastSeenAt: at(1), AddClient: client, AddNotify: client}, now)
			return err
		}},
		{"EndSessions", func() error {
			_, err := s.EndSessions(ctx, storage.EndScope{AccountID: a.ID, Offline: true}, now)
			return err
		}},
		{"EndSessions of one", func() error { _, err := s.EndSessions(ctx, storage.EndScope{SID: sid}, now); return err }},
		{"ReplaceAccount", func() error {
			_, err := s.ReplaceAccount(ctx, a, storage.Effects{
				Void: []storage.Purpose{storage.PurposeReset}, Put: []storage.OneTime{oneTime}, End: &storage.EndScope{ExceptSID: sid},
			}, now)
			return err
		}},
		{"ApplyEffects", func() error {
			return s.ApplyEffects(ctx, a.ID, storage.Effects{Take: &oneTime.OneTimeKey, End: &storage.EndScope{Offline: true}, Session: &session}, now)
		}},
		{"DeleteAccount", func() error { return s.DeleteAccount(ctx, a.ID, storage.Effects{}, now) }},
		{"PutConsent", func() error { return s.PutConsent(ctx, storage.Consent{AccountID: a.ID, ClientID: client}, now) }},
		{"DeleteConsent", func() error { return s.DeleteConsent(ctx, a.ID, client, now) }},
		{"RevokeGrants", func() error { _, err := s.RevokeGrants(ctx, storage.GrantScope{AccountID: a.ID}, now); return err }},
		{"RegisterClient", func() error {
			_, err := s.RegisterClient(ctx, storage.Client{ID: client, ExpiresAt: at(time.Minute)}, "", 3, now)
			return err
		}},
		{"DeleteClient", func() error { return s.DeleteClient(ctx, client, now) }},
		{"PutFile", func() error {
			return s.PutFile(ctx, a.ID, storage.FilePicture, storage.FileInfo{ID: id}, []byte("x"), now)
		}},
		{"LeaseNotices", func() error {
			_, err := s.LeaseNotices(ctx, 5, at(time.Duration(m.random.IntN(3))*time.Second), at(time.Second))
			return err
		}},
		{"SettleNotice", func() error {
			return s.SettleNotice(ctx, storage.NoticeKey{SID: sid, ClientID: client}, storage.NoticeOutcome{Delivered: true}, now)
		}},
		{"TakeAttempts", func() error {
			_, err := s.TakeAttempts(ctx, []storage.Limit{{Key: client, Max: 50, Window: time.Minute}, {Key: sid, Max: 50, Window: time.Minute}, {Key: id, Max: 1, Window: time.Minute}}, now)
			return err
		}},
		{"ReturnAttempts", func() error {
			return s.ReturnAttempts(ctx, []storage.Limit{{Key: sid, Max: 1}, {Key: client, Max: 1}}, now)
		}},
		{"Sweep", func() error { _, err := s.Sweep(ctx, 20, at(time.Minute)); return err }},
	}
	verbs = append(verbs, m.factors(id, a, client, sid)...)
	verbs = slices.DeleteFunc(verbs, func(v verb) bool { return !m.chosen(v.name) })
	v := verbs[m.random.IntN(len(verbs))]
	m.check(v.name, v.do())
	return v.name
}
