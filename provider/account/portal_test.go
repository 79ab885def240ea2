package account

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// TestSignOutEverywhere: every session and grant ends, offline ones and the caller's own too, browsers are strangers, and what was left is told to whoever
// has what was sealed, for a while.
func TestSignOutEverywhere(t *testing.T) {
	r := newRig(t)
	phone := r.alice()
	in := must(r.enters())(t)
	now := r.now()
	for sid, clients := range map[string][2]string{phone.Session.SID: {"shop", "deaf"}, in.Session.SID: {"shop", "news"}} {
		for i, c := range clients {
			change := storage.SessionChange{AddClient: c}
			if i == 0 {
				change.AddNotify = c
			}
			must(r.store.TouchSession(t.Context(), sid, change, now))(t)
		}
	}
	offline := storage.Grant{ID: "g", ClientID: "shop", AccountID: in.Account.ID, SID: in.Session.SID, Offline: true, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	if err := r.store.CreateGrant(t.Context(), offline, now); err != nil {
		t.Fatal(err)
	}
	sess := must(r.store.Session(t.Context(), in.Session.SID, now))(t)
	left := must(r.SignOutEverywhere(t.Context(), sess, here))(t)
	if list := must(r.Sessions(t.Context(), in.Account.ID))(t); len(list) != 0 {
		t.Errorf("%d sessions live on", len(list))
	}
	if _, err := r.store.Grant(t.Context(), storage.GrantKey{ID: "g"}, now); err == nil {
		t.Error("an offline grant lives on")
	}
	if list := must(r.Browsers(t.Context(), in.Account.ID, ""))(t); len(list) != 0 {
		t.Errorf("%d browsers are known", len(list))
	}
	if r.heard(audit.SessionsEnded) != 1 {
		t.Error("not audited")
	}
	sealed := must(r.SealLeft(left))(t)
	opened, notices, err := r.OpenLeft(t.Context(), sealed)
	if err != nil || len(notices) != 2 || strings.Join(opened.Here.Clients, " ") != "shop news" || opened.Here.SID != in.Session.SID || strings.Join(opened.Untold, " ") != "deaf news" && strings.Join(opened.Untold, " ") != "news deaf" {
		t.Errorf("%+v, %v, %v", opened, notices, err)
	}
	if opened.Here.SecretHash != "" {
		t.Error("a secret travels")
	}
	// What ends later is nobody's business who has this.
	r.pass(time.Minute)
	again := must(r.enters())(t)
	must(r.store.TouchSession(t.Context(), again.Session.SID, storage.SessionChange{AddNotify: "bank"}, r.now()))(t)
	if err := r.SignOut(t.Context(), again.Session.SID, here); err != nil {
		t.Fatal(err)
	}
	if _, notices, err := r.OpenLeft(t.Context(), sealed); err != nil || len(notices) != 2 {
		t.Errorf("%v %v", notices, err)
	}
	for name, ticket := range map[string]string{"none": "", "another's": must(r.sealText("step", "", left))(t), "text": "abc"} {
		if _, _, err := r.OpenLeft(t.Context(), ticket); !IsKind(err, StepGone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.pass(leftTTL)
	if _, _, err := r.OpenLeft(t.Context(), sealed); !IsKind(err, StepGone) {
		t.Errorf("too late: %v", err)
	}
}

// TestLeftFits: however many applications there were, what was left fits into a cookie.
func TestLeftFits(t *testing.T) {
	r := newRig(t)
	in := r.alice()
	for i := range 200 {
		id := strings.Repeat("long", 60) + string(rune('a'+i%26)) + string(rune('a'+i/26))
		must(r.store.TouchSession(t.Context(), in.Session.SID, storage.SessionChange{AddClient: id}, r.now()))(t)
	}
	sess := must(r.store.Session(t.Context(), in.Session.SID, r.now()))(t)
	sealed := must(r.SealLeft(must(r.SignOutEverywhere(t.Context(), sess, here))(t)))(t)
	if len(sealed) > 3000 {
		t.Errorf("%d bytes", len(sealed))
	}
}

// TestLeaveClient: an application that loses its access, or is left, is told, and the sessions go on without it.
func TestLeaveClient(t *testing.T) {
	r := newRig(t)
	in := r.alice()
	now := r.now()
	enter := func() {
		t.Helper()
		must(r.store.TouchSession(t.Context(), in.Session.SID, storage.SessionChange{AddClient: "shop", AddNotify: "shop"}, now))(t)
		if err := r.store.CreateGrant(t.Context(), storage.Grant{ID: "g" + now.String(), ClientID: "shop", AccountID: in.Account.ID, SID: in.Session.SID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}, now); err != nil {
			t.Fatal(err)
		}
	}
	check := func(name string) {
		t.Helper()
		sess := must(r.store.Session(t.Context(), in.Session.SID, now))(t)
		notices := must(r.store.ListNotices(t.Context(), in.Account.ID, now))(t)
		if len(sess.Clients) != 0 || len(sess.Notify) != 0 || len(notices) != 1 || notices[0].ClientID != "shop" || !notices[0].EndedAt.Equal(now) {
			t.Errorf("%s: %v %v", name, sess.Clients, notices)
		}
		if _, err := r.store.Grant(t.Context(), storage.GrantKey{ID: "g" + now.String()}, now); err == nil {
			t.Errorf("%s: its grant lives on", name)
		}
	}
	if err := r.store.PutConsent(t.Context(), storage.Consent{AccountID: in.Account.ID, ClientID: "shop", GrantedAt: now}, now); err != nil {
		t.Fatal(err)
	}
	enter()
	if err := r.RemoveConsent(t.Context(), in.Account.ID, "shop", here); err != nil {
		t.Fatal(err)
	}
	check("consent removed")
	r.pass(time.Minute)
	now = r.now()
	enter()
	if err := r.SignOutOf(t.Context(), in.Account.ID, "shop", here); err != nil {
		t.Fatal(err)
	}
	check("signed out of")
	if r.heard(audit.AppSignedOut) != 1 {
		t.Error("not audited")
	}
}

func TestBrowsers(t *testing.T) {
	r := newRig(t)
	r.alice()
	in := must(r.enters())(t)
	must(r.enters())(t)
	list := must(r.Browsers(t.Context(), in.Account.ID, in.Device))(t)
	if len(list) != 2 || list[0].This == list[1].This || list[0].UserAgent != "test" {
		t.Fatalf("%+v", list)
	}
	if err := r.ForgetBrowser(t.Context(), in.Account.ID+1, list[0].ID, here); !IsKind(err, Gone) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := r.ForgetBrowser(t.Context(), in.Account.ID, list[0].ID, here); err != nil {
		t.Fatal(err)
	}
	if err := r.ForgetBrowser(t.Context(), in.Account.ID, list[0].ID, here); !IsKind(err, Gone) {
		t.Errorf("twice: %v", err)
	}
	if rest := must(r.Browsers(t.Context(), in.Account.ID, ""))(t); len(rest) != 1 || rest[0].ID != list[1].ID || r.heard(audit.BrowserForgotten) != 1 {
		t.Errorf("%+v", rest)
	}
}

func TestSetOwnPassword(t *testing.T) {
	r := newRig(t)
	other := r.alice()
	in := must(r.enters())(t)
	own := OwnPassword{Current: "first password", Next: "another quiet lighthouse", SID: in.Session.SID, Stay: true}
	if err := r.SetOwnPassword(t.Context(), in.Account.ID, own, here); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Live(t.Context(), other.Session.SID); err != nil {
		t.Errorf("the other device: %v", err)
	}
	own.Current, own.Next, own.Stay = own.Next, "a third, even quieter", false
	if err := r.SetOwnPassword(t.Context(), in.Account.ID, own, here); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Live(t.Context(), other.Session.SID); !IsKind(err, Gone) {
		t.Errorf("the other device: %v", err)
	}
	if _, _, err := r.Live(t.Context(), in.Session.SID); err != nil {
		t.Errorf("this device: %v", err)
	}
	if err := r.SetOwnPassword(t.Context(), in.Account.ID, own, here); !IsKind(err, WrongPassword) {
		t.Errorf("the former one: %v", err)
	}
	a := must(r.find(in.Account.ID))(t)
	a.PasswordHash = ""
	must(r.store.ReplaceAccount(t.Context(), a, storage.Effects{}, r.now()))(t)
	if err := r.SetOwnPassword(t.Context(), a.ID, OwnPassword{Next: "the very first lantern", SID: in.Session.SID}, here); err != nil {
		t.Errorf("the first: %v", err)
	}
	if _, err := r.signIn("Alice", "the very first lantern", here); err != nil {
		t.Error(err)
	}
}

// TestExport: everything is in the archive, no secret is, and the owner is told.
func TestExport(t *testing.T) {
	r := newRig(t)
	r.alice()
	in := must(r.enters())(t)
	r.courier()
	id, now := in.Account.ID, r.now()
	must(r.UpdateProfile(t.Context(), id, Profile{Nickname: ptrTo("Al"), Skills: &[]string{"keys"}}, here))(t)
	must(r.PutResume(t.Context(), id, Upload{Filename: "cv.txt", Content: []byte("I open doors.")}, here))(t)
	if err := r.store.PutConsent(t.Context(), storage.Consent{AccountID: id, ClientID: "shop", Scopes: []string{"openid"}, GrantedAt: now}, now); err != nil {
		t.Fatal(err)
	}
	var events []storage.AccountEvent
	for i := range storage.EventsListed + 50 {
		events = append(events, storage.AccountEvent{ID: fmt.Sprintf("e%03d", i), AccountID: id, At: now, Name: "account.signin", ExpiresAt: now.Add(time.Hour)})
	}
	if err := r.store.AppendEvents(t.Context(), events, now); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := must(r.Export(t.Context(), id, in.Session, here))(t)(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	archive := must(zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len())))(t)
	got := map[string]string{}
	for _, f := range archive.File {
		rc := must(f.Open())(t)
		got[f.Name] = string(must(io.ReadAll(rc))(t))
		if strings.HasSuffix(f.Name, ".json") && !json.Valid([]byte(got[f.Name])) {
			t.Errorf("%s is no JSON: %s", f.Name, got[f.Name])
		}
	}
	a := must(r.find(id))(t)
	for name, want := range map[string]string{"account.json": `"nickname": "Al"`, "sessions.json": `"kind": "page"`, "browsers.json": `"user_agent": "test"`, "applications.json": `"shop"`,
		"passkeys.json": "[]", "activity.json": `"account.signin"`, "resume.txt": "I open doors."} {
		if !strings.Contains(got[name], want) {
			t.Errorf("%s lacks %s: %s", name, want, got[name])
		}
	}
	if n := strings.Count(got["activity.json"], "account.signin"); n != len(events) {
		t.Errorf("%d events", n)
	}
	for name, text := range got {
		if strings.Contains(text, a.PasswordHash) || strings.Contains(text, in.Session.SecretHash) || strings.Contains(text, "argon2") {
			t.Errorf("%s has a secret", name)
		}
	}
	if kindsOf(r.courier()) != MailDataExported+" " || r.heard(audit.DataExported) != 1 {
		t.Error("nobody was told")
	}
	var err error
	for range exportsDaily {
		_, err = r.Export(t.Context(), id, in.Session, here)
	}
	wantKind(t, err, Throttled)
}

func ptrTo[T any](v T) *T { return &v }
