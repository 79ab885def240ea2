package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// nextVersion builds the server as its next version may be: one that has a migration more, which this version is compatible with, and writes a column
// that this version does not know. It says which version of the schema this one has.
func nextVersion(t *testing.T) (binary string, schema int) {
	t.Helper()
	const folder, records = "storage/postgres/migrations", "storage/postgres/record.go"
	list, err := os.ReadDir(filepath.Join(harness.Root(), folder))
	if err != nil {
		t.Fatal(err)
	}
	schema = len(list)
	code, err := os.ReadFile(filepath.Join(harness.Root(), records))
	if err != nil {
		t.Fatal(err)
	}
	const before = "func sessionColumns(s *storage.Session) (c columns) {\n"
	changed := strings.Replace(string(code), before, before+"\tversion := \"next\"\n\tc.text(\"written_by\", &version)\n", 1)
	if changed == string(code) {
		t.Fatalf("%s has no function of sessions' columns", records)
	}
	return harness.BuildVariant(t, map[string]string{
		records: changed,
		fmt.Sprintf("%s/%04d_next.sql", folder, schema+1): fmt.Sprintf(`-- compatible: %d
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS written_by text NOT NULL DEFAULT 'former';
CREATE INDEX IF NOT EXISTS sessions_by_version ON sessions (written_by);
CREATE TABLE IF NOT EXISTS notes (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE);
`, schema),
	}), schema
}

// TestPostgresVersions updates two replicas to the next version, one after the other and back again, under load: the schema is migrated while this
// version serves, both serve side by side, and no request fails. Once the schema has left this version behind, it refuses to start, in one line.
func TestPostgresVersions(t *testing.T) {
	next, schema := nextVersion(t)
	r := harness.StartReplicas(t, 2, harness.Database(t), harness.Options{Config: object{"server.shutdown.delay": "2s", "log.level": "warn"}})
	r.Front.Endpoints(t, 200*time.Millisecond)
	r.SignUp(t, "older", "older@example.test", "s3cret!")
	token := func(i int) string {
		t.Helper()
		return r.At(i).Must(t, "POST", "/api/login", object{"username": "older", "password": "s3cret!"}, nil).Want(t, 200).S("token")
	}
	good := func(i int, token string) {
		t.Helper()
		r.At(i).Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 200)
	}
	l := &rollLoad{t: t, r: r, stop: make(chan struct{})}
	l.start()
	end := l.ender()
	defer end()
	update := func(i int, binary string) {
		t.Helper()
		s := r.All[i]
		s.Stop(t)
		s.Install(binary)
		s.Launch(t)
		s.WaitReady(t)
		harness.Until(t, 5*time.Second, "it gets connections", func() error {
			if n := r.Front.In(); n != len(r.All) {
				return fmt.Errorf("%d get connections", n)
			}
			return nil
		})
	}
	former := token(0)
	kept := keptFactors(t, r)
	update(0, next)
	if have := harness.Ask[int](t, r.Database, "SELECT max(version) FROM schema_migrations"); have != schema+1 {
		t.Fatalf("the schema is %d", have)
	}
	// Side by side: what either writes the other reads, and what this version does not know it leaves as it is.
	good(0, former)
	fresh := token(0)
	good(1, fresh)
	kept("this version, beside the next", 1)
	kept("the next", 0)
	time.Sleep(3 * time.Second)
	if n := harness.Ask[int64](t, r.Database, "SELECT count(*) FROM sessions WHERE written_by = 'next'"); n < 5 {
		t.Errorf("%d sessions are of the next version", n)
	}
	if n := harness.Ask[int64](t, r.Database, "SELECT count(*) FROM sessions WHERE written_by = 'former' AND created_at > now() - interval '3 seconds'"); n < 5 {
		t.Errorf("%d sessions are of this version since the schema was migrated", n)
	}
	update(1, next)
	update(0, "") // back again: one step is no trouble
	good(0, fresh)
	kept("this version, after the next", 0)
	end()
	t.Logf("two versions side by side, forth and back: %d requests, %d sign-ins begun and ended, %d refresh chains; %d failed", l.served.Load(), l.signIns.Load(), l.chains.Load(), l.failed.Load())
	if l.served.Load() < 500 {
		t.Error("that is no load")
	}

	// The version after that leaves this one behind.
	harness.Ask[int](t, r.Database, "INSERT INTO schema_migrations (version, name, compatible) VALUES ($1, 'contract', $1) RETURNING version", schema+2)
	r.All[0].Stop(t)
	_, text, code := r.All[0].Run(t, "serve")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	want := fmt.Sprintf("the database has schema %d, which needs a Latchkey that knows schema %d at least; this one knows %d", schema+2, schema+2, schema)
	if code != 1 || len(lines) != 1 || !strings.Contains(text, want) {
		t.Errorf("it said %q with exit code %d, want one line with %q and 1", text, code, want)
	}
}
