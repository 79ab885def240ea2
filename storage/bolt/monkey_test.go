package bolt_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"latchkey/storage"
)

type monkey struct {
	*rand.Rand
	now time.Time
	// last is the newest account: what is done concerns it, the two before it, or one that is not there yet.
	last int64
}

func (m *monkey) pick(prefix string) string { return prefix + fmt.Sprint(m.IntN(6)) }
func (m *monkey) id() int64                 { return m.last + 1 - m.Int64N(4) }
func (m *monkey) later() time.Time          { return m.now.Add(time.Duration(m.IntN(900)-60) * time.Second) }

func (m *monkey) account() storage.Account {
	return storage.Account{
		ID: m.id(), Sub: fmt.Sprint(m.Int64()), UsernameKey: m.pick("u"), EmailKey: m.pick("e"), Version: 1 + m.Int64N(2), Skills: []string{m.pick("s")},
		CreatedAt: m.now, UpdatedAt: m.now,
	}
}

func (m *monkey) session() storage.Session {
	return storage.Session{SID: m.pick("s"), AccountID: m.id(), LastSeenAt: m.later(), ExpiresAt: m.later(), Notify: []string{m.pick("c")}}
}

func (m *monkey) grant() storage.Grant {
	g := storage.Grant{ID: m.pick("g"), ClientID: m.pick("c"), AccountID: m.id(), Offline: m.IntN(2) == 0, ExpiresAt: m.later()}
	if m.IntN(2) == 0 {
		g.SID = m.pick("s")
	}
	if m.IntN(2) == 0 {
		g.Code = &storage.Code{Hash: m.pick("h"), ExpiresAt: m.later()}
	}
	if m.IntN(2) == 0 {
		g.Refresh = &storage.Refresh{ExpiresAt: m.later()}
	}
	return g
}

func (m *monkey) oneTime() storage.OneTimeKey {
	return storage.OneTimeKey{Purpose: []storage.Purpose{storage.PurposeReset, storage.PurposeVerify}[m.IntN(2)], Hash: m.pick("o")}
}

func (m *monkey) scope() storage.EndScope {
	e := storage.EndScope{AccountID: m.id(), Offline: m.IntN(2) == 0}
	if m.IntN(2) == 0 {
		e.SID = m.pick("s")
	}
	if m.IntN(2) == 0 {
		e.ExceptSID = m.pick("s")
	}
	return e
}

func (m *monkey) mails() []storage.Mail {
	return []storage.Mail{{ID: m.pick("m"), CreatedAt: m.now, NotBefore: m.later(), ExpiresAt: m.later()}}
}

func (m *monkey) effects() (e storage.Effects) {
	if m.IntN(4) == 0 {
		k := m.oneTime()
		e.Take = &k
	}
	if m.IntN(4) == 0 {
		e.Void = []storage.Purpose{storage.PurposeReset}
	}
	if m.IntN(3) == 0 {
		e.Put = []storage.OneTime{{OneTimeKey: m.oneTime(), ExpiresAt: m.later()}}
	}
	if m.IntN(4) == 0 {
		scope := m.scope()
		e.End = &scope
	}
	if m.IntN(4) == 0 {
		se := m.session()
		e.Session = &se
	}
	if m.IntN(4) == 0 {
		g := m.grant()
		e.Grant = &g
	}
	if m.IntN(4) == 0 {
		e.Mail = m.mails()
	}
	return e
}

func (m *monkey) client() storage.Client {
	c := storage.Client{ID: m.pick("c"), Version: 1 + m.Int64N(3), Disabled: m.IntN(4) == 0, Registered: m.IntN(2) == 0, AllowedOrigins: []string{m.pick("https://")}}
	for range m.IntN(3) {
		c.RedirectURIs = append(c.RedirectURIs, m.pick("https://")+"/cb")
	}
	if m.IntN(2) == 0 {
		c.ExpiresAt = m.later()
	}
	return c
}

func (m *monkey) device() storage.Device {
	return storage.Device{CodeHash: m.pick("d"), UserCodeHash: m.pick("u"), ExpiresAt: m.later()}
}

func (m *monkey) decision() storage.DeviceDecision {
	yes := m.IntN(3) > 0
	return storage.DeviceDecision{Allowed: yes, Denied: !yes, AccountID: m.id(), SID: m.pick("s"), AMR: []string{m.pick("a")}}
}

func (m *monkey) registration() storage.RegistrationToken {
	r := storage.RegistrationToken{ID: m.pick("r"), Hash: m.pick("x"), MaxUses: m.IntN(3)}
	if m.IntN(2) == 0 {
		r.ExpiresAt = m.later()
	}
	return r
}

func (m *monkey) outcome() storage.NoticeOutcome {
	return []storage.NoticeOutcome{{Delivered: true}, {GivenUp: true, LastError: "x"}, {NotBefore: m.later(), LastError: "y"}}[m.IntN(3)]
}
