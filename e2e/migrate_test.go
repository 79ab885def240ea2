package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
	"latchkey/storage"
	"latchkey/storage/bolt"
)

// crowdSize is how many people move.
const crowdSize = 100_000

// TestMigrate moves 100,000 people from bolt to PostgreSQL and back. Each way the command is killed in the middle; what is half moved is not served;
// the same command goes on. What was had before, a session, a refresh token, a password, works afterwards, and nothing that was spent does.
func TestMigrate(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	s.SignUp(t, "ada", "ada@example.test", "correct horse battery")
	b := s.Browser(t).SignIn("ada", "correct horse battery")
	old := signInToClient(t, s, b, "openid offline_access")
	held := refreshed(t, s, old.flow, old.refresh)
	spent := []tokens{signInToClient(t, s, b, "openid offline_access"), signInToClient(t, s, b, "openid offline_access")}
	out, bad, code := s.Run(t, "migrate", "--from", "bolt:"+s.Store, "--to", "bolt:"+s.Store+".copy")
	if code != 69 || !strings.Contains(bad, "stop the server first") {
		t.Errorf("while a server has the store: %d %s%s", code, out, bad)
	}
	s.Stop(t)
	crowded := filepath.Join(s.Dir, "crowded.db")
	crowd(t, s.Store, crowded, crowdSize)
	m := &mover{t: t, s: s, url: harness.Database(t)}

	m.move("bolt:"+crowded, "postgres:env:MOVE_URL", func() {
		s.Config["storage.driver"], s.Config["storage.postgres.url"] = "postgres", m.url
		s.WriteConfig(t)
	})
	held = m.serves(b, old, held, spent[0])
	if n := harness.Ask[int](t, m.url, "SELECT count(*)::int FROM accounts"); n != crowdSize+2 {
		t.Errorf("%d accounts, want %d", n, crowdSize+2)
	}
	out, bad, code = m.run("postgres:env:MOVE_URL", "bolt:"+filepath.Join(s.Dir, "other.db"))
	if code != 69 || !strings.Contains(bad, "is in use") {
		t.Errorf("while a server has the database: %d %s%s", code, out, bad)
	}
	out, bad, code = m.run("bolt:"+crowded, "postgres:env:MOVE_URL")
	if code == 0 || strings.Contains(out, "Moved") {
		t.Errorf("into a database that is served: %d %s%s", code, out, bad)
	}
	s.Stop(t)
	checkFactors(t, postgresAt(t, m.url), crowdSize, true)

	back := filepath.Join(s.Dir, "back.db")
	m.move("postgres:env:MOVE_URL", "bolt:"+back, func() {
		s.Config["storage.driver"], s.Config["storage.bolt.path"], s.Config["storage.postgres.url"] = "bolt", back, nil
		s.WriteConfig(t)
	})
	m.serves(b, old, held, spent[1])
	s.Stop(t)
	checkFactors(t, boltAt(t, back), crowdSize, true)
	out, bad, code = s.Run(t, "compact")
	if code != 0 || !strings.Contains(out, "before") {
		t.Errorf("compact: %d %s%s", code, out, bad)
	}
	t.Log(out)
	s.Launch(t)
	s.WaitReady(t)
	s.Stop(t)
	if strings.Contains(m.said, m.url) {
		t.Error("the connection string was told")
	}
}

// refreshed exchanges a refresh token for the next.
func refreshed(t *testing.T, s *harness.Server, f *harness.Flow, token string) string {
	t.Helper()
	r, err := f.Refresh(s.API(), token)
	if err != nil {
		t.Fatal(err)
	}
	return r.Want(t, 200).S("refresh_token")
}

// mover runs `latchkey migrate`.
type mover struct {
	t     *testing.T
	s     *harness.Server
	url   string
	said  string
	moved int
}

func (m *mover) args(from, to string) []string {
	return []string{"migrate", "--from", from, "--to", to}
}

func (m *mover) run(from, to string) (out, bad string, code int) {
	m.t.Helper()
	out, bad, code = harness.RunBinary(m.t, m.s.Dir, []string{"MOVE_URL=" + m.url}, m.args(from, to)...)
	m.said += out + bad
	return out, bad, code
}

// move moves everything, and is killed meanwhile. configure has the server use the target.
func (m *mover) move(from, to string, configure func()) {
	m.t.Helper()
	configure()
	m.killed(from, to)
	m.s.Launch(m.t)
	m.s.WaitExit(m.t, 1)
	if logs := m.s.Logs(); !strings.Contains(logs, "only half filled") {
		m.t.Errorf("a server on what is half moved said %s", logs)
	}
	begun := time.Now()
	out, bad, code := m.run(from, to)
	if code != 0 || !strings.Contains(bad, "going on: ") || !strings.Contains(out, "Moved and verified.") {
		m.t.Fatalf("%d %s%s", code, out, bad)
	}
	m.t.Logf("%s → %s: the rest took %v\n%s", from, to, time.Since(begun).Round(100*time.Millisecond), bad)
	if _, bad, code = m.run(from, to); code != 1 || !strings.Contains(bad, "the store is not empty") {
		m.t.Errorf("once more: %d %s", code, bad)
	}
}

