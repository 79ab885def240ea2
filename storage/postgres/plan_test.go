package postgres

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// statements notes what is sent, each once.
type statements struct {
	mu   sync.Mutex
	args map[string][]any
}

func (s *statements) note(sql string, args []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.args[sql] = args
}

// crowd fills every table that grows with people and what they do.
const crowd = `
INSERT INTO accounts (id, sub, username_key, email_key, created_at, updated_at, version)
	SELECT n, 'sub' || n, 'user' || n, 'user' || n || '@example.com', now(), now(), 1 FROM generate_series(1, 20000) n;
INSERT INTO sessions (sid, account_id, created_at, last_seen_at, expires_at)
	SELECT 'sid' || n, 1 + n % 20000, now(), now(), now() + n * interval '1 second' FROM generate_series(1, 40000) n;
INSERT INTO grants (id, client_id, account_id, sid, code_hash, code_expires_at, refresh_generation, refresh_expires_at, created_at, expires_at)
	SELECT 'grant' || n, 'app' || n % 50, 1 + n % 20000, 'sid' || n, 'code' || n, now(), 0, now(), now(), now() + n * interval '1 second' FROM generate_series(1, 40000) n;
INSERT INTO consents (account_id, client_id, granted_at) SELECT n, 'app' || n % 50, now() FROM generate_series(1, 20000) n;
INSERT INTO passkeys (id, account_id, created_at) SELECT 'key' || n, 1 + n % 20000, now() FROM generate_series(1, 40000) n;
INSERT INTO account_events (account_id, id, at, name, expires_at)
	SELECT 1 + n % 20000, 'event' || n, now(), 'name' || n % 20, now() + n * interval '1 second' FROM generate_series(1, 40000) n;
INSERT INTO account_events (account_id, id, at, name, expires_at)
	SELECT 1, 'event' || n, now(), 'name' || n % 20, now() + interval '1 year' FROM generate_series(50000, 60000) n;
INSERT INTO one_time_tokens (purpose, hash, account_id, created_at, expires_at)
	SELECT 'reset', n::text, n, now(), now() + n * interval '1 second' FROM generate_series(1, 20000) n;
INSERT INTO denials (jti, expires_at) SELECT n::text, now() + n * interval '1 second' FROM generate_series(1, 20000) n;
INSERT INTO replays (key, expires_at) SELECT n::text, now() + n * interval '1 second' FROM generate_series(1, 20000) n;
INSERT INTO attempts (key, count, ends_at) SELECT 'a:' || n, 1, now() + n * interval '1 second' FROM generate_series(1, 20000) n;
INSERT INTO pushed_requests (id, client_id, form, created_at, expires_at) SELECT n::text, 'app', '', now(), now() + n * interval '1 second' FROM generate_series(1, 20000) n;
INSERT INTO devices (code_hash, user_code_hash, client_id, created_at, expires_at) SELECT n::text, n::text, 'app', now(), now() + n * interval '1 second' FROM generate_series(1, 20000) n;
INSERT INTO outbox (id, created_at, not_before, expires_at) SELECT n::text, now(), now() + n * interval '1 second', now() + n * interval '1 hour' FROM generate_series(1, 20000) n;
INSERT INTO notices (sid, client_id, account_id, sub, ended_at, not_before) SELECT n::text, 'app' || n % 50, n, 's', now(), now() + n * interval '1 second' FROM generate_series(1, 20000) n;
INSERT INTO clients (id, redirect_uris, origins, created_at, updated_at, version)
	SELECT 'client' || n, '{}', ARRAY['https://' || n || '.example'], now(), now(), 1 FROM generate_series(1, 20000) n;
ANALYZE`

