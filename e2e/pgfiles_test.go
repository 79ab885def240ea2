package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

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
