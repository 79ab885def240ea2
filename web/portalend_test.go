package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// TestSignOutEverywherePages: the question, what it does to the browser, and the page that says who was told.
func TestSignOutEverywherePages(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/account/sessions/everywhere", signedIn).status(200).says("Sign out everywhere?", "Every device is signed out").holds(`action="/account/sessions/everywhere"`)
	v := b.post(t, "/account/sessions/everywhere", form(), signedIn).goes("/signed-out?tell=1")
	if v.sets("sid").MaxAge >= 0 {
		t.Error("the session's cookie stays")
	}
	if c := v.sets("lk_left"); c.Value != "sealed" || c.Path != "/signed-out" || !c.HttpOnly || c.MaxAge > 15*60 {
		t.Errorf("%+v", c)
	}
	b.Site.Told = func(_ context.Context, s storage.Session) ([]storage.Client, []string) {
		return []storage.Client{{ID: "radio"}}, []string{"https://radio.example/out?sid=" + s.SID}
	}
	v = b.get(t, "/signed-out?tell=1", "lk_left=sealed").status(200).says("You are signed out everywhere", "Harbour Notes Told", "Harbour TV Being told", "gone-app Could not be told", "radio Told by this browser", "Tide Tables Does not listen", "looks again by itself").
		holds(`<iframe src="https://radio.example/out?sid=s1"`)
	if v.Header().Get("Refresh") != "3; url=/signed-out" || !strings.Contains(v.Header().Get("Content-Security-Policy"), "frame-src https://radio.example") {
		t.Errorf("%v", v.Header())
	}
	b.get(t, "/signed-out", "lk_left=sealed").status(200).lacks("<iframe") // told once
	open := b.portal.open
	b.portal.open = func(s string) (account.Left, []storage.LogoutNotice, error) {
		l, n, err := open(s)
		l.At = l.At.Add(-looksFor)
		return l, n, err
	}
	if v := b.get(t, "/signed-out", "lk_left=sealed").status(200).says("We go on trying", "Look again"); v.Header().Get("Refresh") != "" {
		t.Error("it looks for ever")
	}
	b.portal.open = func(s string) (account.Left, []storage.LogoutNotice, error) {
		l, n, err := open(s)
		return l, n[:min(1, len(n))], err
	}
	if v := b.get(t, "/signed-out", "lk_left=sealed").status(200); v.Header().Get("Refresh") != "" {
		t.Error("it looks again though nobody waits")
	}
	b.get(t, "/signed-out", "lk_left=foreign").goes("/login?notice=signed_out")
	b.get(t, "/signed-out").goes("/login?notice=signed_out")
}

// TestNoticesTogether: an application knows once all of its sessions' notices were delivered.
func TestNoticesTogether(t *testing.T) {
	b := newBench(t, sampleIssuer)
	c, _ := b.words.Get("en")
	f := b.frame(c, "")
	one := func(sid string, delivered, gaveUp bool) storage.LogoutNotice {
		n := storage.LogoutNotice{NoticeKey: storage.NoticeKey{SID: sid, ClientID: "shop"}}
		if delivered {
			n.DeliveredAt = sampleTime()
		}
		if gaveUp {
			n.GivenUpAt = sampleTime()
		}
		return n
	}
	for want, list := range map[string][]storage.LogoutNotice{
		"told": {one("a", true, false), one("b", true, false)}, "failed": {one("a", false, true), one("b", true, false)}, "waiting": {one("a", true, false), one("b", false, false), one("c", false, true)},
	} {
		v := b.leftView(f, account.Left{Untold: []string{"shop"}}, list, []storage.Client{{ID: "shop"}}, func(id string) string { return id })
		if len(v.Rows) != 1 || v.Rows[0].State != want {
			t.Errorf("%s: %+v", want, v.Rows)
		}
	}
}

func TestRemoveAccess(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/account/applications", signedIn).status(200).says("For members of: crew, pilots", "Tide Tables Part of Latchkey").holds(`href="/account/applications/remove?client_id=harbour-notes"`, `action="/account/applications/sign-out"`)
	b.get(t, "/account/applications/remove?client_id=harbour-notes", signedIn).status(200).says("Remove the access of Harbour Notes?", "It is told to sign you out.")
	b.get(t, "/account/applications/remove?client_id=harbour-tv", signedIn).status(200).says("It is not told")
	b.get(t, "/account/applications/remove?client_id=tide-tables", signedIn).goes("/account/applications")
	var left string
	b.portal.leave = func(id string) error { left = id; return nil }
	b.post(t, "/account/applications/sign-out", form("client_id", "tide-tables"), signedIn).goes("/account/applications?notice=app_left")
	if left != "tide-tables" {
		t.Errorf("left %q", left)
	}
}

