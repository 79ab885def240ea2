package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

// RunReopen tests that everything outlives the process, for drivers that are durable. Each test gets an empty folder
// of its own; open opens the store in it, and does not close it.
func RunReopen(t *testing.T, open func(t *testing.T, dir string) storage.Store) {
	t.Run("every record is there after reopening", func(t *testing.T) { reopenKeeps(t, open) })
	t.Run("what was done stays done", func(t *testing.T) { reopenOneTime(t, open) })
	t.Run("what waits for an answer is there after reopening", func(t *testing.T) { reopenRequests(t, open) })
	t.Run("what was answered stays answered", func(t *testing.T) { reopenOnce(t, open) })
}

func reopenKeeps(t *testing.T, open func(t *testing.T, dir string) storage.Store) {
	dir := t.TempDir()
	s := open(t, dir)
	a := create(t, s, "a")
	must(t, s.PutFile(bg(), a.ID, storage.FileResume, info("f"), []byte("content"), at(0)))
	se, g, o := session("s", a.ID), withRefresh(withCode(grant("g", a.ID, "s"))), oneTime(key(storage.PurposeReset, "r"), a.ID)
	must(t, s.ApplyEffects(bg(), a.ID, storage.Effects{Session: &se, Grant: &g, Put: []storage.OneTime{o}, Mail: []storage.Mail{mail("m")}}, at(0)))
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app", GrantedAt: at(0)}, at(0)))
	must(t, s.UseConsent(bg(), a.ID, "app", at(time.Minute)))
	addPasskeys(t, s, a.ID, "p", "q")
	got(s.TouchPasskey(bg(), a.ID, "q", storage.PasskeyChange{Name: "Key", Used: true, SignCount: 8}, at(1)))(t)
	addEvents(t, s, event(a.ID, 1), event(a.ID, 2))
	must(t, s.DenyToken(bg(), "j", at(time.Hour), at(0)))
	c := got(s.CreateClient(bg(), client("app"), at(0)))(t)
	ring := got(s.SwapKeyring(bg(), keyring(), at(0)))(t)
	before := look(t, s, []string{"g"}, []storage.OneTimeKey{o.OneTimeKey})
	must(t, s.Close())

	s = open(t, dir)
	eq(t, "state", look(t, s, []string{"g"}, []storage.OneTimeKey{o.OneTimeKey}), before)
	eq(t, "grant by code", got(s.Grant(bg(), storage.GrantKey{CodeHash: "code-g"}, at(0)))(t), g)
	eq(t, "passkey", got(s.Passkey(bg(), "p"))(t), passkey("p", a.ID))
	eq(t, "client", got(s.Client(bg(), "app"))(t), c)
	eq(t, "keyring", got(s.Keyring(bg()))(t), ring)
	eq(t, "denied", got(s.Denied(bg(), "j", at(0)))(t), true)
	_, _, content, err := s.FileByID(bg(), "f")
	must(t, err)
	eq(t, "file", string(content), "content")
	eq(t, "mail", mailIDs(lease(t, s, 5, 0)), []string{"m"})
	must(t, s.Close())
}

func reopenOneTime(t *testing.T, open func(t *testing.T, dir string) storage.Store) {
	dir := t.TempDir()
	s := open(t, dir)
	a, b, gone := create(t, s, "a"), create(t, s, "b"), create(t, s, "gone")
	must(t, s.DeleteAccount(bg(), gone.ID, storage.Effects{}, at(0)))
	must(t, s.CreateGrant(bg(), withRefresh(withCode(grant("g", a.ID, ""))), at(0)))
	must(t, s.CreateGrant(bg(), grant("revoked", a.ID, ""), at(0)))
	got(s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-g"}, &storage.Refresh{ExpiresAt: at(time.Hour)}, at(0)))(t)
	got(s.RotateRefresh(bg(), "g", 0, at(time.Hour), at(0)))(t)
	got(s.RevokeGrants(bg(), storage.GrantScope{ID: "revoked"}, at(0)))(t)
	k := key(storage.PurposeReset, "r")
	putOneTimes(t, s, a.ID, k)
	must(t, s.ApplyEffects(bg(), a.ID, storage.Effects{Take: &k}, at(0)))
	addPasskeys(t, s, a.ID, "dropped")
	addPasskeys(t, s, b.ID, "used", "removed")
	must(t, s.ApplyEffects(bg(), a.ID, storage.Effects{DropPasskeys: true}, at(0)))
	must(t, s.DeletePasskey(bg(), b.ID, "removed", storage.Effects{}, at(0)))
	used := storage.PasskeyChange{Used: true, SignCount: 8}
	got(s.TouchPasskey(bg(), b.ID, "used", used, at(0)))(t)
	got(s.SwapKeyring(bg(), keyring(), at(0)))(t)
	must(t, s.Close())

	s = open(t, dir)
	_, err := s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-g"}, nil, at(0))
	is(t, "code", err, storage.ErrSpent)
	_, err = s.RotateRefresh(bg(), "g", 0, at(time.Hour), at(0))
	is(t, "refresh", err, storage.ErrConflict)
	_, err = s.Grant(bg(), byID("revoked"), at(0))
	is(t, "revoked grant", err, storage.ErrSpent)
	is(t, "one-time", s.ApplyEffects(bg(), a.ID, storage.Effects{Take: &k}, at(0)), storage.ErrNotFound)
	_, err = s.TouchPasskey(bg(), b.ID, "used", used, at(0))
	is(t, "passkey's counter", err, storage.ErrConflict)
	eq(t, "passkeys that were dropped", passkeyNames(t, s, a.ID), nil)
	eq(t, "passkeys that were removed", passkeyNames(t, s, b.ID), []string{"used"})
	_, err = s.SwapKeyring(bg(), keyring(), at(0))
	is(t, "keyring", err, storage.ErrConflict)
	if next := create(t, s, "next"); next.ID <= gone.ID {
		t.Errorf("ID %d was given out again after reopening", next.ID)
	}
	must(t, s.Close())
}
