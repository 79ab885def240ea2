package admin

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// TwoStep implements [Factors]: whoever has an app has three codes left.
func (p people) TwoStep(_ context.Context, a storage.Account) (account.TwoStep, error) {
	if a.TOTP == nil {
		return account.TwoStep{Passkeys: 1, Required: true}, nil
	}
	return account.TwoStep{Since: a.TOTP.ConfirmedAt, Codes: 3}, nil
}

// ResetFactors implements [Factors].
func (p people) ResetFactors(ctx context.Context, id int64, _ account.Caller) error {
	a, err := p.FindAccount(ctx, storage.AccountKey{ID: id})
	if err != nil {
		return err
	}
	a.TOTP = nil
	_, err = p.ReplaceAccount(ctx, a, storage.Effects{}, a.UpdatedAt)
	return err
}

func TestFactors(t *testing.T) {
	f := newFixture(t, ring{})
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := f.store.CreateAccount(t.Context(), storage.Account{Sub: "s", Username: "ada", UsernameKey: "ada", TOTP: &storage.TOTP{Sealed: []byte("sealed"), ConfirmedAt: at}},
		storage.Effects{}, at); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "users/ada", http.StatusOK, `"factors":{"totp":true,"passkeys":0,"recovery_codes":3,"required":false}`},
		{"GET", "users", http.StatusOK, `"username":"ada"`},
		{"POST", "users/ada/reset-factors", http.StatusOK, `"done":true`},
		{"GET", "users/ada", http.StatusOK, `"factors":{"totp":false,"passkeys":1,"recovery_codes":0,"required":true}`},
		{"POST", "users/nobody/reset-factors", http.StatusNotFound, `"error"`},
	} {
		status, body := f.call(step.method, step.path, "")
		if status != step.status || !strings.Contains(body, step.want) {
			t.Errorf("%s %s: %d %s", step.method, step.path, status, body)
		}
		if strings.Contains(body, "sealed") {
			t.Errorf("%s tells the secret", step.path)
		}
	}
}
