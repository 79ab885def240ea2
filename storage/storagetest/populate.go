package storagetest

import (
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

// Populate stores something of every kind, in every state that a record can be in, through the store's verbs. All of it is of 2031.
func Populate(t *testing.T, s storage.Store) {
	t.Helper()
	a, b := create(t, s, "a"), populateAccounts(t, s)
	populateSignIns(t, s, a, b)
	populateFactors(t, s, a, b)
	populateOnce(t, s, a)
	populateClients(t, s)
	populateQueues(t, s, a)
	ring := got(s.SwapKeyring(bg(), keyring(), at(0)))(t)
	ring.Keys = append(ring.Keys, storage.SigningKey{KID: "third", LongestToken: time.Microsecond})
	got(s.SwapKeyring(bg(), ring, at(0)))(t)
}

// populateAccounts returns an account that has nothing but what is its own.
func populateAccounts(t *testing.T, s storage.Store) storage.Account {
	t.Helper()
	bare := got(s.CreateAccount(bg(), storage.Account{Sub: "bare", Address: &storage.Address{}, TOTP: &storage.TOTP{}, ExperienceYears: new(int)}, storage.Effects{}, at(0)))(t)
	changed := create(t, s, "changed")
	changed.UsernameKey, changed.Username, changed.Disabled, changed.FullName = "", "", true, "\xff\x00 \U0010ffff61 <&>\"\\\n"
	changed.TOTP, changed.TermsVersion, changed.TermsAt, changed.DeleteAt = nil, "\x00", time.Time{}, time.Time{}
	got(s.ReplaceAccount(bg(), changed, storage.Effects{}, at(1)))(t)
	last := create(t, s, "last")
	addPasskeys(t, s, last.ID, "of-last")
	addEvents(t, s, event(last.ID, 1))
	must(t, s.DeleteAccount(bg(), last.ID, storage.Effects{}, at(0))) // its number is not given out again
	return bare
}

func populateSignIns(t *testing.T, s storage.Store, a, b storage.Account) {
	t.Helper()
	must(t, s.PutFile(bg(), a.ID, storage.FileResume, info("resume"), []byte("\x00content\xff"), at(0)))
	must(t, s.PutFile(bg(), a.ID, storage.FilePicture, info("picture"), nil, at(0)))
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"openid", "email"}, GrantedAt: at(0)}, at(0)))
	must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: "other", GrantedAt: at(0)}, at(0)))
	for _, sid := range []string{"live", "touched", "plain", "ended"} {
		must(t, s.CreateSession(bg(), session(sid, a.ID), at(0)))
	}
	got(s.TouchSession(bg(), "touched", storage.SessionChange{LastSeenAt: at(time.Minute), AddClient: "other", AddNotify: "other"}, at(0)))(t)
	must(t, s.CreateSession(bg(), storage.Session{SID: "bare", AccountID: b.ID, UserAgent: "\xc3\x00", ExpiresAt: at(time.Hour)}, at(0)))
	over := session("over", b.ID)
	over.ExpiresAt = at(time.Second)
	must(t, s.CreateSession(bg(), over, at(0)))
	for _, id := range []string{"code", "redeemed", "rotated", "replayed"} {
		must(t, s.CreateGrant(bg(), withCode(grant(id, a.ID, "live")), at(0)))
	}
	must(t, s.CreateGrant(bg(), named("named", a.ID), at(0)))
	for _, id := range []string{"redeemed", "rotated", "replayed"} {
		got(s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-" + id}, &storage.Refresh{Generation: 0, ExpiresAt: at(time.Hour)}, at(1)))(t)
	}
	got(s.RotateRefresh(bg(), "rotated", 0, at(time.Hour), at(2)))(t)
	got(s.RotateRefresh(bg(), "rotated", 1, at(time.Hour), at(3)))(t)
	got(s.RevokeGrants(bg(), storage.GrantScope{ID: "replayed"}, at(2)))(t)
	fixed := withRefresh(grant("fixed", a.ID, ""))
	fixed.Refresh.Fixed, fixed.Offline, fixed.Front = true, true, true
	must(t, s.CreateGrant(bg(), fixed, at(0)))
	must(t, s.CreateGrant(bg(), storage.Grant{ID: "own", ClientID: "robot", CreatedAt: at(0), ExpiresAt: at(time.Hour)}, at(0)))
	expired := withCode(grant("expired", b.ID, "bare"))
	expired.ExpiresAt = at(time.Second)
	must(t, s.CreateGrant(bg(), expired, at(0)))
	must(t, s.CreateGrant(bg(), grant("of-ended", a.ID, "ended"), at(0)))
	got(s.EndSessions(bg(), storage.EndScope{SID: "ended"}, at(1)))(t)
}

