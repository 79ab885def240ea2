package bolt_test

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

func (m *monkey) passkey() storage.Passkey {
	return storage.Passkey{ID: m.pick("p"), AccountID: m.id(), SignCount: m.Int64N(2), Transports: []string{m.pick("t")}, CreatedAt: m.later()}
}

func (m *monkey) events() (list []storage.AccountEvent) {
	for range m.IntN(4) {
		list = append(list, storage.AccountEvent{ID: m.pick("e"), AccountID: m.id(), Name: m.pick("n"), At: m.now, ExpiresAt: m.later()})
	}
	return list
}

// factor chooses among the verbs of passkeys, events and the use of consents.
func (m *monkey) factor(now time.Time, with storage.Effects) (string, verb) {
	ctx := context.Background()
	p, events, id, client := m.passkey(), m.events(), m.id(), m.pick("c")
	change := storage.PasskeyChange{Used: m.IntN(2) == 0, SignCount: m.Int64N(3), BackedUp: m.IntN(2) == 0}
	if m.IntN(2) == 0 {
		change.Name = m.pick("name")
	}
	if with.DropPasskeys = m.IntN(2) == 0; m.IntN(3) > 0 {
		with = storage.Effects{}
	}
	verbs := []struct {
		name string
		do   verb
	}{
		{"CreatePasskey", func(s storage.Store) answer { return answered(nil, s.CreatePasskey(ctx, p, with, now)) }},
		{"TouchPasskey", func(s storage.Store) answer { return two(s.TouchPasskey(ctx, p.AccountID, p.ID, change, now)) }},
		{"DeletePasskey", func(s storage.Store) answer { return answered(nil, s.DeletePasskey(ctx, p.AccountID, p.ID, with, now)) }},
		{"DropPasskeys", func(s storage.Store) answer {
			return answered(nil, s.ApplyEffects(ctx, id, storage.Effects{DropPasskeys: true}, now))
		}},
		{"AppendEvents", func(s storage.Store) answer { return answered(nil, s.AppendEvents(ctx, events, now)) }},
		{"UseConsent", func(s storage.Store) answer { return answered(nil, s.UseConsent(ctx, id, client, now)) }},
	}
	v := verbs[m.IntN(len(verbs))]
	return v.name, v.do
}

// readFactors reads all that those verbs write, and lists of one-time tokens.
func readFactors(s storage.Store, last int64, q storage.EventQuery, now time.Time, add func(record any, err error)) {
	ctx := context.Background()
	for i := range 6 {
		p, err := s.Passkey(ctx, fmt.Sprint("p", i))
		add(p, err)
	}
	for id := last - 4; id <= last+1; id++ { // also of accounts that are gone
		passkeys, err := s.ListPasskeys(ctx, id)
		add(passkeys, err)
		for _, q := range []storage.EventQuery{{Limit: storage.EventsListed}, q} {
			q.AccountID = id
			events, err := s.ListEvents(ctx, q, now)
			add(events, err)
		}
		tokens, err := s.ListOneTimes(ctx, id, storage.PurposeReset, now)
		add(tokens, err)
	}
}

func (m *monkey) query() storage.EventQuery {
	q := storage.EventQuery{Limit: 1 + m.IntN(4)}
	if m.IntN(2) == 0 {
		q.Before = m.pick("e")
	}
	if m.IntN(2) == 0 {
		q.Names = []string{m.pick("n"), m.pick("n")}
	}
	return q
}
