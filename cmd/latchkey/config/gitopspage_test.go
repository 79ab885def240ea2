package config

import (
	"os"
	"strings"
	"testing"
)

// The example of the page can be used as it stands.
func TestGitOpsPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/gitops.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the page has no example")
	}
	f := folderOf(t, map[string]string{"a.yaml": example, "wiki": "a secret of thirty characters\n"})
	path := f.Dir + "/a.yaml"
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(example, "/etc/latchkey/secrets", f.Dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	r, _, err := f.Read()
	if err != nil || len(r.Clients) != 1 || len(r.Groups) != 2 || len(r.Scopes) != 1 || r.Scopes[0].Descriptions["de"] == "" {
		t.Errorf("%+v %v", r.Declared, err)
	}
}
