package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/memory"
)

func transferChecks() []check {
	return []check{
		{"Dump and Fill move everything", dumpAndFill},
		{"what was filled works as it did", filledWorks},
		{"what was filled is swept in its time", filledIsSwept},
		{"Fill with the same again changes nothing", fillAgain},
		{"Fill refuses", fillRefuses},
		{"Fill writes over nothing", fillKeeps},
		{"Fill is one transaction", fillAtomic},
		{"Dump ends when yield fails", dumpEnds},
		{"what Dump yields is the caller's", dumpCopies},
		{"Dump is of one instant while others write", dumpInstant},
	}
}

// dump returns all records of a store, and checks that accounts come before what is theirs.
func dump(t *testing.T, s storage.Transfers) (all []storage.Item) {
	t.Helper()
	others := false
	must(t, s.Dump(bg(), func(item storage.Item) error {
		switch item.(type) {
		case storage.AccountSequence, storage.Account:
			if others {
				t.Errorf("%T after what is an account's", item)
			}
		default:
			others = true
		}
		all = append(all, item)
		return nil
	}))
	return all
}

// sameItems compares two dumps, in whatever order they are.
func sameItems(t *testing.T, what string, have, want []storage.Item) {
	t.Helper()
	name := func(item storage.Item) string { return fmt.Sprintf("%T %v", item, item) }
	order := func(list []storage.Item) []storage.Item {
		return slices.SortedFunc(slices.Values(list), func(a, b storage.Item) int { return strings.Compare(name(a), name(b)) })
	}
	eq(t, what, order(have), order(want))
}

// fillAll fills the store in batches, and finishes that.
func fillAll(t *testing.T, s storage.Transfers, items []storage.Item) {
	t.Helper()
	var noted []byte
	n := 0
	for batch := range slices.Chunk(items, 7) {
		n++
		to := fmt.Appendf(nil, "batch %d", n)
		must(t, s.Fill(bg(), batch, noted, to))
		noted = to
	}
	eq(t, "noted", string(got(s.FillProgress(bg()))(t)), string(noted))
	must(t, s.FinishFill(bg(), noted))
	if progress := got(s.FillProgress(bg()))(t); progress != nil {
		t.Errorf("progress after the end: %q", progress)
	}
}

// populated is a store in memory with everything.
func populated(t *testing.T) *memory.Store {
	t.Helper()
	m := memory.New()
	Populate(t, m)
	return m
}

func dumpAndFill(t *testing.T, s storage.Store) {
	eq(t, "nothing", dump(t, s), nil)
	Populate(t, s)
	all := dump(t, s)
	sameItems(t, "as another driver has it", all, dump(t, populated(t)))
	for _, item := range all {
		switch r := item.(type) {
		case storage.Account:
			if r.Resume != nil || r.Picture != nil {
				t.Error("an account with its files")
			}
		case storage.Mail:
			eq(t, "lease of a mail", r.LeaseUntil, time.Time{})
		case storage.LogoutNotice:
			eq(t, "lease of a notice", r.LeaseUntil, time.Time{})
		}
	}
	again := memory.New()
	fillAll(t, again, all)
	sameItems(t, "filled into another driver", dump(t, again), all)
}

