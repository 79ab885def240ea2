package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// replicas is how many share a database where many do.
const replicas = 8

// TestPostgresRaces: what is good once is taken once, also where fifty try at once over eight replicas.
func TestPostgresRaces(t *testing.T) {
	p := newParties(t)
	r := harness.StartReplicas(t, replicas, harness.Database(t), p.options(harness.Options{Config: object{"tokens.refresh_grace": "0s"}}))
	r.SignUp(t, personName, "ada@example.test", personPassword)
	p.takenOnce(t, r.Server)
	for i, s := range r.All {
		if n := s.Metrics(t).Sum("latchkey_http_request_duration_seconds", "endpoint", "token"); n < 10 {
			t.Errorf("replica %d had %v requests for tokens only: the race was none between replicas", i, n)
		}
	}
}

// TestPostgresIsShared: what happens at one replica holds at the others.
func TestPostgresIsShared(t *testing.T) {
	r := harness.StartReplicas(t, 3, harness.Database(t), harness.Options{})
	t.Run("failures", func(t *testing.T) { sharedLimits(t, r) })
	t.Run("sessions", func(t *testing.T) { sharedSessions(t, r) })
	t.Run("clients", func(t *testing.T) { sharedClients(t, r) })
}

// sharedLimits spreads wrong guesses over the replicas.
func sharedLimits(t *testing.T, r *harness.Replicas) {
	r.SignUp(t, "victim", "victim@example.test", "s3cret!")
	wrong := object{"username": "victim", "password": "guess!!"}
	try := func(i int, body object) *harness.Reply {
		a := r.At(i % len(r.All))
		a.Address = "198.18.0.1"
		return a.Must(t, "POST", "/api/login", body, nil)
	}
	for i := range 5 {
		try(i, wrong).Want(t, 401)
	}
	for i := range r.All {
		throttled(t, try(i, wrong))
		throttled(t, try(i, object{"username": "victim", "password": "s3cret!"}))
	}
	// The account is locked for everybody once enough of the world has guessed, wherever.
	r.SignUp(t, "hunted", "hunted@example.test", "s3cret!")
	for i := range 50 {
		a := r.At(i % len(r.All))
		a.Address = fmt.Sprintf("198.19.8.%d", i+1)
		a.Must(t, "POST", "/api/login", object{"username": "hunted", "password": "guess!!"}, nil).Want(t, 401)
	}
	for i := range r.All {
		throttled(t, r.At(i).Must(t, "POST", "/api/login", object{"username": "hunted", "password": "s3cret!"}, nil))
	}
}

// sharedSessions ends sessions at one replica and asks for them at the others at once.
func sharedSessions(t *testing.T, r *harness.Replicas) {
	r.SignUp(t, "walker", "walker@example.test", "s3cret!")
	for i := range r.All {
		token := r.At(i).Must(t, "POST", "/api/login", object{"username": "walker", "password": "s3cret!"}, nil).Want(t, 200).S("token")
		others := []*harness.API{r.At((i + 1) % 3), r.At((i + 2) % 3)}
		for _, a := range others {
			a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 200)
		}
		r.At(i).Must(t, "POST", "/api/logout", nil, harness.Bearer(token)).Want(t, 200)
		for _, a := range others {
			a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 401)
		}
	}
	// The same for what an application holds: a refresh token that one replica revoked, the others refuse.
	b := r.Browser(t).SignIn("walker", "s3cret!")
	held := signInToClient(t, r.Server, b, "openid offline_access")
	r.At(0).Must(t, "POST", "/revoke", form("token", held.refresh, "client_id", held.flow.Client, "client_secret", held.flow.Secret), nil).Want(t, 200)
	for i := range r.All {
		reply, err := held.flow.Refresh(r.At(i), held.refresh)
		if err != nil || reply.Status != 400 {
			t.Errorf("replica %d: a revoked refresh token: %v %v", i, reply, err)
		}
	}
}

// sharedClients changes a client at one replica and measures when the others know: in order, and where nobody hears of it because the connections that
// listen are ended at that moment.
func sharedClients(t *testing.T, r *harness.Replicas) {
	out, bad, code := r.Run(t, "clients", "create", "moving", "--grant", "client_credentials", "--scope", "read", "--output", "json")
	var made struct {
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal([]byte(out), &made); code != 0 || err != nil || made.Secret == "" {
		t.Fatalf("clients create: %d %v %s%s", code, err, out, bad)
	}
	ask := func(i int, scope string) int {
		return r.At(i).Must(t, "POST", "/token", form("grant_type", "client_credentials", "scope", scope), harness.Basic("moving", made.Secret)).Status
	}
	for i := range r.All {
		if status := ask(i, "read"); status != 200 { // and now it is in everybody's memory
			t.Fatalf("replica %d: status %d", i, status)
		}
	}
	change := func(what, scope string, limit time.Duration, before func()) {
		t.Helper()
		before()
		if out, bad, code := r.Run(t, "clients", "update", "moving", "--scope", "read "+scope); code != 0 {
			t.Fatalf("clients update: %d %s%s", code, out, bad)
		}
		begun := time.Now()
		for i := range r.All {
			harness.Until(t, limit, fmt.Sprintf("replica %d knows of the change", i), func() error {
				if status := ask(i, scope); status != 200 {
					return fmt.Errorf("status %d", status)
				}
				return nil
			})
		}
		t.Logf("%s: all know after %v", what, time.Since(begun).Round(time.Millisecond))
	}
	change("a change", "one", 2*time.Second, func() {})
	change("a change while the connections that listen are ended", "two", 6*time.Second, func() {
		if n := harness.Ask[int64](t, r.Database, listeners); n != int64(len(r.All)) {
			t.Errorf("%d connections that listen were ended, want %d", n, len(r.All))
		}
	})
	if out, bad, code := r.Run(t, "clients", "delete", "moving"); code != 0 {
		t.Fatalf("clients delete: %d %s%s", code, out, bad)
	}
	for i := range r.All {
		harness.Until(t, 2*time.Second, fmt.Sprintf("replica %d refuses it", i), func() error {
			if status := ask(i, "read"); status != 401 {
				return fmt.Errorf("status %d", status)
			}
			return nil
		})
	}
}

// listeners ends the connections over which replicas hear of changes, and counts them.
const listeners = `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
	WHERE datname = current_database() AND (query LIKE 'LISTEN%' OR query LIKE '%FROM changes%') AND pid <> pg_backend_pid()`