// everyVerb calls the verbs of requests, once each.
func everyVerb(t *testing.T, s *Store) {
	ctx, now := t.Context(), time.Now()
	later := now.Add(time.Hour)
	a := got(s.CreateAccount(ctx, storage.Account{Sub: "new", UsernameKey: "new", EmailKey: "new@example.com"}, storage.Effects{
		Session: &storage.Session{SID: "new", CreatedAt: now, LastSeenAt: now, ExpiresAt: later, Notify: []string{"app"}},
		Grant:   &storage.Grant{ID: "new", ClientID: "app1", SID: "new", Code: &storage.Code{Hash: "new", ExpiresAt: later}, CreatedAt: now, ExpiresAt: later},
		Put:     []storage.OneTime{{OneTimeKey: storage.OneTimeKey{Purpose: "reset", Hash: "new"}, CreatedAt: now, ExpiresAt: later}},
		Mail:    []storage.Mail{{ID: "new", CreatedAt: now, NotBefore: now, ExpiresAt: later}},
	}, now))(t)
	for _, key := range []storage.AccountKey{{ID: a.ID}, {Sub: "new"}, {UsernameKey: "new"}, {EmailKey: "new@example.com"}} {
		got(s.Account(ctx, key))(t)
	}
	got(s.ListAccounts(ctx, 5, 10))(t)
	got(s.Session(ctx, "new", now))(t)
	got(s.TouchSession(ctx, "new", storage.SessionChange{LastSeenAt: now, AddClient: "app"}, now))(t)
	got(s.ListSessions(ctx, a.ID, now))(t)
	got(s.RedeemCode(ctx, storage.GrantKey{CodeHash: "new"}, &storage.Refresh{ExpiresAt: later}, now))(t)
	got(s.RotateRefresh(ctx, "new", 0, later, now))(t)
	got(s.Grant(ctx, storage.GrantKey{ID: "new"}, now))(t)
	for _, key := range []storage.StandingKey{{Grant: storage.GrantKey{ID: "new"}}, {Grant: storage.GrantKey{CodeHash: "new"}}, {JTI: "new"}, {Account: storage.AccountKey{ID: 1}}, {Account: storage.AccountKey{Sub: "sub1"}}} {
		got(s.Standing(ctx, key, now))(t)
	}
	must(t, s.PutConsent(ctx, storage.Consent{AccountID: a.ID, ClientID: "app"}, now))
	got(s.Consent(ctx, a.ID, "app"))(t)
	got(s.ListConsents(ctx, a.ID))(t)
	must(t, s.UseConsent(ctx, a.ID, "app", now))
	must(t, s.DeleteConsent(ctx, a.ID, "app", now))
	factorVerbs(t, s, a.ID)
	must(t, s.DenyToken(ctx, "new", later, now))
	got(s.Denied(ctx, "new", now))(t)
	must(t, s.SpendOnce(ctx, "new", later, now))
	must(t, s.PutPushedRequest(ctx, storage.PushedRequest{ID: "new", CreatedAt: now, ExpiresAt: later}, now))
	got(s.PushedRequest(ctx, "new", now))(t)
	must(t, s.TakePushedRequest(ctx, "new", now))
	must(t, s.CreateDevice(ctx, storage.Device{CodeHash: "new", UserCodeHash: "new", CreatedAt: now, ExpiresAt: later}, now))
	got(s.Device(ctx, storage.DeviceKey{UserCodeHash: "new"}, now))(t)
	must(t, s.DecideDevice(ctx, "new", storage.DeviceDecision{Allowed: true, AccountID: a.ID, SID: "new"}, now))
	must(t, s.RedeemDevice(ctx, "new", &storage.Grant{ID: "device", SID: "new", AccountID: a.ID, CreatedAt: now, ExpiresAt: later}, now))
	limits := []storage.Limit{{Key: "a:1", Max: 9, Window: time.Hour}, {Key: "a:new", Max: 9, Window: time.Hour}}
	got(s.TakeAttempts(ctx, limits, now))(t)
	must(t, s.ReturnAttempts(ctx, limits, now))
	must(t, s.ClearAttempts(ctx, []string{"a:new"}, now))
	got(s.Client(ctx, "client1"))(t)
	got(s.HasClientOrigin(ctx, "https://1.example"))(t)
	got(s.RegisterClient(ctx, storage.Client{ID: "new", ExpiresAt: later}, "", 5, now))(t)
	must(t, s.TouchClient(ctx, "new", later, now))
	must(t, s.ApplyEffects(ctx, a.ID, storage.Effects{Take: &storage.OneTimeKey{Purpose: "reset", Hash: "new"}, Void: []storage.Purpose{"reset"}, Finish: "new"}, now))
	got(s.LeaseMail(ctx, 4, later, now))(t)
	got(s.EndSessions(ctx, storage.EndScope{SID: "new"}, now))(t)
	got(s.EndSessions(ctx, storage.EndScope{AccountID: a.ID, Offline: true}, now))(t)
	got(s.LeaseNotices(ctx, 4, later, now))(t)
	must(t, s.SettleNotice(ctx, storage.NoticeKey{SID: "new", ClientID: "app"}, storage.NoticeOutcome{Delivered: true}, now))
	got(s.ListNotices(ctx, a.ID, now))(t)
	got(s.RevokeGrants(ctx, storage.GrantScope{AccountID: a.ID, ClientID: "app1"}, now))(t)
	got(s.ReplaceAccount(ctx, a, storage.Effects{}, now))(t)
	must(t, s.DeleteAccount(ctx, a.ID, storage.Effects{}, now))
	must(t, s.DeleteClient(ctx, "new", now))
	for range len(sweepers()) {
		got(s.Sweep(ctx, 1000, now))(t)
	}
}

