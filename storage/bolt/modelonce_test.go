package bolt_test

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

// once chooses among the verbs of devices, pushed requests, replays, registration, client use and notices.
func (m *monkey) once(now time.Time, g storage.Grant) (string, verb) {
	ctx := context.Background()
	c, d, by, r, outcome := m.client(), m.device(), m.decision(), m.registration(), m.outcome()
	later, n, key, sid := m.later(), m.IntN(4), m.pick("k"), m.pick("s")
	bought := &g
	if g.AccountID = by.AccountID; m.IntN(3) == 0 {
		bought = nil
	}
	hash := r.Hash
	if m.IntN(3) == 0 {
		hash = ""
	}
	verbs := []struct {
		name string
		do   verb
	}{
		{"CreateDevice", func(s storage.Store) answer { return answered(nil, s.CreateDevice(ctx, d, now)) }},
		{"DecideDevice", func(s storage.Store) answer { return answered(nil, s.DecideDevice(ctx, d.UserCodeHash, by, now)) }},
		{"RedeemDevice", func(s storage.Store) answer { return answered(nil, s.RedeemDevice(ctx, d.CodeHash, bought, now)) }},
		{"a device's life", func(s storage.Store) answer { return deviceLife(s, d, by, g, now) }},
		{"PutPushedRequest", func(s storage.Store) answer {
			return answered(nil, s.PutPushedRequest(ctx, storage.PushedRequest{ID: key, ExpiresAt: later}, now))
		}},
		{"TakePushedRequest", func(s storage.Store) answer { return answered(nil, s.TakePushedRequest(ctx, key, now)) }},
		{"SpendOnce", func(s storage.Store) answer { return answered(nil, s.SpendOnce(ctx, key, later, now)) }},
		{"CreateRegistrationToken", func(s storage.Store) answer { return answered(nil, s.CreateRegistrationToken(ctx, r, now)) }},
		{"DeleteRegistrationToken", func(s storage.Store) answer { return answered(nil, s.DeleteRegistrationToken(ctx, r.ID, now)) }},
		{"RegisterClient", func(s storage.Store) answer { return two(s.RegisterClient(ctx, c, hash, n, now)) }},
		{"CreateClient whole", func(s storage.Store) answer { return two(s.CreateClient(ctx, c, now)) }},
		{"ReplaceClient", func(s storage.Store) answer { return two(s.ReplaceClient(ctx, c, now)) }},
		{"TouchClient", func(s storage.Store) answer { return answered(nil, s.TouchClient(ctx, c.ID, later, now)) }},
		{"TouchSession, notify", func(s storage.Store) answer {
			return two(s.TouchSession(ctx, sid, storage.SessionChange{AddNotify: c.ID}, now))
		}},
		{"LeaseNotices", func(s storage.Store) answer { return two(s.LeaseNotices(ctx, n, later, now)) }},
		{"SettleNotice", func(s storage.Store) answer {
			return answered(nil, s.SettleNotice(ctx, storage.NoticeKey{SID: sid, ClientID: c.ID}, outcome, now))
		}},
	}
	v := verbs[m.IntN(len(verbs))]
	return v.name, v.do
}

// deviceLife does one after another what, done at random, would hardly ever come together.
func deviceLife(s storage.Store, d storage.Device, by storage.DeviceDecision, g storage.Grant, now time.Time) answer {
	ctx := context.Background()
	end := now.Add(time.Hour)
	var all []answer
	add := func(err error) { all = append(all, answered(nil, err)) }
	list, err := s.ListAccounts(ctx, 0, 1)
	add(err)
	for _, a := range list {
		by.AccountID, by.SID, g.AccountID, g.SID = a.ID, "sd", a.ID, "sd"
		add(s.CreateSession(ctx, storage.Session{SID: by.SID, AccountID: a.ID, ExpiresAt: end, Notify: []string{"c0", "c1"}}, now))
		add(s.CreateDevice(ctx, d, now))
		add(s.DecideDevice(ctx, d.UserCodeHash, by, now))
		bought := &g
		if by.Denied {
			bought = nil
		}
		err = s.RedeemDevice(ctx, d.CodeHash, bought, now)
		add(err)
	}
	return answer{all, answered(nil, err).Err}
}

// readOnce reads all that those verbs write.
func readOnce(s storage.Store, last int64, now time.Time, add func(record any, err error)) {
	ctx := context.Background()
	clients, err := s.ListClients(ctx, "", 100)
	add(clients, err)
	tokens, err := s.ListRegistrationTokens(ctx, now)
	add(tokens, err)
	state, err := s.NoticeState(ctx, now)
	add(state, err)
	for id := max(last-5, 1); id <= last; id++ { // also of accounts that are gone
		notices, err := s.ListNotices(ctx, id, now)
		add(notices, err)
	}
	for i := range 6 {
		p, err := s.PushedRequest(ctx, fmt.Sprint("k", i), now)
		add(p, err)
		r, err := s.RegistrationToken(ctx, fmt.Sprint("x", i), now)
		add(r, err)
		has, err := s.HasClientOrigin(ctx, fmt.Sprint("https://", i))
		add(has, err)
		for _, key := range []storage.DeviceKey{{CodeHash: fmt.Sprint("d", i)}, {UserCodeHash: fmt.Sprint("u", i)}} {
			d, err := s.Device(ctx, key, now)
			add(d, err)
		}
	}
}
