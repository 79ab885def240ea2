package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// configMap is a folder as the kubelet mounts one: the files are links through ..data, which one rename points at another version of all of them.
type configMap struct {
	t       *testing.T
	dir     string
	version int
}

func newConfigMap(t *testing.T) *configMap {
	t.Helper()
	return &configMap{t: t, dir: shortDir(t)}
}

// set replaces all files at once; links of files that are no more go after that.
func (m *configMap) set(files map[string]string) {
	m.t.Helper()
	m.version++
	former, _ := os.Readlink(filepath.Join(m.dir, "..data"))
	data := fmt.Sprintf("..2026_%d", m.version)
	err := os.Mkdir(filepath.Join(m.dir, data), 0o700)
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(m.dir, data, name), []byte(content), 0o600))
	}
	err = errors.Join(err, os.Symlink(data, filepath.Join(m.dir, "..data_tmp")), os.Rename(filepath.Join(m.dir, "..data_tmp"), filepath.Join(m.dir, "..data")))
	for name := range files {
		if link := os.Symlink(filepath.Join("..data", name), filepath.Join(m.dir, name)); !errors.Is(link, os.ErrExist) {
			err = errors.Join(err, link)
		}
	}
	links, _ := filepath.Glob(filepath.Join(m.dir, "*.yaml"))
	for _, link := range links {
		if _, still := files[filepath.Base(link)]; !still {
			err = errors.Join(err, os.Remove(link))
		}
	}
	if former != "" {
		err = errors.Join(err, os.RemoveAll(filepath.Join(m.dir, former)))
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

const (
	gitSecret  = "git-app-secret-0123456789abcdefghijklmnopq"
	gitPerson  = "ada@example.test"
	gitStaff   = "groups:\n- name: staff\n  members: [" + gitPerson + "]\n- name: guild\n  by_command: true\n"
	gitNobody  = "groups:\n- name: staff\n  members: [somebody.else@example.test]\n- name: guild\n  by_command: true\n"
	gitScopes  = "scopes:\n- name: invoices.read\n  description: Read the invoices\n  description#de: Die Rechnungen lesen\n  claims: [groups]\n- name: hidden.one\n  hidden: true\n"
	gitPass    = "a password for gitops"
	gitClaimed = "openid groups offline_access"
)

// gitClient is a client that asks nothing of people, but that they are in a group; more is added to its file.
func gitClient(id string, more string) string {
	return "client_id: " + id + "\nclient_name: Declared\nsecrets: [{value: " + gitSecret + "}]\nscope: openid email groups invoices.read offline_access\nskip_consent: true\nredirect_uris: ['" +
		harness.Callback + "']\n" + more
}

func gitServer(t *testing.T, m *configMap, more object) *harness.Server {
	t.Helper()
	config := object{"clients_dir": m.dir}
	for k, v := range more {
		config[k] = v
	}
	return harness.Start(t, harness.Options{Config: config})
}

// gitTokens signs in to a client, in a browser that is signed in to the issuer.
func gitTokens(t *testing.T, s *harness.Server, b *harness.Browser, id, scope string) *harness.Reply {
	t.Helper()
	f := harness.NewFlow(id, gitSecret, false)
	if err := f.Answer(b.Open(f.Path(scope, nil)).Left(harness.Callback), s.Issuer); err != nil {
		t.Fatal(err)
	}
	r, err := f.Redeem(s.API())
	if err != nil {
		t.Fatal(err)
	}
	return r.Want(t, 200)
}

func gitRefresh(t *testing.T, s *harness.Server, id, secret, token string) *harness.Reply {
	t.Helper()
	r, err := harness.NewFlow(id, secret, false).Refresh(s.API(), token)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// becomes waits for a state that files bring about.
func becomes(t *testing.T, what string, is func() (bool, string)) {
	t.Helper()
	harness.Until(t, 20*time.Second, what, func() error {
		if ok, found := is(); !ok {
			return errors.New(found)
		}
		return nil
	})
}

// TestDeclaredGroups: a group of a file counts for who proved the address, lets them in where a client is for it, and stands in their tokens, until the
// file is another.
func TestDeclaredGroups(t *testing.T) {
	m := newConfigMap(t)
	files := map[string]string{"app.yaml": gitClient("app", "allowed_groups: [staff]\n"), "groups.yaml": gitStaff, "scopes.yaml": gitScopes,
		"ask.yaml": "client_id: asking\nclient_name: Asking\nsecrets: [{value: " + gitSecret + "}]\nscope: openid groups invoices.read offline_access\nredirect_uris: ['" + harness.Callback + "']\n"}
	m.set(files)
	s := gitServer(t, m, nil)
	s.SignUp(t, "ada", gitPerson, gitPass)
	b := s.Browser(t).SignIn("ada", gitPass)

	f := harness.NewFlow("app", gitSecret, false)
	if b.Open(f.Path("openid", nil)).At("/consent", 403); !strings.Contains(b.Text(), "You cannot use Declared with this account") {
		t.Errorf("an address that is not proven makes no member:\n%s", b.Text())
	}
	if left := b.Submit("/consent", nil, "decision", "deny").Left(harness.Callback); left.Get("error") != "access_denied" {
		t.Errorf("RFC 6749 §4.1.2.1: %v", left)
	}
	link, _ := s.Mail.Link(t, gitPerson, "/verify", 1)
	s.Browser(t).Open(link).Submit("/verify", nil)
	got := gitTokens(t, s, b, "app", gitClaimed)
	if groups := fmt.Sprint(jwtPart(t, got.S("id_token"), 1)["groups"]); groups != "[staff]" {
		t.Errorf("ID token: %s", groups)
	}
	if groups := fmt.Sprint(s.API().Must(t, "GET", "/userinfo", nil, harness.Bearer(got.S("access_token"))).JSON["groups"]); groups != "[staff]" {
		t.Errorf("userinfo: %s", groups)
	}

	// What people are asked is in the words of the file, in their language.
	for language, words := range map[string]string{"en": "Read the invoices", "de": "Die Rechnungen lesen"} {
		ask := harness.NewFlow("asking", gitSecret, false)
		if b.Open(ask.Path("openid groups invoices.read", map[string]string{"ui_locales": language})).At("/consent", 200); !strings.Contains(b.Text(), words) {
			t.Errorf("%s: no %q in\n%s", language, words, b.Text())
		}
	}
	listed := func() string {
		return fmt.Sprint(s.API().Must(t, "GET", "/.well-known/openid-configuration", nil, nil).JSON["scopes_supported"])
	}
	if l := listed(); !strings.Contains(l, "invoices.read") || strings.Contains(l, "hidden.one") || !strings.Contains(l, "groups") {
		t.Errorf("OpenID Connect Discovery §3: %s", l)
	}

	files["groups.yaml"], files["scopes.yaml"] = gitNobody, "scopes: [{name: hidden.one, hidden: true}]\n"
	m.set(files)
	becomes(t, "the member is none any more", func() (bool, string) {
		r := s.API().Must(t, "GET", "/userinfo", nil, harness.Bearer(got.S("access_token")))
		return r.Status == 401, fmt.Sprint(r.Status)
	})
	if r := gitRefresh(t, s, "app", gitSecret, got.S("refresh_token")); r.Status != 400 || r.JSON["error"] != "invalid_grant" {
		t.Errorf("refresh: %d %s", r.Status, r.Raw)
	}
	if l := listed(); strings.Contains(l, "invoices.read") {
		t.Errorf("a scope that no file has: %s", l)
	}
	if log := s.Logs(); !strings.Contains(log, `"msg":"declared anew","kind":"scope","name":"invoices.read","change":"removed"`) ||
		!strings.Contains(log, `"kind":"group","name":"staff","change":"changed","members":["members"]`) || strings.Contains(log, gitPerson) {
		t.Errorf("the log does not tell what changed:\n%s", log)
	}
	files["groups.yaml"] = "groups: [{name: staff, members: [" // cut off
	m.set(files)
	becomes(t, "the faulty file is counted", func() (bool, string) {
		v := s.Metrics(t).Sum("latchkey_declared_objects", "kind", "group", "state", "faulty")
		return v == 2, fmt.Sprint(v)
	})
	files["groups.yaml"] = gitStaff
	m.set(files)
	becomes(t, "the member is back", func() (bool, string) {
		r := gitRefresh(t, s, "app", gitSecret, got.S("refresh_token"))
		return r.Status == 200, fmt.Sprint(r.Status)
	})
}

// TestGroupsByCommand: commands put people into groups that are not the files' alone, and show who is in which.
func TestGroupsByCommand(t *testing.T) {
	m := newConfigMap(t)
	m.set(map[string]string{"app.yaml": gitClient("app", "groups_in_access_token: true\n"), "groups.yaml": gitStaff})
	s := gitServer(t, m, nil)
	s.SignUp(t, "ada", gitPerson, gitPass)
	run := func(code int, says string, args ...string) {
		t.Helper()
		if out, errs, got := s.Run(t, args...); got != code || !strings.Contains(out+errs, says) {
			t.Errorf("%v: exit %d, want %d with %q\n%s%s", args, got, code, says, out, errs)
		}
	}
	run(0, "Added.", "groups", "add", "guild", "ada")
	run(0, "Added.", "groups", "add", "team/red", gitPerson)
	run(1, "change it there", "groups", "add", "staff", "ada")
	run(1, "has a comma", "groups", "add", "a,b", "ada")
	run(1, `no user "nobody"`, "groups", "add", "guild", "nobody")
	run(0, "the address is not proven", "groups", "show", "staff")
	run(0, "command", "groups", "show", "guild")
	run(0, "files and commands", "groups", "list")
	run(0, "guild, team/red", "users", "show", "ada")
	b := s.Browser(t).SignIn("ada", gitPass)
	got := gitTokens(t, s, b, "app", gitClaimed)
	if groups := fmt.Sprint(jwtPart(t, got.S("access_token"), 1)["groups"]); groups != "[guild team/red]" {
		t.Errorf("access token: %s", groups)
	}
	run(0, "Removed.", "groups", "remove", "team/red", "ada")
	run(1, `no group "team/red"`, "groups", "show", "team/red")
	s.Stop(t) // the store alone tells the same
	run(0, "guild", "users", "show", "ada")
	run(0, "1", "groups", "list")
}

// TestClientsDiff: what would change, without changing it.
func TestClientsDiff(t *testing.T) {
	m := newConfigMap(t)
	files := map[string]string{"app.yaml": gitClient("app", ""), "groups.yaml": gitStaff, "scopes.yaml": gitScopes}
	m.set(files)
	s := gitServer(t, m, nil)
	if out, errs, code := s.Run(t, "clients", "diff"); code != 0 || out != "Nothing differs.\n" {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	next := newConfigMap(t)
	next.set(map[string]string{"app.yaml": gitClient("app", "client_uri: https://app.example.test\n"), "new.yaml": gitClient("new", ""), "groups.yaml": gitNobody})
	out, errs, code := s.Run(t, "clients", "diff", "--dir", next.dir)
	if code != 1 || errs != "" {
		t.Errorf("exit %d %s", code, errs)
	}
	for _, want := range []string{"~ client app\n    + client_uri: \"https://app.example.test\"\n", "+ client new\n", "~ group staff\n    - members[" + gitPerson + "]", "- scope invoices.read\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, gitSecret) || strings.Contains(out, "sha256:") {
		t.Errorf("a secret is told:\n%s", out)
	}
	next.set(map[string]string{"app.yaml": "clients:\n- client_id: app\n  redirect_uri: [x]\n"})
	out, errs, code = s.Run(t, "clients", "diff", "--dir", next.dir, "-o", "json")
	var told struct {
		Against     string
		Differences []struct{ Kind, Name, Change string }
		Faults      []string
	}
	if err := json.Unmarshal([]byte(out), &told); err != nil || code != 78 || told.Against != "server" || len(told.Faults) == 0 || !strings.Contains(errs, "app.yaml:3") {
		t.Errorf("exit %d, %v\n%s%s", code, err, out, errs)
	}
	s.Stop(t)
	if out, errs, code := s.Run(t, "clients", "diff"); code != 0 || !strings.Contains(out, "No server was asked") {
		t.Errorf("against the store: exit %d\n%s%s", code, out, errs)
	}
	m.set(map[string]string{"app.yaml": gitClient("app", "client_uri: https://app.example.test\n")})
	if out, _, code := s.Run(t, "clients", "diff"); code != 1 || !strings.Contains(out, "~ client app") {
		t.Errorf("against the store: exit %d\n%s", code, out)
	}
}

// TestSecretRotation exchanges the secret of a client without a moment in which it has none: a second one by file, both work, the first goes.
func TestSecretRotation(t *testing.T) {
	m, secrets := newConfigMap(t), shortDir(t)
	first, second := "first-secret-"+harness.Random(30), "second-secret-"+harness.Random(30)
	put := func(name, value string) string {
		t.Helper()
		path := filepath.Join(secrets, name)
		if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := func(entries ...string) map[string]string {
		return map[string]string{"machine.yaml": "client_id: rotating\ngrant_types: [client_credentials]\nscope: read\nsecrets:\n- " + strings.Join(entries, "\n- ") + "\n"}
	}
	one := "{value_file: " + put("one", first) + "}"
	m.set(file(one))
	s := harness.Start(t, harness.Options{Config: object{"clients_dir": m.dir}, Env: []string{"ROTATING_SECRET=" + second}})
	s.Secrets.Add("client secret", first, second)
	works := func(secret string) bool {
		return s.API().Must(t, "POST", "/token", form("grant_type", "client_credentials"), harness.Basic("rotating", secret)).Status == 200
	}
	if !works(first) || works(second) {
		t.Fatal("before the rotation")
	}
	// A second secret, from the environment, beside the first, which ends by itself in an hour if nobody ends it before.
	ends := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	m.set(file(strings.TrimSuffix(one, "}")+", expires_at: '"+ends+"'}", "{value_env: ROTATING_SECRET}"))
	becomes(t, "both work", func() (bool, string) { return works(second) && works(first), "not yet" })
	used := s.Metrics(t)
	if used.Sum("latchkey_client_secret_last_used_timestamp_seconds", "client_id", "rotating") < 2*float64(time.Now().Add(-time.Minute).Unix()) ||
		used.Sum("latchkey_client_secret_expiry_timestamp_seconds", "client_id", "rotating") < float64(time.Now().Unix()) {
		t.Error("the metrics do not tell which secret is used and when one ends")
	}
	if out, _, code := s.Run(t, "clients", "show", "rotating"); code != 0 || strings.Count(out, "last used") != 2 || !strings.Contains(out, "until "+ends) {
		t.Errorf("exit %d\n%s", code, out)
	}
	m.set(file("{value_env: ROTATING_SECRET}"))
	becomes(t, "the first is gone", func() (bool, string) { return !works(first), "it works still" })
	if !works(second) {
		t.Error("the second one went with it")
	}
	if found := s.Secrets.In([]byte(s.Logs())); len(found) > 0 {
		t.Errorf("in the log: %v", found)
	}
}

// TestPrune: what was granted to a client that no file has any more waits for it, or, where pruning is on, is gone for good.
func TestPrune(t *testing.T) {
	for _, prune := range []bool{false, true} {
		t.Run(fmt.Sprintf("prune %v", prune), func(t *testing.T) {
			m := newConfigMap(t)
			with := map[string]string{"app.yaml": gitClient("app", ""), "stays.yaml": gitClient("stays", "")}
			without := map[string]string{"stays.yaml": with["stays.yaml"]}
			m.set(with)
			s := gitServer(t, m, object{"declared.prune": prune, "declared.prune_after": "1s"})
			s.SignUp(t, "ada", gitPerson, gitPass)
			got := gitTokens(t, s, s.Browser(t).SignIn("ada", gitPass), "app", gitClaimed)
			if _, _, code := s.Run(t, "clients", "create", "by-command", "--auth", "none", "--redirect-uri", harness.Callback); code != 0 {
				t.Fatal("no client made by command")
			}
			inert := func() float64 {
				return s.Metrics(t).Sum("latchkey_declared_objects", "kind", "client", "state", "inert")
			}

			m.set(nil) // an empty folder says nothing of what is to go
			becomes(t, "the client is away", func() (bool, string) {
				r := gitRefresh(t, s, "app", gitSecret, got.S("refresh_token"))
				return r.Status == 401, fmt.Sprint(r.Status)
			})
			time.Sleep(2 * time.Second)
			m.set(with)
			becomes(t, "and back, with what was granted", func() (bool, string) {
				r := gitRefresh(t, s, "app", gitSecret, got.S("refresh_token"))
				if r.Status == 200 {
					got = r
				}
				return r.Status == 200, fmt.Sprint(r.Status)
			})

			m.set(without)
			if prune {
				becomes(t, "the client is pruned", func() (bool, string) {
					v := s.Metrics(t).Sum("latchkey_declared_pruned_total")
					return v == 1 && inert() == 0, fmt.Sprint(v)
				})
			} else {
				becomes(t, "the client is inert", func() (bool, string) { return inert() == 1, fmt.Sprint(inert()) })
				if out, _, _ := s.Run(t, "clients", "list"); !strings.Contains(out, "configuration, no more") {
					t.Errorf("%s", out)
				}
			}
			s.Stop(t) // what waits, waits in the store
			m.set(with)
			s.Launch(t)
			s.WaitReady(t)
			if r := gitRefresh(t, s, "app", gitSecret, got.S("refresh_token")); (r.Status == 200) == prune {
				t.Errorf("prune %v, and a refresh token of before: %d %s", prune, r.Status, r.Raw)
			}
			if out, _, code := s.Run(t, "clients", "show", "by-command"); code != 0 {
				t.Errorf("the client made by command is gone: %s", out)
			}
		})
	}
}

// TestReplicasWithFiles: three replicas get new files one after the other. All of them agree in the end, one keeps the copies, and membership by command
// counts at all of them.
func TestReplicasWithFiles(t *testing.T) {
	url := harness.Database(t)
	r := harness.ConfigureReplicas(t, 3, url, harness.Options{Config: object{"declared.prune": true, "declared.prune_after": "4s"}})
	maps := make([]*configMap, len(r.All))
	before := map[string]string{"app.yaml": gitClient("app", ""), "groups.yaml": gitStaff}
	after := map[string]string{"app.yaml": gitClient("app", ""), "new.yaml": gitClient("new", ""), "groups.yaml": gitStaff}
	for i, s := range r.All {
		maps[i] = newConfigMap(t)
		maps[i].set(before)
		s.Config["clients_dir"] = maps[i].dir
		s.WriteConfig(t)
	}
	r.LaunchAll(t)
	copies := func() string {
		return harness.Ask[string](t, url, "SELECT coalesce(string_agg(id, ' ' ORDER BY id), '') FROM clients WHERE declared AND disabled AND id IN ('app', 'new')")
	}
	becomes(t, "the copies are written", func() (bool, string) { return copies() == "app", copies() })
	revisions := func() (all []string) {
		for _, s := range r.All {
			_, rest, _ := strings.Cut(s.Metrics(t).Raw, "latchkey_declared_revision_info{revision=\"")
			if one, _, _ := strings.Cut(rest, "\""); !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
		return all
	}
	for _, m := range maps {
		m.set(after)
		time.Sleep(700 * time.Millisecond)
	}
	becomes(t, "all replicas have the new files", func() (bool, string) { return len(revisions()) == 1, fmt.Sprint(revisions()) })
	becomes(t, "the new client's copy is written", func() (bool, string) { return copies() == "app new", copies() })
	r.SignUp(t, "ada", gitPerson, gitPass)
	if out, errs, code := r.Run(t, "groups", "add", "guild", "ada"); code != 0 {
		t.Fatalf("%s%s", out, errs)
	}
	got := gitTokens(t, r.Server, r.Browser(t).SignIn("ada", gitPass), "new", gitClaimed)
	for i := range r.All {
		if groups := fmt.Sprint(r.At(i).Must(t, "GET", "/userinfo", nil, harness.Bearer(got.S("access_token"))).JSON["groups"]); groups != "[guild]" {
			t.Errorf("replica %d: %s", i, groups)
		}
	}
	for i, m := range maps {
		m.set(before)
		if i == 0 {
			time.Sleep(time.Second)
		}
	}
	becomes(t, "the client is pruned, once", func() (bool, string) { return copies() == "app", copies() })
	// Whoever has no server to ask compares with the store.
	if out, errs, code := harness.RunBinary(t, r.Dir, nil, "clients", "diff", "--dir", maps[0].dir, "--config", r.ConfigFile, "--set", "server.admin_socket=off"); code != 0 || !strings.Contains(out, "No server was asked") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}