func filledWorks(t *testing.T, s storage.Store) {
	fillAll(t, s, dump(t, populated(t)))
	a := got(s.Account(bg(), storage.AccountKey{UsernameKey: "ua"}))(t)
	eq(t, "file", got(s.Account(bg(), storage.AccountKey{EmailKey: "a@example.com"}))(t).Resume, ptr(info("resume")))
	_, _, content, err := s.FileByID(bg(), "resume")
	must(t, err)
	eq(t, "content", string(content), "\x00content\xff")
	if next := create(t, s, "next"); next.ID != 5 {
		t.Errorf("the next account is %d", next.ID)
	}
	_, err = s.CreateAccount(bg(), account("a"), storage.Effects{}, at(0))
	is(t, "a name that is taken", err, storage.ErrExists)
	_, err = s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-redeemed"}, nil, at(0))
	is(t, "a spent code", err, storage.ErrSpent)
	got(s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-code"}, nil, at(0)))(t)
	_, err = s.RotateRefresh(bg(), "rotated", 1, at(time.Hour), at(0))
	is(t, "a refresh token of before", err, storage.ErrConflict)
	got(s.RotateRefresh(bg(), "rotated", 2, at(time.Hour), at(0)))(t)
	for _, id := range []string{"replayed", "of-ended"} {
		_, err = s.Grant(bg(), byID(id), at(0))
		is(t, "a revoked grant", err, storage.ErrSpent)
	}
	_, err = s.TouchPasskey(bg(), a.ID, "used", storage.PasskeyChange{Used: true, SignCount: 1 << 40}, at(0))
	is(t, "a counter of before", err, storage.ErrConflict)
	is(t, "a passkey that is there", s.CreatePasskey(bg(), passkey("bare", a.ID), storage.Effects{}, at(0)), storage.ErrExists)
	eq(t, "events", eventIDs(allEvents(t, s, a.ID)), []string{"3", "2", "1"})
	eq(t, "last use", got(s.Consent(bg(), a.ID, "app"))(t).UsedAt, at(time.Minute))
	eq(t, "recovery codes", oneTimeNames(got(s.ListOneTimes(bg(), a.ID, storage.PurposeRecoveryCode, at(0)))(t)), []string{"r", "s"})
	is(t, "seen before", s.SpendOnce(bg(), "spent", at(time.Hour), at(0)), storage.ErrSpent)
	eq(t, "denied", got(s.Denied(bg(), "denied", at(0)))(t), true)
	taken := key(storage.PurposeVerify, "taken")
	is(t, "taken", s.ApplyEffects(bg(), a.ID, storage.Effects{Take: &taken}, at(0)), storage.ErrNotFound)
	must(t, s.RedeemDevice(bg(), "allowed", ptr(grant("of-device", a.ID, "live")), at(0)))
	eq(t, "origin", got(s.HasClientOrigin(bg(), "https://bare"))(t), true)
	eq(t, "uses", got(s.RegistrationToken(bg(), "hash-token", at(0)))(t).Uses, 2)
	_, err = s.RegisterClient(bg(), expiringClient("more"), "hash-token", 1, at(0))
	is(t, "the quota", err, storage.ErrFull)
	eq(t, "mail that was leased", mailIDs(lease(t, s, 5, 0)), []string{"queued"})
	eq(t, "notices", leaseNames(t, s, 9, time.Second), "told/waiting ended/app ")
	_, err = s.SwapKeyring(bg(), storage.Keyring{Revision: 1}, at(0))
	is(t, "keyring", err, storage.ErrConflict)
	ended := got(s.EndSessions(bg(), storage.EndScope{AccountID: a.ID}, at(0)))(t)
	eq(t, "sessions", sids(ended), []string{"live", "plain", "touched"})
	must(t, s.DeleteClient(bg(), "app", at(0)))
	must(t, s.DeleteAccount(bg(), a.ID, storage.Effects{}, at(0)))
}

func filledIsSwept(t *testing.T, s storage.Store) {
	fillAll(t, s, dump(t, populated(t)))
	got(s.Sweep(bg(), 1000, at(30*24*time.Hour)))(t)
	eq(t, "a second time", got(s.Sweep(bg(), 1000, at(30*24*time.Hour)))(t), 0)
	stats := got(s.Stats(bg()))(t)
	delete(stats, "bytes")
	for kind, n := range stats {
		if want := map[string]int64{"accounts": 3, "files": 2, "consents": 2, "clients": 2, "registration_tokens": 1, "passkeys": 4}[kind]; n != want {
			t.Errorf("%d %s, want %d", n, kind, want)
		}
	}
}

func dumpEnds(t *testing.T, s storage.Store) {
	Populate(t, s)
	broken, n := errors.New("broken"), 0
	is(t, "an error of yield", s.Dump(bg(), func(storage.Item) error { n++; return broken }), broken)
	eq(t, "calls", n, 1)
	ctx, cancel := context.WithCancel(bg())
	is(t, "the end of the context", s.Dump(ctx, func(storage.Item) error { cancel(); return nil }), context.Canceled)
	must(t, s.Dump(bg(), func(storage.Item) error { return nil }))
}

func dumpCopies(t *testing.T, s storage.Store) {
	Populate(t, s)
	before := dump(t, s)
	for _, item := range dump(t, s) {
		switch r := item.(type) {
		case storage.Account:
			for i := range r.Skills {
				r.Skills[i] = "spoilt"
			}
			if r.TOTP != nil {
				r.TOTP.ConfirmedAt = at(9)
			}
		case storage.Passkey:
			for i := range r.PublicKey {
				r.PublicKey[i] = 'x'
			}
		case storage.StoredGrant:
			if r.Refresh != nil {
				r.Refresh.Generation = 99
			}
		case storage.StoredFile:
			for i := range r.Content {
				r.Content[i] = 'x'
			}
		case storage.Keyring:
			r.Keys[0].KID = "spoilt"
		}
	}
	sameItems(t, "after what was yielded was changed", dump(t, s), before)
}
