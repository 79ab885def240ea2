package bolt_test

import (
	"path/filepath"
	"testing"
	"time"

	"latchkey/storage"
)

// Mail that was being sent when the process died is tried at once by the next one.
func TestLeasesEndWithTheirProcess(t *testing.T) {
	ctx, now := t.Context(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "s.db")
	s := openAt(t, path)
	m := storage.Mail{ID: "m", Kind: "reset", Sealed: []byte("x"), CreatedAt: now, NotBefore: now, ExpiresAt: now.Add(time.Hour)}
	if err := s.QueueMail(ctx, []storage.Mail{m}, now); err != nil {
		t.Fatal(err)
	}
	lease := func() int {
		t.Helper()
		got, err := s.LeaseMail(ctx, 10, now.Add(10*time.Minute), now)
		if err != nil {
			t.Fatal(err)
		}
		return len(got)
	}
	if n := lease(); n != 1 {
		t.Fatalf("leased %d", n)
	}
	if n := lease(); n != 0 {
		t.Fatalf("leased %d twice", n)
	}
	closeStore(t, s)
	s = openAt(t, path)
	defer closeStore(t, s)
	if err := s.Verify(ctx); err != nil {
		t.Fatal(err)
	}
	if n := lease(); n != 1 {
		t.Errorf("after a restart: leased %d", n)
	}
}

// So are notices; those that were settled are not.
func TestLeasesOfNoticesEndWithTheirProcess(t *testing.T) {
	ctx, now := t.Context(), day()
	path := filepath.Join(t.TempDir(), "s.db")
	s := openAt(t, path)
	a, err := s.CreateAccount(ctx, testAccount(1), storage.Effects{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateSession(ctx, storage.Session{SID: "s", AccountID: a.ID, ExpiresAt: now.Add(time.Hour), Notify: []string{"a", "b"}}, now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.EndSessions(ctx, storage.EndScope{SID: "s"}, now); err != nil {
		t.Fatal(err)
	}
	lease := func() (clients string) {
		t.Helper()
		got, err := s.LeaseNotices(ctx, 10, now.Add(10*time.Minute), now)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range got {
			clients += n.ClientID
		}
		return clients
	}
	if have := lease(); have != "ab" {
		t.Fatalf("leased %q", have)
	}
	if err := s.SettleNotice(ctx, storage.NoticeKey{SID: "s", ClientID: "a"}, storage.NoticeOutcome{Delivered: true}, now); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	s = openAt(t, path)
	defer closeStore(t, s)
	if err := s.Verify(ctx); err != nil {
		t.Fatal(err)
	}
	if have := lease(); have != "b" {
		t.Errorf("after a restart: leased %q", have)
	}
}
