package admin

import (
	"context"
	"strings"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// TestKeepUser: operators see that an account is about to be deleted, and can take it back.
func TestKeepUser(t *testing.T) {
	f := newFixture(t, nil)
	due := time.Date(2026, 1, 9, 3, 4, 5, 0, time.UTC)
	a, err := f.store.CreateAccount(t.Context(), storage.Account{Sub: "s", Username: "ada", UsernameKey: "ada", DeleteAt: due}, storage.Effects{}, due)
	if err != nil {
		t.Fatal(err)
	}
	if status, body := f.call("GET", "users/ada", ""); status != 200 || !strings.Contains(body, `"delete_at":"2026-01-09T03:04:05Z"`) {
		t.Errorf("%d %s", status, body)
	}
	status, body := f.call("POST", "users/ada/keep", "")
	if status != 200 || strings.Contains(body, "delete_at") {
		t.Errorf("%d %s", status, body)
	}
	if a, err = f.store.Account(t.Context(), storage.AccountKey{ID: a.ID}); err != nil || !a.DeleteAt.IsZero() {
		t.Errorf("%v %v", a.DeleteAt, err)
	}
	if status, _ := f.call("POST", "users/nobody/keep", ""); status != 404 {
		t.Errorf("nobody: %d", status)
	}
}

func (p people) keep(ctx context.Context, id int64, _ account.Caller) (storage.Account, error) {
	a, err := p.FindAccount(ctx, storage.AccountKey{ID: id})
	if err != nil {
		return a, err
	}
	a.DeleteAt = time.Time{}
	return p.ReplaceAccount(ctx, a, storage.Effects{}, a.UpdatedAt)
}