// killed starts a move and kills it some time after its first batch.
func (m *mover) killed(from, to string) {
	m.t.Helper()
	cmd := exec.Command(harness.Binary(m.t), m.args(from, to)...)
	cmd.Dir, cmd.Env = m.s.Dir, append(os.Environ(), "MOVE_URL="+m.url)
	said, err := cmd.StderrPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "copied ") {
		m.t.Errorf("it began with %q, %v", line, err)
	}
	time.AfterFunc(2*time.Second, func() { _ = cmd.Process.Kill() })
	rest, _ := io.ReadAll(said)
	if err := cmd.Wait(); err == nil {
		m.t.Error("it was over before it was killed")
	}
	m.said += line + string(rest)
	m.t.Logf("killed after %v: %s%s", time.Since(begun).Round(100*time.Millisecond), line, rest)
}

// serves starts the server on what was moved, and looks for what was had before. It returns the refresh token that is good now.
func (m *mover) serves(b *harness.Browser, old tokens, held string, spent tokens) string {
	t, s := m.t, m.s
	t.Helper()
	s.Launch(t)
	s.WaitReady(t)
	next := refreshed(t, s, old.flow, held)
	f := harness.NewFlow(harness.QuietID, harness.QuietSecret, true)
	if err := f.Answer(b.Open(f.Path("openid", map[string]string{"prompt": "none"})).Left(harness.Callback), s.Issuer); err != nil {
		t.Errorf("the session: %v", err)
	}
	s.Browser(t).SignIn("ada", "correct horse battery").Open("/account").At("/account", 200)
	if r, err := spent.flow.Redeem(s.API()); err != nil || r.Status != 400 {
		t.Errorf("a code that was spent: %v %v", r, err)
	}
	if r, err := spent.flow.Refresh(s.API(), spent.refresh); err != nil || r.Status != 400 {
		t.Errorf("a refresh token of a family whose code was replayed: %v %v", r, err)
	}
	m.moved++
	name := fmt.Sprint("new", m.moved)
	s.SignUp(t, name, name+"@example.test", "correct horse battery") // its number is none that was given out
	return next
}

// crowd makes a store with everything that is in from, and n people beside, each with a session, a grant, every tenth a consent, and one in [factored]
// with second factors.
func crowd(t *testing.T, from, path string, n int) {
	t.Helper()
	ctx, now := context.Background(), time.Now()
	source, err := bolt.OpenAlone(ctx, from)
	check(t, err)
	target, err := bolt.OpenOrMake(ctx, path)
	check(t, err)
	var batch []storage.Item
	var noted []byte
	flush := func() {
		to := fmt.Appendf(nil, "%s+", noted)
		check(t, target.Fill(ctx, batch, noted, to))
		batch, noted = batch[:0], to
	}
	check(t, source.Dump(ctx, func(item storage.Item) error {
		batch = append(batch, item)
		return nil
	}))
	flush()
	for i := range n {
		id := int64(1000 + i)
		name := fmt.Sprintf("person-%d", i)
		sid := harness.Random(22)
		batch = append(batch, withFactors(storage.Account{
			ID: id, Sub: harness.Random(36), Username: name, UsernameKey: name, Email: name + "@example.test", EmailKey: name + "@example.test", FullName: "Person " + name,
			PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$" + harness.Random(22) + "$" + harness.Random(43), CreatedAt: now, UpdatedAt: now, Version: 1,
		}, i)...)
		batch = append(batch, storage.Session{
			SID: sid, SecretHash: harness.Random(43), AccountID: id, AuthTime: now, AMR: []string{"pwd"}, Kind: "page", UserAgent: "Mozilla/5.0", Address: "198.51.100.7",
			CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(24 * time.Hour), Clients: []string{harness.QuietID},
		}, storage.StoredGrant{Grant: storage.Grant{
			ID: harness.Random(22), ClientID: harness.QuietID, AccountID: id, SID: sid, Scopes: []string{"openid", "email"}, AuthTime: now, AMR: []string{"pwd"},
			Code:    &storage.Code{Hash: harness.Random(43), RedirectURI: harness.Callback, ExpiresAt: now.Add(time.Minute), RedeemedAt: now},
			Refresh: &storage.Refresh{Generation: int64(i % 7), ExpiresAt: now.Add(24 * time.Hour)}, CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour),
		}, Revoked: i%20 == 0})
		if i%10 == 0 {
			batch = append(batch, storage.Consent{AccountID: id, ClientID: "other", Scopes: []string{"openid"}, GrantedAt: now})
		}
		if len(batch) > 20_000 {
			flush()
		}
	}
	flush()
	check(t, target.FinishFill(ctx, noted))
	check(t, source.Close())
	check(t, target.Close())
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
