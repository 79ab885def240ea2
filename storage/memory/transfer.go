package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// snapshot is every record at one instant. Records are never changed in place, so copying the maps is enough.
type snapshot struct {
	lastID        int64
	accounts      map[int64]storage.Account
	files         map[string]file
	sessions      map[string]storage.Session
	grants        map[string]grant
	consents      map[consentKey]storage.Consent
	passkeys      map[string]storage.Passkey
	events        map[eventKey]storage.AccountEvent
	oneTimes      map[storage.OneTimeKey]storage.OneTime
	denials       map[string]storage.Denial
	replays       map[string]storage.Replay
	pushed        map[string]storage.PushedRequest
	devices       map[string]storage.Device
	clients       map[string]storage.Client
	registrations map[string]storage.RegistrationToken
	mails         map[string]storage.Mail
	notices       map[storage.NoticeKey]storage.LogoutNotice
	keyring       storage.Keyring
}

// Dump implements [storage.Transfers].
func (s *Store) Dump(ctx context.Context, yield func(storage.Item) error) error {
	var all snapshot
	err := s.read(ctx, "Dump", func() error {
		all = snapshot{
			lastID: s.lastID, accounts: maps.Clone(s.accounts), files: maps.Clone(s.files), sessions: maps.Clone(s.sessions),
			grants: maps.Clone(s.grants), consents: maps.Clone(s.consents), oneTimes: maps.Clone(s.oneTimes), pushed: maps.Clone(s.pushed),
			devices: maps.Clone(s.devices), clients: maps.Clone(s.clients), registrations: maps.Clone(s.registrations),
			mails: maps.Clone(s.mails), notices: maps.Clone(s.notices), keyring: s.keyring,
			passkeys: maps.Clone(s.passkeys), events: maps.Clone(s.events),
			denials: make(map[string]storage.Denial, len(s.denials)), replays: make(map[string]storage.Replay, len(s.replays)),
		}
		for jti, d := range s.denials {
			all.denials[jti] = storage.Denial{JTI: jti, Until: d.until}
		}
		for key, until := range s.replays {
			all.replays[key] = storage.Replay{Key: key, Until: until}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return all.dump(func(item storage.Item) error { return cmp.Or(ctx.Err(), yield(item)) })
}

func (a *snapshot) dump(yield func(storage.Item) error) error {
	if a.lastID > 0 {
		if err := yield(storage.AccountSequence{Last: a.lastID}); err != nil {
			return err
		}
	}
	for _, step := range []func() error{
		func() error { return each(a.accounts, cmp.Compare, withoutFiles, yield) },
		func() error { return each(a.files, strings.Compare, storedFile, yield) },
		func() error { return each(a.sessions, strings.Compare, cloneSession, yield) },
		func() error { return each(a.grants, strings.Compare, storedGrant, yield) },
		func() error { return each(a.consents, byConsent, cloneConsent, yield) },
		func() error { return each(a.passkeys, strings.Compare, clonePasskey, yield) },
		func() error { return each(a.events, byEvent, same, yield) },
		func() error { return each(a.oneTimes, byOneTime, cloneOneTime, yield) },
		func() error { return each(a.denials, strings.Compare, same, yield) },
		func() error { return each(a.replays, strings.Compare, same, yield) },
		func() error { return each(a.pushed, strings.Compare, same, yield) },
		func() error { return each(a.devices, strings.Compare, cloneDevice, yield) },
		func() error { return each(a.clients, strings.Compare, storage.Client.Clone, yield) },
		func() error { return each(a.registrations, strings.Compare, same, yield) },
		func() error { return each(a.mails, strings.Compare, unleasedMail, yield) },
		func() error { return each(a.notices, byNotice, unleasedNotice, yield) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if a.keyring.Revision > 0 {
		return yield(cloneKeyring(a.keyring))
	}
	return nil
}

// each yields the records of a map in order of their keys.
func each[K comparable, V any, I storage.Item](m map[K]V, order func(a, b K) int, as func(V) I, yield func(storage.Item) error) error {
	keys := slices.Collect(maps.Keys(m))
	storage.Sort(keys, order)
	for _, k := range keys {
		if err := yield(as(m[k])); err != nil {
			return err
		}
	}
	return nil
}

func same[T any](v T) T { return v }

func withoutFiles(a storage.Account) storage.Account {
	a.Resume, a.Picture = nil, nil
	return cloneAccount(a)
}

func storedFile(f file) storage.StoredFile {
	return storage.StoredFile{AccountID: f.account, Kind: f.kind, Info: f.info, Content: slices.Clone(f.content)}
}

func storedGrant(g grant) storage.StoredGrant {
	return storage.StoredGrant{Grant: cloneGrant(g.Grant), Revoked: g.revoked}
}

func unleasedMail(m storage.Mail) storage.Mail {
	m.LeaseUntil = time.Time{}
	return cloneMail(m)
}

func unleasedNotice(n storage.LogoutNotice) storage.LogoutNotice {
	n.LeaseUntil = time.Time{}
	return n
}

func byConsent(a, b consentKey) int {
	return cmp.Or(cmp.Compare(a.account, b.account), strings.Compare(a.client, b.client))
}

func byEvent(a, b eventKey) int {
	return cmp.Or(cmp.Compare(a.account, b.account), strings.Compare(a.id, b.id))
}

func byOneTime(a, b storage.OneTimeKey) int {
	return cmp.Or(strings.Compare(string(a.Purpose), string(b.Purpose)), strings.Compare(a.Hash, b.Hash))
}

func byNotice(a, b storage.NoticeKey) int {
	return cmp.Or(strings.Compare(a.SID, b.SID), strings.Compare(a.ClientID, b.ClientID))
}
