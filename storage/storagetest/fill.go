package storagetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"latchkey/storage"
)

func fillAgain(t *testing.T, s storage.Store) {
	all := dump(t, populated(t))
	must(t, s.Fill(bg(), all, nil, []byte("1")))
	once := dump(t, s)
	sameItems(t, "filled", once, all)
	must(t, s.Fill(bg(), all, []byte("1"), []byte("2")))
	sameItems(t, "the same again", dump(t, s), once)
	must(t, s.Fill(bg(), []storage.Item{storage.Denial{JTI: "more", Until: at(0)}}, nil, []byte("2"))) // noted already: nothing is done
	sameItems(t, "a step that was done", dump(t, s), once)
	must(t, s.FinishFill(bg(), []byte("2")))
	must(t, s.FinishFill(bg(), []byte("2")))
	eq(t, "statistics", got(s.Stats(bg()))(t)["accounts"], 3)
}

func fillRefuses(t *testing.T, s storage.Store) {
	item := []storage.Item{storage.Denial{JTI: "j", Until: at(0)}}
	for name, to := range map[string][]byte{"none": nil, "too long": make([]byte, storage.MaxFillProgress+1)} {
		if err := s.Fill(bg(), item, nil, to); err == nil {
			t.Errorf("progress: %s", name)
		}
	}
	is(t, "another's progress", s.Fill(bg(), item, []byte("0"), []byte("1")), storage.ErrConflict)
	must(t, s.Fill(bg(), item, nil, []byte("1")))
	is(t, "from the start, once begun", s.Fill(bg(), item, nil, []byte("2")), storage.ErrConflict)
	is(t, "to the end, from elsewhere", s.FinishFill(bg(), []byte("0")), storage.ErrConflict)
	for _, of := range []storage.Item{session("s", 9), passkey("p", 9), event(9, 1), storage.Consent{AccountID: 9, ClientID: "app"}} {
		is(t, "what belongs to nobody", s.Fill(bg(), []storage.Item{of}, []byte("1"), []byte("2")), storage.ErrNotFound)
	}
	sameItems(t, "after refusals", dump(t, s), item)
	must(t, s.FinishFill(bg(), []byte("1")))
	is(t, "a store that has something", s.Fill(bg(), item, nil, []byte("1")), storage.ErrNotEmpty)
}

// fillKeeps tries to write over what is there: by key, and by names that are another's.
func fillKeeps(t *testing.T, s storage.Store) {
	all := dump(t, populated(t))
	must(t, s.Fill(bg(), all, nil, []byte("1")))
	another := func(id int64, edit func(a *storage.Account)) storage.Account {
		a := account("new")
		a.ID, a.Version = id, 1
		edit(&a)
		return a
	}
	must(t, s.Fill(bg(), []storage.Item{
		storage.AccountSequence{Last: 1},
		another(1, func(*storage.Account) {}),
		another(90, func(a *storage.Account) { a.Sub = "sub-a" }),
		another(91, func(a *storage.Account) { a.UsernameKey = "ua" }),
		another(92, func(a *storage.Account) { a.EmailKey = "a@example.com" }),
		storage.StoredFile{AccountID: 1, Kind: storage.FileResume, Info: info("second"), Content: []byte("x")},
		storage.StoredFile{AccountID: 2, Kind: storage.FileResume, Info: info("picture"), Content: []byte("x")},
		session("live", 2),
		storage.StoredGrant{Grant: grant("rotated", 1, "")},
		storage.StoredGrant{Grant: withCode(grant("code", 2, ""))},
		storage.Consent{AccountID: 1, ClientID: "app"},
		passkey("key", 2),
		storage.AccountEvent{ID: eventID(1), AccountID: 1, ExpiresAt: at(time.Hour)},
		storage.OneTime{OneTimeKey: key(storage.PurposeReset, "r"), AccountID: 2},
		storage.Denial{JTI: "denied", Until: at(0)},
		storage.Replay{Key: "spent", Until: at(0)},
		storage.PushedRequest{ID: "waits"},
		storage.Device{CodeHash: "open", UserCodeHash: "new"},
		storage.Device{CodeHash: "new", UserCodeHash: "user-open"},
		storage.Client{ID: "app"},
		storage.RegistrationToken{ID: "token", Hash: "new"},
		storage.RegistrationToken{ID: "new", Hash: "hash-token"},
		storage.Mail{ID: "queued"},
		storage.LogoutNotice{NoticeKey: storage.NoticeKey{SID: "told", ClientID: "waiting"}},
		storage.Keyring{Revision: 9},
	}, []byte("1"), []byte("2")))
	sameItems(t, "what was there", dump(t, s), all)
}

