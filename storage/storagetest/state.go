package storagetest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"latchkey/storage"
)

// state is what can be seen of a store through its verbs, for comparison before and after a verb that must change nothing.
type state struct {
	Accounts []storage.Account
	Sessions map[int64][]storage.Session
	Consents map[int64][]storage.Consent
	Passkeys map[int64][]storage.Passkey
	Events   map[int64][]storage.AccountEvent
	Grants   map[string]found[storage.Grant]
	OneTimes map[storage.OneTimeKey]found[storage.OneTime]
	Notices  map[int64][]storage.LogoutNotice
	Clients  []storage.Client
	Tokens   []storage.RegistrationToken
	Outbox   storage.OutboxState
	Waiting  storage.NoticeState
	Stats    map[string]int64
}

// found is a record and the error it came with.
type found[T any] struct {
	Record T
	Err    string
}

// look collects the state, with the grants and one-time tokens that are named.
func look(t *testing.T, s storage.Store, grants []string, keys []storage.OneTimeKey) state {
	t.Helper()
	st := state{
		Accounts: got(s.ListAccounts(bg(), 0, 1000))(t),
		Sessions: make(map[int64][]storage.Session),
		Consents: make(map[int64][]storage.Consent),
		Passkeys: make(map[int64][]storage.Passkey),
		Events:   make(map[int64][]storage.AccountEvent),
		Grants:   make(map[string]found[storage.Grant]),
		OneTimes: make(map[storage.OneTimeKey]found[storage.OneTime]),
		Notices:  make(map[int64][]storage.LogoutNotice),
		Clients:  got(s.ListClients(bg(), "", 1000))(t),
		Tokens:   got(s.ListRegistrationTokens(bg(), at(0)))(t),
		Outbox:   got(s.OutboxState(bg(), at(0)))(t),
		Waiting:  got(s.NoticeState(bg(), at(0)))(t),
		Stats:    got(s.Stats(bg()))(t),
	}
	delete(st.Stats, "bytes")
	for _, a := range st.Accounts {
		st.Sessions[a.ID] = got(s.ListSessions(bg(), a.ID, at(0)))(t)
		st.Passkeys[a.ID] = got(s.ListPasskeys(bg(), a.ID))(t)
		st.Events[a.ID] = allEvents(t, s, a.ID)
		st.Consents[a.ID] = got(s.ListConsents(bg(), a.ID))(t)
		st.Notices[a.ID] = got(s.ListNotices(bg(), a.ID, at(0)))(t)
	}
	for _, id := range grants {
		g, err := s.Grant(bg(), storage.GrantKey{ID: id}, at(0))
		st.Grants[id] = found[storage.Grant]{g, fmt.Sprint(err)}
	}
	for _, k := range keys {
		o, err := s.OneTime(bg(), k, at(0))
		st.OneTimes[k] = found[storage.OneTime]{o, fmt.Sprint(err)}
	}
	return st
}

// full checks that a sample sets every field but those named, so that a field that is added cannot be forgotten.
func full(t *testing.T, sample any, but ...string) {
	t.Helper()
	v := reflect.ValueOf(sample)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && !slices.Contains(but, name) {
			t.Errorf("the sample of %T sets no %s", sample, name)
		}
	}
}
