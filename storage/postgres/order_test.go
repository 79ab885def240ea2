package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/storage"
)

// TestLocksInOneOrder: whoever removes by client, or one consent, waits at a grant before it holds a consent, as whoever removes an account does. So
// neither waits for the other.
func TestLocksInOneOrder(t *testing.T) {
	url := migrated(t)
	s := openAt(t, Options{URL: url, Timeout: patient})
	for name, remove := range map[string]func(ctx context.Context, account int64) error{
		"DeleteClient":  func(ctx context.Context, _ int64) error { return s.DeleteClient(ctx, "app", at(0)) },
		"DeleteConsent": func(ctx context.Context, account int64) error { return s.DeleteConsent(ctx, account, "app", at(0)) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			a := got(s.CreateAccount(ctx, storage.Account{Sub: name}, storage.Effects{}, at(0)))(t)
			got(s.CreateClient(ctx, storage.Client{ID: "app"}, at(0)))(t)
			for _, err := range []error{
				s.PutConsent(ctx, storage.Consent{AccountID: a.ID, ClientID: "app"}, at(0)),
				s.CreateGrant(ctx, storage.Grant{ID: name, ClientID: "app", AccountID: a.ID, Offline: true, ExpiresAt: at(time.Hour)}, at(0)),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			conn := got(pgx.Connect(ctx, url))(t)
			defer conn.Close(context.Background())
			tx := got(conn.Begin(ctx))(t)
			if _, err := tx.Exec(ctx, "SELECT 1 FROM grants WHERE id = $1 FOR UPDATE", name); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- remove(ctx, a.ID) }()
			for until := time.Now().Add(30 * time.Second); one[int64](t, url, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 0; {
				if time.Now().After(until) {
					t.Fatal("it does not wait for the grant")
				}
				time.Sleep(10 * time.Millisecond)
			}
			if _, err := tx.Exec(ctx, "SELECT 1 FROM consents WHERE account_id = $1 FOR UPDATE NOWAIT", a.ID); err != nil {
				t.Errorf("while it waits for a grant it holds a consent: %v", err)
			}
			_ = tx.Rollback(ctx)
			if err := <-done; err != nil {
				t.Error(err)
			}
			_ = s.DeleteClient(ctx, "app", at(0))
		})
	}
}
