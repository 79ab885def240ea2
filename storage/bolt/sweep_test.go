package bolt

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"latchkey/storage"
)

func sweptDay() time.Time { return time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC) }

// spoil flips a bit of a row.
func spoil(t *testing.T, s *Store, tb table, key []byte) {
	t.Helper()
	err := s.update(context.Background(), "spoil", func(t *txn) error {
		row := append([]byte(nil), t.bucket(tb).Get(key)...)
		row[len(row)-1] ^= 1
		t.dirty = true
		return t.bucket(tb).Put(key, row)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Neither a client that cannot be read nor what cannot be read of a client's own may stop the sweeping, and the quota must stay right.
func TestSweepingPassesDamagedRows(t *testing.T) {
	ctx, now := context.Background(), sweptDay()
	end, later := now.Add(time.Hour), now.Add(100*time.Hour)
	s := openTest(t)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a, err := s.CreateAccount(ctx, storage.Account{Sub: "a"}, storage.Effects{}, now)
	ok(err)
	for _, id := range []string{"bad", "good", "stays"} {
		c := storage.Client{ID: id, RedirectURIs: []string{"https://" + id + ".example/cb"}, ExpiresAt: end}
		if id == "stays" {
			c.ExpiresAt = later
		}
		_, err := s.RegisterClient(ctx, c, "", 0, now)
		ok(err)
		ok(s.CreateGrant(ctx, storage.Grant{ID: "g" + id, ClientID: id, ExpiresAt: later}, now))
		ok(s.CreateGrant(ctx, storage.Grant{ID: "h" + id, ClientID: id, ExpiresAt: later}, now))
		ok(s.PutConsent(ctx, storage.Consent{AccountID: a.ID, ClientID: id}, now))
	}
	ok(s.CreateSession(ctx, storage.Session{SID: "s", AccountID: a.ID, ExpiresAt: end, Notify: []string{"good"}}, now))
	spoil(t, s, tAccounts, idKey(a.ID))
	_, err = s.EndSessions(ctx, storage.EndScope{SID: "s"}, now)
	ok(err)
	spoil(t, s, tClients, []byte("bad"))
	spoil(t, s, tGrants, []byte("ggood"))
	spoil(t, s, tConsents, consentKey(a.ID, "good"))
	spoil(t, s, tNotices, noticeKey(storage.NoticeKey{SID: "s", ClientID: "good"}))

	if n, err := s.Sweep(ctx, 10, end); n != 2 || err != nil {
		t.Errorf("swept %d (%v), want both clients", n, err)
	}
	if _, err := s.Grant(ctx, storage.GrantKey{ID: "hgood"}, end); !errors.Is(err, storage.ErrSpent) {
		t.Errorf("the grant beside the damaged one: %v", err)
	}
	for id, want := range map[string]bool{"bad": false, "good": false, "stays": true} {
		if has, err := s.HasClientOrigin(ctx, "https://"+id+".example"); has != want || err != nil {
			t.Errorf("origin of %s: %t (%v), want %t", id, has, err, want)
		}
	}
	if _, err := s.RegisterClient(ctx, storage.Client{ID: "next"}, "", 2, end); err != nil {
		t.Errorf("the second of a quota of 2: %v", err)
	}
	if n, err := s.Sweep(ctx, 10, now.Add(storage.NoticeKept)); err != nil || n == 0 {
		t.Errorf("swept %d (%v), want the damaged notice among others", n, err)
	}
}

// An event that cannot be read is swept when its time comes. Neither it nor a passkey that cannot be read keeps the account from being deleted.
func TestDamagedFactorsGoWithTheirAccount(t *testing.T) {
	ctx, now := context.Background(), sweptDay()
	end := now.Add(time.Hour)
	s := openTest(t)
	for i, sub := range []string{"a", "b"} {
		a, err := s.CreateAccount(ctx, storage.Account{Sub: sub}, storage.Effects{}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"bad", "good"} {
			err := errors.Join(
				s.CreatePasskey(ctx, storage.Passkey{ID: sub + id, AccountID: a.ID}, storage.Effects{}, now),
				s.AppendEvents(ctx, []storage.AccountEvent{{ID: id, AccountID: a.ID, ExpiresAt: end.Add(time.Duration(i))}}, now),
			)
			if err != nil {
				t.Fatal(err)
			}
		}
		spoil(t, s, tPasskeys, []byte(sub+"bad"))
		spoil(t, s, tEvents, eventKey(a.ID, "bad"))
	}
	if _, err := s.ListPasskeys(ctx, 1); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("ListPasskeys: %v", err)
	}
	if _, err := s.ListEvents(ctx, storage.EventQuery{AccountID: 1, Limit: 10}, now); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("ListEvents: %v", err)
	}
	if n, err := s.Sweep(ctx, 10, end); n != 2 || err != nil {
		t.Errorf("swept %d (%v), want both events of the first", n, err)
	}
	for id := range int64(2) {
		if err := s.DeleteAccount(ctx, id+1, storage.Effects{}, now); err != nil {
			t.Errorf("DeleteAccount: %v", err)
		}
	}
	if _, err := s.Sweep(ctx, 10, end.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if err := s.Verify(ctx); err != nil {
		t.Error(err)
	}
}

// A sweep that finds entries of records that went with others before them goes on behind them.
func TestSweepingGoesOnBehindStaleEntries(t *testing.T) {
	ctx, now := context.Background(), sweptDay()
	s := openTest(t)
	a, err := s.CreateAccount(ctx, storage.Account{Sub: "a"}, storage.Effects{}, now)
	if err != nil {
		t.Fatal(err)
	}
	swept := now.Add(storage.NoticeKept)
	if _, err := s.CreateClient(ctx, storage.Client{ID: "c", ExpiresAt: swept.Add(-time.Second)}, now); err != nil {
		t.Fatal(err)
	}
	for i := range sweepBatch + 20 {
		sid := fmt.Sprint(i)
		if err := s.CreateSession(ctx, storage.Session{SID: sid, AccountID: a.ID, ExpiresAt: now.Add(time.Hour), Notify: []string{"c"}}, now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.EndSessions(ctx, storage.EndScope{AccountID: a.ID}, now); err != nil {
		t.Fatal(err)
	}
	if err := s.SpendOnce(ctx, "k", swept, now); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(ctx, 1000, swept); n != 2 || err != nil {
		t.Errorf("swept %d (%v), want the client, whose notices go with it, and the key", n, err)
	}
}