func TestExportPage(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.second.recent = func(storage.Account, storage.Session) bool { return false }
	b.get(t, "/account/data", signedIn).status(200).says("Confirm it is you first").holds(`href="/reauth?return=%2Faccount%2Fdata"`).lacks(`action="/account/data/export"`)
	b.portal.export = nil
	b.post(t, "/account/data/export", form(), signedIn).goes("/reauth?return=%2Faccount%2Fdata")
	b.second.recent = func(storage.Account, storage.Session) bool { return true }
	b.get(t, "/account/data", signedIn).status(200).holds(`action="/account/data/export"`)
	b.portal.export = newFakePortal(sampleTime()).export
	v := b.post(t, "/account/data/export", form(), signedIn).status(200)
	if h := v.Header(); v.Body.String() != "PK" || h.Get("Content-Type") != "application/zip" || h.Get("Content-Disposition") != `attachment; filename="account-2026-11-21.zip"` || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", h)
	}
	b.portal.export = func() (account.Export, error) { return nil, refusal(account.Throttled) }
	b.post(t, "/account/data/export", form(), signedIn).status(429)
	b.portal.export = func() (account.Export, error) {
		return func(_ context.Context, w io.Writer) error {
			_, _ = w.Write([]byte("PK"))
			return storage.ErrUnavailable
		}, nil
	}
	b.post(t, "/account/data/export", form(), signedIn)
	if !errors.Is(b.answered, http.ErrAbortHandler) {
		t.Errorf("half an archive ends as a whole one: %v", b.answered)
	}
}

// TestDeletePages: the question asks who it is and for a word; what follows ends this browser's part.
func TestDeletePages(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.second.recent = func(storage.Account, storage.Session) bool { return false }
	b.get(t, "/account/data/delete", signedIn).goes("/reauth?return=%2Faccount%2Fdata%2Fdelete")
	plan := b.portal.plan
	b.portal.plan = nil
	b.post(t, "/account/data/delete", form("word", "delete"), signedIn).goes("/reauth?return=%2Faccount%2Fdata%2Fdelete")
	b.second.recent = func(storage.Account, storage.Session) bool { return true }
	b.get(t, "/account/data/delete", signedIn).status(200).says("Delete your account", "deleted after 7 days", "What goes", "What stays", "Type this word to confirm: delete")
	b.post(t, "/account/data/delete", form("word", "yes"), signedIn).status(422).says("Error: Delete your account").holds(`href="#word"`, `value="yes"`)
	b.portal.plan = plan
	v := b.post(t, "/account/data/delete", form("word", " Delete "), signedIn).goes("/signed-out?tell=1")
	if v.sets("sid").MaxAge >= 0 {
		t.Error("the session's cookie stays")
	}
	open := b.portal.open
	b.portal.open = func(s string) (account.Left, []storage.LogoutNotice, error) {
		l, n, err := open(s)
		l.DeleteAt = sampleTime().Add(7 * 24 * time.Hour)
		return l, n, err
	}
	b.get(t, "/signed-out", "lk_left=sealed").status(200).says("Your account will be deleted", "28 November 2026")
	b.portal.open = func(s string) (account.Left, []storage.LogoutNotice, error) {
		l, n, err := open(s)
		l.Deleted = true
		return l, n, err
	}
	b.get(t, "/signed-out", "lk_left=sealed").status(200).says("Your account is deleted").lacks("Sign in again")
	b.portal.grace = func() (time.Duration, bool) { return 0, true }
	b.get(t, "/account/data/delete", signedIn).status(200).says("deleted at once")
	b.portal.grace = func() (time.Duration, bool) { return 0, false }
	b.get(t, "/account/data/delete", signedIn).goes("/account/data")
	b.get(t, "/account/data", signedIn).status(200).lacks("Delete your account")
}

// TestKeepPages: signing in while the account is about to be deleted leads to one question.
func TestKeepPages(t *testing.T) {
	b := newBench(t, sampleIssuer)
	doomed := ada()
	doomed.DeleteAt = sampleTime().Add(6 * 24 * time.Hour)
	need := account.NeedDeletion
	b.second.peek = func(ticket string) (account.StepView, error) {
		if ticket != "good" {
			return account.StepView{}, refusal(account.StepGone)
		}
		return account.StepView{Account: doomed, Need: need}, nil
	}
	b.verbs.signIn = func(account.Credentials) (account.SignedIn, error) {
		return account.SignedIn{}, &account.Refusal{Kind: account.StepNeeded, Step: &account.Step{Ticket: "good", Need: account.NeedDeletion, ExpiresAt: sampleTime().Add(time.Minute)}}
	}
	b.post(t, "/login", form("username", "ada@example.com", "password", "correct horse")).goes("/account/deletion/keep")
	b.get(t, "/account/deletion/keep", "lk_step=good").status(200).says("This account will be deleted", "27 November 2026", "Keep my account", "Sign out").lacks("All set")
	b.get(t, "/account/deletion/keep", "lk_step=bad").goes("/login?notice=step_gone")
	v := b.post(t, "/account/deletion/keep", form(), "lk_step=good").goes("/account?notice=kept")
	v.sets("sid")
	b.post(t, "/account/deletion/keep", form("flow", "f1"), "lk_step=good").goes("/authorize?flow=f1")
	b.portal.keep = func(string) (account.SignedIn, error) { return account.SignedIn{}, refusal(account.StepGone) }
	b.post(t, "/account/deletion/keep", form(), "lk_step=good").goes("/login?notice=step_gone")
	if c := b.post(t, "/account/deletion/leave", form(), "lk_step=good").goes("/login?notice=signed_out").sets("lk_step"); c.MaxAge >= 0 {
		t.Error("the step stays")
	}
	b.post(t, "/account/deletion/leave", form("flow", "f1"), "lk_step=good").status(http.StatusTeapot)
	need = account.NeedSecond
	b.get(t, "/account/deletion/keep", "lk_step=good").goes("/login/otp")
}
