package admin

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
)

// TestLogouts: an operator sees which applications know that a session ended, which do not, and why; also when the account is gone.
func TestLogouts(t *testing.T) {
	f, now := newFixture(t, ring{}), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if status, body := f.call("POST", "users", `{"username":"alice","email":"a@example.com","password":"long enough"}`); status != 200 {
		t.Fatal(body)
	}
	ctx, at := t.Context(), func(seconds int) time.Time { return now.Add(time.Duration(seconds-60) * time.Second) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.store.CreateSession(ctx, storage.Session{SID: "s1", AccountID: 1, Notify: []string{"calm", "deaf", "late"}, ExpiresAt: now.Add(time.Hour)}, at(0)))
	_, err := f.store.EndSessions(ctx, storage.EndScope{SID: "s1"}, at(1))
	must(err)
	for id, outcome := range map[string]storage.NoticeOutcome{
		"calm": {Delivered: true}, "deaf": {GivenUp: true, LastError: "refused: status 400"}, "late": {NotBefore: now.Add(time.Minute), LastError: "status 503"},
	} {
		must(f.store.SettleNotice(ctx, storage.NoticeKey{SID: "s1", ClientID: id}, outcome, at(2)))
	}
	want := []Logout{
		{ClientID: "calm", SID: "s1", EndedAt: at(1), State: "delivered", Attempts: 1, At: at(2)},
		{ClientID: "deaf", SID: "s1", EndedAt: at(1), State: "given_up", Attempts: 1, At: at(2), LastError: "refused: status 400"},
		{ClientID: "late", SID: "s1", EndedAt: at(1), State: "waiting", Attempts: 1, At: now.Add(time.Minute), LastError: "status 503"},
	}
	see := func(who string) {
		t.Helper()
		status, body := f.call("GET", "users/"+who+"/logouts", "")
		var got []Logout
		must(json.Unmarshal([]byte(body), &got))
		if d := cmp.Diff(want, got); status != 200 || d != "" {
			t.Errorf("%s: %d %s", who, status, d)
		}
	}
	see("Alice")
	see("1")
	if status, _ := f.call("GET", "users/bob/logouts", ""); status != 404 {
		t.Errorf("of nobody: %d", status)
	}
	if status, _ := f.call("DELETE", "users/1", ""); status != 200 {
		t.Fatal(status)
	}
	see("1")
}