func factorVerbs(t *testing.T, s *Store, accountID int64) {
	ctx, now := t.Context(), time.Now()
	must(t, s.CreatePasskey(ctx, storage.Passkey{ID: "new", AccountID: accountID, CreatedAt: now}, storage.Effects{}, now))
	got(s.Passkey(ctx, "new"))(t)
	got(s.ListPasskeys(ctx, accountID))(t)
	got(s.TouchPasskey(ctx, accountID, "new", storage.PasskeyChange{Name: "Key"}, now))(t)
	got(s.TouchPasskey(ctx, accountID, "new", storage.PasskeyChange{Used: true, SignCount: 1}, now))(t)
	must(t, s.DeletePasskey(ctx, accountID, "new", storage.Effects{DropPasskeys: true}, now))
	must(t, s.AppendEvents(ctx, []storage.AccountEvent{{AccountID: accountID, ID: "new", At: now, ExpiresAt: now.Add(time.Hour)}}, now))
	for _, id := range []int64{accountID, 1} { // one with few, one with many
		for _, q := range []storage.EventQuery{{}, {Before: "event55000"}, {Names: []string{"name1", "name2"}}, {Before: "event55000", Names: []string{"name1"}}} {
			q.AccountID, q.Limit = id, 50
			got(s.ListEvents(ctx, q, now))(t)
		}
	}
	got(s.ListOneTimes(ctx, accountID, storage.PurposeDevice, now))(t)
}

// TestPlans: however many rows there are, the statements of requests and of sweeping find theirs by an index.
func TestPlans(t *testing.T) {
	url := migrated(t)
	s := openAt(t, Options{URL: url})
	sql(t, url, crowd)
	seen := &statements{args: map[string][]any{}}
	cfg := s.listener.Copy()
	cfg.Sent = seen.note
	s.pool.Close()
	s.pool = got(wire.NewPool(t.Context(), cfg))(t)
	sql(t, url, "SELECT setval('account_ids', 30000)")
	everyVerb(t, s)
	sql(t, url, "ANALYZE")

	conn := got(pgx.Connect(t.Context(), url))(t)
	defer conn.Close(context.Background())
	// explain says how the database goes about a prepared statement in the long run: it plans it for the values it comes with, and after some times
	// once for all where that is no dearer.
	explain := func(name string, args []any) string {
		query := "EXPLAIN EXECUTE " + name
		if len(args) > 0 {
			query += "(" + marks(1, len(args)) + ")"
		}
		var lines []string
		for range 8 {
			rows, err := conn.Query(t.Context(), query, append([]any{pgx.QueryExecModeSimpleProtocol}, args...)...)
			must(t, err)
			lines = got(pgx.CollectRows(rows, pgx.RowTo[string]))(t)
		}
		return strings.Join(lines, "\n")
	}
	whole := regexp.MustCompile(`Seq Scan on (\w+)`)
	n := 0
	for query, args := range seen.args {
		if !strings.Contains(query, "FROM ") && !strings.Contains(query, "UPDATE ") || strings.Contains(query, "FROM (SELECT 1 FROM attempts LIMIT") {
			continue // nothing is looked for, or all is counted
		}
		n++
		name := fmt.Sprint("plan", n)
		_, err := conn.Exec(t.Context(), "PREPARE "+name+" AS "+query)
		must(t, err)
		plan := explain(name, args)
		for _, table := range whole.FindAllStringSubmatch(plan, -1) {
			switch table[1] {
			case "keyring", "changes", "signing_keys", "service_secrets", "registration_tokens", "files", "leases":
				continue // of a few rows
			}
			t.Errorf("%s is read whole:\n%s\n%s", table[1], query, plan)
		}
	}
	if n < 60 {
		t.Errorf("%d statements only", n)
	}
	t.Logf("%d statements", n)
}
