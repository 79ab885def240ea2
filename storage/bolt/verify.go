package bolt

import (
	"context"
	"errors"
	"fmt"
	"math"

	"latchkey/storage"
)

// maxFaults bounds what [Store.Verify] reports.
const maxFaults = 20

// Verify reads everything and returns what is wrong, or nil: the pages, by bbolt's own account; the checksum of each
// row; that each record has its index entries and each entry its record; and the counts. It holds one read transaction
// throughout and everything's keys in memory: for tests and for stores that are not in use.
func (s *Store) Verify(ctx context.Context) error {
	return s.view(ctx, "Verify", func(t *txn) error {
		v := &verifier{t: t}
		for tb := range nTables {
			v.rows(tb)
		}
		if len(v.faults) > 0 {
			return v.result() // bbolt's check may not survive a damaged file
		}
		v.expect()
		v.compare()
		for err := range t.tx.Check() {
			v.fault("pages: %v", err)
		}
		return v.result()
	})
}

type verifier struct {
	t      *txn
	want   [nTables]map[string]struct{}
	count  number
	faults []error
}

func (v *verifier) fault(text string, args ...any) {
	if len(v.faults) < maxFaults {
		v.faults = append(v.faults, fmt.Errorf(text, args...))
	}
}

func (v *verifier) result() error {
	if len(v.faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", storage.ErrCorrupt, errors.Join(v.faults...))
}

// rows checks the checksums of a table.
func (v *verifier) rows(tb table) {
	c := v.t.bucket(tb).Cursor()
	for k, row := c.First(); k != nil; k, row = c.Next() {
		v.count[tb]++
		if _, ok := open(tb, k, row); !ok {
			v.fault("%s: the checksum of row %q is wrong", tb, k)
		}
	}
}

func (v *verifier) entry(tb table, key []byte) { v.want[tb][string(key)] = struct{}{} }

func each[T any](v *verifier, tb table, walk func(*coder, *T), fn func(T)) {
	for _, r := range scanRecords(v.t, tb, nil, nil, math.MaxInt, walk) {
		fn(r)
	}
}

// expect derives the index entries that the records call for.
func (v *verifier) expect() {
	for tb := range nTables {
		v.want[tb] = make(map[string]struct{})
	}
	name := func(tb table, s string) {
		if s != "" {
			v.entry(tb, []byte(s))
		}
	}
	each(v, tAccounts, walkAccount, func(a storage.Account) {
		name(tSubs, a.Sub)
		name(tUsernames, a.UsernameKey)
		name(tEmails, a.EmailKey)
		for _, k := range []storage.AccountKey{{Sub: a.Sub}, {UsernameKey: a.UsernameKey}, {EmailKey: a.EmailKey}} {
			if k == (storage.AccountKey{}) {
				continue
			}
			if found, ok := v.t.find(k); !ok || found.ID != a.ID {
				v.fault("accounts: %+v does not lead to account %d", k, a.ID)
			}
		}
		for _, f := range []*storage.FileInfo{a.Resume, a.Picture} {
			if f != nil {
				name(tFiles, f.ID)
			}
		}
	})
	each(v, tSessions, walkSession, func(r storage.Session) {
		v.entry(tSessionsOf, join(idKey(r.AccountID), r.SID))
		v.entry(tExpiry, expiryKey(r.ExpiresAt, tSessions, []byte(r.SID)))
		v.owned(tSessions, r.AccountID)
	})
	each(v, tGrants, walkGrant, v.expectGrant)
	each(v, tOneTimes, walkOneTime, func(o storage.OneTime) {
		key := oneTimeKey(o.OneTimeKey)
		v.entry(tOneTimesOf, append(idKey(o.AccountID), key...))
		v.entry(tExpiry, expiryKey(o.ExpiresAt, tOneTimes, key))
		v.owned(tOneTimes, o.AccountID)
	})
	each(v, tConsents, walkConsent, func(c storage.Consent) {
		v.entry(tConsentsBy, append(within(c.ClientID), idKey(c.AccountID)...))
		v.owned(tConsents, c.AccountID)
	})
	v.expectClients()
	v.expectRequests()
	v.expectPasskeys()
	each(v, tNotices, walkNotice, v.expectNotice)
	each(v, tMails, walkMail, func(m storage.Mail) {
		v.entry(tMailDue, dueKey(m))
		v.entry(tExpiry, expiryKey(m.ExpiresAt, tMails, []byte(m.ID)))
	})
	for _, tb := range []table{tDenials, tReplays} {
		v.t.scan(tb, nil, nil, func(k, payload []byte) bool {
			at, _ := decode(walkTime, payload)
			v.entry(tExpiry, expiryKey(at, tb, k))
			return true
		})
	}
}

func (v *verifier) expectClients() {
	each(v, tClients, walkClient, func(c storage.Client) {
		for _, origin := range originsOf(c) {
			v.entry(tOrigins, originKey(origin, c.ID))
		}
		if c.Registered {
			v.entry(tRegistered, []byte(c.ID))
		}
		if !c.ExpiresAt.IsZero() {
			v.entry(tExpiry, expiryKey(c.ExpiresAt, tClients, []byte(c.ID)))
		}
	})
	each(v, tRegistrations, walkRegistration, func(r storage.RegistrationToken) {
		v.leads(tRegistrationHashes, r.Hash, r.ID)
		if !r.ExpiresAt.IsZero() {
			v.entry(tExpiry, expiryKey(r.ExpiresAt, tRegistrations, []byte(r.ID)))
		}
	})
}

func (v *verifier) expectPasskeys() {
	each(v, tPasskeys, walkPasskey, func(p storage.Passkey) {
		v.entry(tPasskeysOf, passkeyOfKey(p.AccountID, p.ID))
		v.owned(tPasskeys, p.AccountID)
	})
	each(v, tEvents, walkEvent, func(e storage.AccountEvent) {
		v.entry(tExpiry, expiryKey(e.ExpiresAt, tEvents, eventKey(e.AccountID, e.ID)))
		v.owned(tEvents, e.AccountID)
	})
}

func (v *verifier) expectRequests() {
	each(v, tDevices, walkDevice, func(d storage.Device) {
		v.leads(tUserCodes, d.UserCodeHash, d.CodeHash)
		v.entry(tExpiry, expiryKey(d.ExpiresAt, tDevices, []byte(d.CodeHash)))
	})
	each(v, tPushed, walkPushed, func(p storage.PushedRequest) {
		v.entry(tExpiry, expiryKey(p.ExpiresAt, tPushed, []byte(p.ID)))
	})
}

func (v *verifier) expectNotice(n storage.LogoutNotice) {
	key := noticeKey(n.NoticeKey)
	v.entry(tNoticesOf, newestFirstKey(n))
	v.entry(tExpiry, expiryKey(n.SweptAt(), tNotices, key))
	if !n.Over() {
		v.entry(tNoticeDue, noticeDueKey(n))
		v.entry(tNoticesBy, noticeByKey(n))
	}
}

// leads expects that an entry leads to the record with that ID.
func (v *verifier) leads(tb table, from, id string) {
	v.entry(tb, []byte(from))
	if to, _ := v.t.get(tb, []byte(from)); string(to) != id {
		v.fault("%s: the entry of %q leads to %q", tb, id, to)
	}
}

func (v *verifier) expectGrant(g grant) {
	v.entry(tGrantsBy, join(within(g.ClientID), g.ID))
	v.entry(tExpiry, expiryKey(g.SweptAt(), tGrants, []byte(g.ID)))
	if g.AccountID != 0 {
		v.entry(tGrantsOf, join(idKey(g.AccountID), g.ID))
		v.owned(tGrants, g.AccountID)
	}
	if g.SID != "" {
		v.entry(tGrantsIn, join(within(g.SID), g.ID))
	}
	if indexed(g.Code) {
		v.leads(tCodes, g.Code.Hash, g.ID)
	}
}

func (v *verifier) owned(tb table, accountID int64) {
	if !v.t.hasAccount(accountID) {
		v.fault("%s: a record of account %d, which is gone", tb, accountID)
	}
}

// compare holds the indexes, the files, and the counts against what is expected.
func (v *verifier) compare() {
	for _, tb := range []table{
		tSubs, tUsernames, tEmails, tFiles, tSessionsOf, tGrantsOf, tGrantsBy, tGrantsIn, tCodes, tOneTimesOf, tConsentsBy, tMailDue, tExpiry,
		tOrigins, tRegistered, tRegistrationHashes, tUserCodes, tNoticesOf, tNoticesBy, tNoticeDue, tPasskeysOf,
	} {
		v.t.scan(tb, nil, nil, func(k, _ []byte) bool {
			if _, ok := v.want[tb][string(k)]; !ok {
				v.fault("%s: entry %q leads nowhere", tb, k)
			}
			delete(v.want[tb], string(k))
			return true
		})
		for k := range v.want[tb] {
			v.fault("%s: entry %q is missing", tb, k)
		}
	}
	counts := loadCounts(v.t)
	for _, tb := range append(counted(), tRegistered) {
		if counts[tb] != v.count[tb] {
			v.fault("%s: %d counted, %d there", tb, counts[tb], v.count[tb])
		}
	}
}
