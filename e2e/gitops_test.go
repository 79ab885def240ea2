package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
