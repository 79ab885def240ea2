package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/storage"
)

func raceOnceChecks() []check {
	return []check{
		{"SpendOnce", raceSpend},
		{"TakePushedRequest", racePushed},
		{"DecideDevice", raceDecide},
		{"RedeemDevice", raceRedeemDevice},
		{"CreateDevice with one user code", raceUserCode},
		{"RegisterClient by uses", raceUses},
		{"RegisterClient by quota", raceQuota},
		{"LeaseNotices", raceNotices},
		{"EndSessions", raceEnd},
		{"TakeLease", raceTakeLease},
	}
}

func raceSpend(t *testing.T, s storage.Store) {
	oneWon(t, race(racers, func(i int) error {
		return of(s, i).SpendOnce(bg(), "jti", at(time.Hour+time.Duration(i)), at(0))
	}), storage.ErrSpent)
	eq(t, "kept", got(s.Stats(bg()))(t)["replays"], 1)
}

func racePushed(t *testing.T, s storage.Store) {
	must(t, s.PutPushedRequest(bg(), pushed("p"), at(0)))
	oneWon(t, race(racers, func(i int) error { return of(s, i).TakePushedRequest(bg(), "p", at(0)) }), storage.ErrNotFound)
}

func raceDecide(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	must(t, s.CreateDevice(bg(), device("d"), at(0)))
	decisions := make([]storage.DeviceDecision, racers)
	winner := oneWon(t, race(racers, func(i int) error {
		decisions[i] = allowed(a, "s")
		decisions[i].Allowed, decisions[i].Denied, decisions[i].At = i%2 == 0, i%2 == 1, at(time.Duration(i))
		return of(s, i).DecideDevice(bg(), "user-d", decisions[i], at(0))
	}), storage.ErrSpent)
	eq(t, "decision", got(s.Device(bg(), byUser("d"), at(0)))(t).Decision, decisions[winner])
}

func raceRedeemDevice(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	must(t, s.CreateDevice(bg(), device("d"), at(0)))
	must(t, s.DecideDevice(bg(), "user-d", allowed(a, "s"), at(0)))
	winner := oneWon(t, race(racers, func(i int) error {
		g := grant(fmt.Sprint(i), a.ID, "s")
		return of(s, i).RedeemDevice(bg(), "d", &g, at(0))
	}), storage.ErrNotFound)
	eq(t, "grants", got(s.Stats(bg()))(t)["grants"], 1)
	got(s.Grant(bg(), byID(fmt.Sprint(winner)), at(0)))(t)
}

func raceUserCode(t *testing.T, s storage.Store) {
	winner := oneWon(t, race(racers, func(i int) error {
		d := device(fmt.Sprint(i))
		d.UserCodeHash = "same"
		return of(s, i).CreateDevice(bg(), d, at(0))
	}), storage.ErrExists)
	eq(t, "device", got(s.Device(bg(), storage.DeviceKey{UserCodeHash: "same"}, at(0)))(t).CodeHash, fmt.Sprint(winner))
}

// someWon checks that exactly n calls succeeded and every other one failed with lost.
func someWon(t *testing.T, errs []error, n int, lost error) {
	t.Helper()
	won := 0
	for i, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, lost):
			t.Errorf("call %d: error %v, want %v", i, err, lost)
		}
	}
	eq(t, "calls that succeeded", won, n)
}

func raceUses(t *testing.T, s storage.Store) {
	r := registration("a")
	r.Uses, r.MaxUses = 0, 5
	must(t, s.CreateRegistrationToken(bg(), r, at(0)))
	someWon(t, race(racers, func(i int) error {
		_, err := of(s, i).RegisterClient(bg(), client(fmt.Sprint(i)), r.Hash, 0, at(0))
		return err
	}), 5, storage.ErrSpent)
	eq(t, "clients", len(got(s.ListClients(bg(), "", 100))(t)), 5)
	r.Uses = 5
	eq(t, "token", got(s.ListRegistrationTokens(bg(), at(0)))(t), []storage.RegistrationToken{r})
}

func raceQuota(t *testing.T, s storage.Store) {
	someWon(t, race(racers, func(i int) error {
		_, err := of(s, i).RegisterClient(bg(), client(fmt.Sprint(i)), "", 5, at(0))
		return err
	}), 5, storage.ErrFull)
	eq(t, "clients", len(got(s.ListClients(bg(), "", 100))(t)), 5)
}

func raceNotices(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	var clients []string
	for i := range 100 {
		clients = append(clients, fmt.Sprint(i))
	}
	endNotified(t, s, a, "s", clients...)
	var mu sync.Mutex
	seen := make(map[storage.NoticeKey]int)
	for _, err := range race(racers, func(i int) error {
		leased, err := of(s, i).LeaseNotices(bg(), 3, at(time.Minute), at(0))
		mu.Lock()
		defer mu.Unlock()
		for _, n := range leased {
			seen[n.NoticeKey]++
		}
		return err
	}) {
		must(t, err)
	}
	for k, n := range seen {
		if n != 1 {
			t.Errorf("notice %v was leased %d times", k, n)
		}
	}
	eq(t, "notices leased", len(seen), 100)
}

// raceEnd: a session ends once, and those that must be told are told once.
func raceEnd(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.CreateSession(bg(), session("s", a.ID), at(0)))
	var mu sync.Mutex
	ended := 0
	for _, err := range race(racers, func(i int) error {
		list, err := of(s, i).EndSessions(bg(), storage.EndScope{AccountID: a.ID}, at(0))
		mu.Lock()
		defer mu.Unlock()
		ended += len(list)
		return err
	}) {
		must(t, err)
	}
	eq(t, "sessions ended", ended, 1)
	eq(t, "notices", leaseNames(t, s, 100, 0), "s/app ")
}
