package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/storage"
	"latchkey/storage/memory"
)

// TestLikeMemory does the same random things to this store and to the one in memory, and expects the same answers. Few
// names and times that jump make collisions, expiry and reuse common.
func TestLikeMemory(t *testing.T) {
	worked := make(map[string]int)
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s, model := openAt(t, filepath.Join(t.TempDir(), "store.db")), memory.New()
			defer closeStore(t, s)
			m := &monkey{Rand: rand.New(rand.NewPCG(seed, 7)), now: day()}
			for step := range 2500 {
				name, verb := m.next()
				have, want := verb(s), verb(model)
				if d := cmp.Diff(want, have, cmpopts.EquateEmpty()); d != "" {
					t.Fatalf("step %d, %s (-memory +bolt)\n%s", step, name, d)
				}
				if have.Err == "<nil>" {
					worked[name]++
				}
				if a, ok := have.Record.(storage.Account); ok {
					m.last = max(m.last, a.ID)
				}
			}
			if err := s.Verify(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	// Refusals alone would compare nothing. Of 46 verbs some are rarely lucky.
	if len(worked) < 42 {
		t.Errorf("some verbs never succeeded: %v", worked)
	}
}

// answer is what a verb returned, comparable between drivers.
type answer struct {
	Record any
	Err    string
}

func answered(record any, err error) answer {
	for _, e := range []error{
		storage.ErrNotFound, storage.ErrConflict, storage.ErrUsernameTaken, storage.ErrEmailTaken, storage.ErrExists, storage.ErrSpent,
		storage.ErrFull,
	} {
		if errors.Is(err, e) {
			return answer{record, e.Error()}
		}
	}
	return answer{record, fmt.Sprint(err)}
}

type verb = func(s storage.Store) answer

// next chooses what to do, and with what, before it is done to either store.
func (m *monkey) next() (string, verb) {
	ctx := context.Background()
	m.now = m.now.Add(time.Duration(m.IntN(4)) * time.Second)
	if m.IntN(300) == 0 {
		m.now = m.now.Add(storage.NoticeKept / 2)
	}
	now, a, se, g, k, scope, with := m.now, m.account(), m.session(), m.grant(), m.oneTime(), m.scope(), m.effects()
	id, n, later, mails := m.id(), m.IntN(3), m.later(), m.mails()
	switch m.IntN(15) {
	case 0, 1, 2, 3:
		return m.once(now, g)
	case 4, 5, 6, 7, 8, 9:
		return m.write(now, a, se, g, scope, with, id, n, later, mails)
	case 10, 11, 12:
		return m.factor(now, with)
	}
	last, query := m.last, m.query()
	return "read", func(s storage.Store) answer {
		var all []answer
		add := func(record any, err error) { all = append(all, answered(record, err)) }
		list, err := s.ListAccounts(ctx, 0, 100)
		add(list, err)
		for _, a := range list {
			sessions, err := s.ListSessions(ctx, a.ID, now)
			add(sessions, err)
			consents, err := s.ListConsents(ctx, a.ID)
			add(consents, err)
		}
		for i := range 6 {
			for _, key := range []storage.GrantKey{{ID: fmt.Sprint("g", i)}, {CodeHash: fmt.Sprint("h", i)}} {
				g, err := s.Grant(ctx, key, now)
				add(g, err)
			}
		}
		o, err := s.OneTime(ctx, k, now)
		add(o, err)
		state, err := s.OutboxState(ctx, now)
		add(state, err)
		readOnce(s, last, now, add)
		readFactors(s, last, query, now, add)
		stats, err := s.Stats(ctx)
		delete(stats, "bytes")
		add(stats, err)
		return answer{Record: all}
	}
}

func (m *monkey) write(
	now time.Time, a storage.Account, se storage.Session, g storage.Grant, scope storage.EndScope, with storage.Effects, id int64, n int, later time.Time, mails []storage.Mail,
) (string, verb) {
	ctx := context.Background()
	verbs := []struct {
		name string
		do   verb
	}{
		{"CreateAccount", func(s storage.Store) answer { return two(s.CreateAccount(ctx, a, with, now)) }},
		{"CreateAccount alone", func(s storage.Store) answer { return two(s.CreateAccount(ctx, a, storage.Effects{}, now)) }},
		{"ReplaceAccount", func(s storage.Store) answer { return two(s.ReplaceAccount(ctx, a, with, now)) }},
		{"ApplyEffects", func(s storage.Store) answer { return answered(nil, s.ApplyEffects(ctx, id, with, now)) }},
		{"CreateSession", func(s storage.Store) answer { return answered(nil, s.CreateSession(ctx, se, now)) }},
		{"TouchSession", func(s storage.Store) answer {
			return two(s.TouchSession(ctx, se.SID, storage.SessionChange{ExpiresAt: later, AddClient: g.ClientID}, now))
		}},
		{"EndSessions", func(s storage.Store) answer { return two(s.EndSessions(ctx, scope, now)) }},
		{"CreateGrant", func(s storage.Store) answer { return answered(nil, s.CreateGrant(ctx, g, now)) }},
		{"RedeemCode", func(s storage.Store) answer {
			return two(s.RedeemCode(ctx, storage.GrantKey{CodeHash: mails[0].ID}, g.Refresh, now))
		}},
		{"RedeemCode", func(s storage.Store) answer {
			return two(s.RedeemCode(ctx, storage.GrantKey{CodeHash: "h" + g.ID[1:]}, g.Refresh, now))
		}},
		{"RotateRefresh", func(s storage.Store) answer { return two(s.RotateRefresh(ctx, g.ID, int64(n), later, now)) }},
		{"RevokeGrants", func(s storage.Store) answer {
			return two(s.RevokeGrants(ctx, storage.GrantScope{AccountID: id, ClientID: g.ClientID}, now))
		}},
		{"PutConsent", func(s storage.Store) answer {
			return answered(nil, s.PutConsent(ctx, storage.Consent{AccountID: id, ClientID: g.ClientID, Scopes: a.Skills, GrantedAt: now}, now))
		}},
		{"DeleteConsent", func(s storage.Store) answer { return answered(nil, s.DeleteConsent(ctx, id, g.ClientID, now)) }},
		{"DenyToken", func(s storage.Store) answer { return answered(nil, s.DenyToken(ctx, g.ID, later, now)) }},
		{"QueueMail", func(s storage.Store) answer { return answered(nil, s.QueueMail(ctx, mails, now)) }},
		{"LeaseMail", func(s storage.Store) answer { return two(s.LeaseMail(ctx, n, later, now)) }},
		{"RetryMail", func(s storage.Store) answer { return answered(nil, s.RetryMail(ctx, mails[0].ID, later, "x", now)) }},
		{"FinishMail", func(s storage.Store) answer { return answered(nil, s.FinishMail(ctx, mails[0].ID, now)) }},
		{"CreateClient", func(s storage.Store) answer { return two(s.CreateClient(ctx, storage.Client{ID: g.ClientID}, now)) }},
		{"DeleteClient", func(s storage.Store) answer { return answered(nil, s.DeleteClient(ctx, g.ClientID, now)) }},
		{"PutFile", func(s storage.Store) answer {
			return answered(nil, s.PutFile(ctx, id, storage.FileResume, storage.FileInfo{ID: g.ID}, []byte(g.ID), now))
		}},
		{"DeleteFile", func(s storage.Store) answer { return answered(nil, s.DeleteFile(ctx, id, storage.FileResume, now)) }},
		{"Sweep", func(s storage.Store) answer {
			n, err := s.Sweep(ctx, 1000, now) // memory looks at records in another order: only "all" is the same
			return answered(n, err)
		}},
	}
	if m.IntN(25) == 0 {
		id := m.last - m.Int64N(5) // older ones too, or they would hold on to their names
		return "DeleteAccount", func(s storage.Store) answer {
			return answered(nil, s.DeleteAccount(ctx, id, storage.Effects{Mail: with.Mail}, now))
		}
	}
	v := verbs[m.IntN(len(verbs))]
	return v.name, v.do
}

func two[T any](record T, err error) answer { return answered(record, err) }