// populateFactors: passkeys that were used, renamed, removed; events, those of the past among them; a consent that was used.
func populateFactors(t *testing.T, s storage.Store, a, b storage.Account) {
	t.Helper()
	addPasskeys(t, s, a.ID, "key", "used", "removed", strings.Repeat("A-_9", storage.MaxPasskeyID/4))
	got(s.TouchPasskey(bg(), a.ID, "used", storage.PasskeyChange{Name: "\xff\x00", Used: true, SignCount: 1 << 40}, at(time.Minute)))(t)
	must(t, s.DeletePasskey(bg(), a.ID, "removed", storage.Effects{}, at(0)))
	must(t, s.CreatePasskey(bg(), storage.Passkey{ID: "bare", AccountID: b.ID, CreatedAt: at(0)}, storage.Effects{}, at(0)))
	over, hostile := event(a.ID, 3), event(b.ID, 1)
	over.ExpiresAt = at(time.Second)
	hostile.Detail, hostile.UserAgent = "\x00\xff", strings.Repeat("\xc3", 256)
	addEvents(t, s, event(a.ID, 2), event(a.ID, 1), over, hostile)
	must(t, s.UseConsent(bg(), a.ID, "app", at(time.Minute)))
}

func populateOnce(t *testing.T, s storage.Store, a storage.Account) {
	t.Helper()
	taken := key(storage.PurposeVerify, "taken")
	putOneTimes(t, s, a.ID, key(storage.PurposeReset, "r"), key(storage.PurposeVerify, "r"), key(storage.PurposeRevoke, "z"), taken)
	must(t, s.ApplyEffects(bg(), a.ID, storage.Effects{Take: &taken}, at(0)))
	putOneTimes(t, s, a.ID, key(storage.PurposeRecoveryCode, "r"), key(storage.PurposeRecoveryCode, "s"), key(storage.PurposeDevice, "r"))
	must(t, s.DenyToken(bg(), "denied", at(time.Hour), at(0)))
	must(t, s.SpendOnce(bg(), "spent", at(time.Hour), at(0)))
	must(t, s.PutPushedRequest(bg(), pushed("waits"), at(0)))
	must(t, s.PutPushedRequest(bg(), pushed("answered"), at(0)))
	must(t, s.TakePushedRequest(bg(), "answered", at(0)))
	for _, id := range []string{"open", "allowed", "denied"} {
		must(t, s.CreateDevice(bg(), device(id), at(0)))
	}
	must(t, s.DecideDevice(bg(), "user-allowed", allowed(a, "live"), at(0)))
	must(t, s.DecideDevice(bg(), "user-denied", storage.DeviceDecision{Denied: true, AccountID: a.ID, SID: "live", At: at(0)}, at(0)))
}

func populateClients(t *testing.T, s storage.Store) {
	t.Helper()
	got(s.CreateClient(bg(), client("app"), at(0)))(t)
	got(s.CreateClient(bg(), storage.Client{ID: "bare", AllowedOrigins: []string{"https://bare"}}, at(0)))(t)
	got(s.CreateClient(bg(), expiringClient("expiring"), at(0)))(t)
	must(t, s.CreateRegistrationToken(bg(), registration("token"), at(0)))
	must(t, s.CreateRegistrationToken(bg(), storage.RegistrationToken{ID: "endless", Hash: "hash-endless"}, at(0)))
	got(s.RegisterClient(bg(), expiringClient("registered"), "hash-token", 0, at(0)))(t)
}

func populateQueues(t *testing.T, s storage.Store, a storage.Account) {
	t.Helper()
	endNotified(t, s, a, "told", "delivered", "given-up", "failing", "waiting")
	for client, outcome := range map[string]storage.NoticeOutcome{
		"delivered": {Delivered: true}, "given-up": {GivenUp: true, LastError: "no"}, "failing": {NotBefore: at(time.Minute), LastError: "later"},
	} {
		must(t, s.SettleNotice(bg(), storage.NoticeKey{SID: "told", ClientID: client}, outcome, at(2)))
	}
	got(s.LeaseNotices(bg(), 1, at(time.Hour), at(3)))(t)
	must(t, s.QueueMail(bg(), []storage.Mail{mail("queued"), mail("retried"), mail("sent")}, at(0)))
	must(t, s.RetryMail(bg(), "retried", at(time.Minute), "busy", at(0)))
	must(t, s.FinishMail(bg(), "sent", at(0)))
	later := mail("put-off")
	later.NotBefore, later.ExpiresAt = at(72*time.Hour), at(96*time.Hour)
	must(t, s.QueueMail(bg(), []storage.Mail{later}, at(0)))
	got(s.LeaseMail(bg(), 1, at(time.Hour), at(0)))(t)
}
