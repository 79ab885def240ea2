package web

import (
	"time"

	"latchkey/provider/account"
)

// LetterSample is a mail of a kind, with data that belongs to nobody.
type LetterSample struct {
	Kind   string
	Letter account.Letter
}

// LetterSamples is the table of every kind of mail: what it holds beside its words.
func LetterSamples() []LetterSample {
	now := sampleTime()
	links := Links(sampleAddress)
	told := account.Letter{To: ada().Email, Name: ada().FullName, When: now.Add(-time.Minute), Where: "192.0.2.17", Zone: ada().Zoneinfo}
	with := func(change func(l *account.Letter)) account.Letter { l := told; change(&l); return l }
	link := func(l *account.Letter) {
		l.Link, l.Expires, l.When = links.Verify("sample-token", ""), now.Add(15*time.Minute), time.Time{}
	}
	code := func(l *account.Letter) { link(l); l.Code = "4093 7718" }
	undo := func(l *account.Letter) { l.Undo = links.Revoke("sample-token") }
	return []LetterSample{
		{account.MailVerify, with(func(l *account.Letter) { code(l); l.When = told.When })},
		{account.MailAlready, with(func(l *account.Letter) { link(l); l.Expires = time.Time{} })},
		{account.MailReset, with(func(l *account.Letter) { link(l); l.When = told.When })},
		{account.MailPasswordChanged, with(undo)},
		{account.MailSignIn, with(func(l *account.Letter) { code(l); l.When = told.When })},
		{account.MailEmailConfirm, with(func(l *account.Letter) { link(l); l.When, l.Expires = told.When, now.Add(24*time.Hour) })},
		{account.MailEmailTaken, account.Letter{To: told.To, Name: told.Name}},
		{account.MailEmailAsked, with(func(l *account.Letter) { undo(l); l.Address = "ada@new.example" })},
		{account.MailEmailChanged, with(func(l *account.Letter) {
			link(l)
			l.When, l.Address, l.Expires = told.When, "ada@new.example", now.Add(7*24*time.Hour)
		})},
		{account.MailEmailUndone, with(func(l *account.Letter) { l.Address = "ada@new.example" })},
		{account.MailRecoveryBegun, with(func(l *account.Letter) { link(l); l.Due, l.Expires = now.Add(72*time.Hour), time.Time{} })},
		{account.MailRecoveryHalf, with(func(l *account.Letter) { link(l); l.Due, l.Expires = now.Add(36*time.Hour), time.Time{} })},
		{account.MailRecoveryReady, with(link)},
		{account.MailRecoveryDone, with(undo)},
		{account.MailInvite, with(func(l *account.Letter) { link(l); l.Expires = now.Add(7 * 24 * time.Hour) })},
		{account.MailNewDevice, with(func(l *account.Letter) { undo(l); l.Agent = sampleSessions()[0].UserAgent })},
		{account.MailDeletionPlanned, with(func(l *account.Letter) { undo(l); l.Due = now.Add(7 * 24 * time.Hour) })},
		{account.MailDeletionStopped, told}, {account.MailDeleted, told}, {account.MailDataExported, with(undo)},
		{account.MailFactorAdded, with(undo)}, {account.MailFactorReplaced, with(undo)}, {account.MailFactorRemoved, with(undo)},
		{account.MailPasswordKnown, with(undo)}, {account.MailRecoveryCodes, with(undo)}, {account.MailRecoveryCodeUsed, with(undo)},
		{account.MailPasskeyAdded, with(undo)}, {account.MailPasskeyRemoved, with(undo)}, {account.MailPasskeyCounter, with(undo)},
	}
}
