package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

var rounds = flag.Int("rounds", 20, "how often the kill test kills its child") //nolint:gochecknoglobals // a flag

// TestKill kills a process that writes, again and again on the same file, and looks for what was acknowledged and lost
// and for one-time things that work twice.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	total := 0
	for round := range *rounds {
		acks := killRound(t, path, round)
		total += len(acks)
		s := openAt(t, path)
		checkAcks(t, s, acks)
		if err := s.Verify(context.Background()); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		closeStore(t, s)
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d writes acknowledged before %d kills", total, *rounds)
}

// killRound starts the child, kills it 20 to 80 ms after its first acknowledgement, and returns what it acknowledged.
func killRound(t *testing.T, path string, round int) []string {
	t.Helper()
	cmd := child(t, "load", path, fmt.Sprint(round))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acks := lines(bufio.NewReader(out), func() {
		time.AfterFunc(time.Duration(20+rand.IntN(61))*time.Millisecond, func() { _ = cmd.Process.Kill() })
	})
	_ = cmd.Wait() // it was killed
	if len(acks) == 0 {
		t.Fatalf("round %d: the child did nothing", round)
	}
	return acks
}

// checkAcks holds the store against the acknowledged writes, in the order of a life; see [live].
func checkAcks(t *testing.T, s *bolt.Store, acks []string) {
	t.Helper()
	done := make(map[string]map[string]bool)
	for _, line := range acks {
		what, id, _ := strings.Cut(line, " ")
		if done[id] == nil {
			done[id] = make(map[string]bool)
		}
		done[id][what] = true
	}
	for id, d := range done {
		checkLife(t, s, id, d)
	}
}

func checkLife(t *testing.T, s *bolt.Store, id string, done map[string]bool) {
	t.Helper()
	ctx := context.Background()
	now, end := day(), day().Add(time.Hour)
	expect := func(what string, err error, want ...error) {
		t.Helper()
		for _, w := range want {
			if errors.Is(err, w) {
				return
			}
		}
		t.Errorf("%s: %s: error %v, want %v (acknowledged: %v)", id, what, err, want, done)
	}
	a, err := s.Account(ctx, storage.AccountKey{UsernameKey: id})
	expect("account", err, nil)
	_, err = s.Session(ctx, id, now)
	switch {
	case done["ended"]:
		expect("session", err, storage.ErrNotFound)
	case done["session"] && !done["sent"]: // its end, if begun, was not acknowledged
		expect("session", err, nil)
	}
	reset := storage.OneTimeKey{Purpose: storage.PurposeReset, Hash: id}
	takeable := s.ApplyEffects(ctx, a.ID, storage.Effects{Take: &reset}, now)
	switch {
	case done["taken"]:
		expect("reset token", takeable, storage.ErrNotFound)
	case !done["rotated"]:
		expect("reset token", takeable, nil)
	}
	expect("reset token, again", s.ApplyEffects(ctx, a.ID, storage.Effects{Take: &reset}, now), storage.ErrNotFound)
	checkOnce(t, s, id, done, expect)
	checkFactors(t, s, a.ID, id, done, expect)
	if !done["grant"] {
		return
	}
	g, err := s.RedeemCode(ctx, storage.GrantKey{CodeHash: id}, nil, now)
	if done["redeemed"] {
		expect("code", err, storage.ErrSpent)
	} else {
		expect("code", err, nil, storage.ErrSpent)
	}
	_, err = s.RedeemCode(ctx, storage.GrantKey{CodeHash: id}, nil, now)
	expect("code, again", err, storage.ErrSpent)
	if done["rotated"] {
		if g.Refresh == nil || g.Refresh.Generation != 1 {
			t.Errorf("%s: refresh %+v, want generation 1", id, g.Refresh)
		}
		_, err = s.RotateRefresh(ctx, id, 0, end, now)
		expect("refresh", err, storage.ErrConflict, storage.ErrSpent)
	}
	if done["ended"] {
		_, err = s.Grant(ctx, storage.GrantKey{ID: id}, now)
		expect("grant of an ended session", err, storage.ErrSpent)
	}
}

// checkOnce holds the store against what [once] does.
func checkOnce(t *testing.T, s *bolt.Store, id string, done map[string]bool, expect func(what string, err error, want ...error)) {
	t.Helper()
	ctx, now := context.Background(), day()
	if done["spent"] {
		expect("replay", s.SpendOnce(ctx, id, now.Add(time.Hour), now), storage.ErrSpent)
	}
	if done["answered"] {
		expect("pushed request", s.TakePushedRequest(ctx, id, now), storage.ErrNotFound)
	}
	if done["decided"] && !done["bought"] {
		err := s.DecideDevice(ctx, id, storage.DeviceDecision{Denied: true, SID: id}, now)
		expect("device", err, storage.ErrSpent, storage.ErrNotFound)
	}
	if done["bought"] {
		expect("device", s.RedeemDevice(ctx, id, &storage.Grant{ID: "again"}, now), storage.ErrNotFound)
		_, err := s.Grant(ctx, storage.GrantKey{ID: "d" + id}, now)
		expect("grant of the device", err, nil)
	}
	if done["registered"] {
		_, err := s.RegisterClient(ctx, storage.Client{ID: id}, "", 0, now)
		expect("client", err, storage.ErrExists)
		if has, err := s.HasClientOrigin(ctx, "https://"+id+".example"); !has {
			t.Errorf("%s: no origin of its client (%v)", id, err)
		}
	}
	if done["ended"] {
		expect("notice", s.SettleNotice(ctx, storage.NoticeKey{SID: id, ClientID: "app"}, storage.NoticeOutcome{Delivered: true}, now), nil)
	}
}

// checkFactors holds the store against what [once] does to the account.
func checkFactors(t *testing.T, s *bolt.Store, accountID int64, id string, done map[string]bool, expect func(what string, err error, want ...error)) {
	t.Helper()
	ctx, now := context.Background(), day()
	if done["passkey"] {
		err := s.CreatePasskey(ctx, storage.Passkey{ID: id, AccountID: accountID}, storage.Effects{}, now)
		expect("passkey, again", err, storage.ErrExists)
	}
	if done["counted"] {
		_, err := s.TouchPasskey(ctx, accountID, id, storage.PasskeyChange{Used: true, SignCount: 5}, now)
		expect("counter, again", err, storage.ErrConflict)
	}
	if done["told"] {
		list, err := s.ListEvents(ctx, storage.EventQuery{AccountID: accountID, Limit: 2}, now)
		if err != nil || len(list) != 1 || list[0].ID != id {
			t.Errorf("%s: events %+v (%v)", id, list, err)
		}
	}
}

// TestStandbyTakesOverFromTheKilled: the lock of a killed process is free.
func TestStandbyTakesOverFromTheKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	cmd := child(t, "load", path, "standby")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	opened := make(chan *bolt.Store, 1)
	acks := lines(bufio.NewReader(out), func() {
		go func() {
			s, err := bolt.Open(context.Background(), bolt.Options{Path: path, OnStandby: func() { _ = cmd.Process.Kill() }})
			if err != nil {
				t.Error(err)
			}
			opened <- s
		}()
	})
	_ = cmd.Wait() // it was killed
	s := <-opened
	if s == nil {
		return
	}
	defer closeStore(t, s)
	checkAcks(t, s, acks)
	if err := s.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}