func fillAtomic(t *testing.T, s storage.Store) {
	must(t, s.Fill(bg(), []storage.Item{storage.Denial{JTI: "j", Until: at(0)}}, nil, []byte("1")))
	before := dump(t, s)
	is(t, "half a batch", s.Fill(bg(), []storage.Item{storage.AccountSequence{Last: 9}, storage.Denial{JTI: "k", Until: at(0)}, session("s", 1)},
		[]byte("1"), []byte("2")), storage.ErrNotFound)
	eq(t, "noted", string(got(s.FillProgress(bg()))(t)), "1")
	after := dump(t, s)
	if len(after) > 0 {
		if _, sequence := after[0].(storage.AccountSequence); sequence { // sequences of databases are in no transaction
			after = after[1:]
		}
	}
	sameItems(t, "records", after, before)
}

// writePairs makes accounts with a session, a grant and a token in one transaction each, some with two events in another, and deletes every third again, until ctx ends.
func writePairs(ctx context.Context, s storage.Store, w int) error {
	for i := 0; ctx.Err() == nil && i < 500; i++ {
		name := fmt.Sprintf("%d-%d", w, i)
		sess, g := session(name, 0), withRefresh(grant(name, 0, name))
		a, err := s.CreateAccount(bg(), account(name), storage.Effects{
			Session: &sess, Grant: &g, Put: []storage.OneTime{{OneTimeKey: key(storage.PurposeVerify, name), ExpiresAt: at(time.Hour)}},
		}, at(0))
		if err == nil && i%7 == 1 {
			err = s.AppendEvents(bg(), []storage.AccountEvent{event(a.ID, 1), event(a.ID, 2)}, at(0))
		}
		if err == nil && i%3 == 0 {
			err = s.DeleteAccount(bg(), a.ID, storage.Effects{}, at(0))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dumpInstant has writers make accounts with a session and a grant in one transaction each, and delete some again, while dumps are taken: each has
// all of an account or nothing of it.
func dumpInstant(t *testing.T, s storage.Store) {
	ctx, cancel := context.WithCancel(bg())
	done := make(chan error, 3)
	for w := range 3 {
		go func() { done <- writePairs(ctx, s, w) }()
	}
	for range 4 {
		parts, events, last, n := make(map[int64]int), make(map[int64]int), int64(0), 0
		must(t, s.Dump(bg(), func(item storage.Item) error {
			if n++; n%20 == 0 {
				time.Sleep(time.Millisecond) // a slow consumer
			}
			switch r := item.(type) {
			case storage.AccountSequence:
				last = r.Last
			case storage.Account:
				parts[r.ID]++
			case storage.Session:
				parts[r.AccountID]++
			case storage.StoredGrant:
				parts[r.AccountID]++
			case storage.OneTime:
				parts[r.AccountID]++
			case storage.AccountEvent:
				events[r.AccountID]++
			}
			return nil
		}))
		for id, n := range parts {
			if n != 4 || id > last {
				t.Errorf("account %d of %d with %d of its 4 parts", id, last, n)
			}
		}
		for id, n := range events {
			if n != 2 || parts[id] == 0 {
				t.Errorf("account %d with %d of its 2 events and %d other parts", id, n, parts[id])
			}
		}
	}
	cancel()
	for range 3 {
		must(t, <-done)
	}
}
