package harness

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// BuildVariant builds cmd/latchkey as it would be with some files of the repository changed or added: their paths from its root, and what is in them.
// Nothing in the repository is touched.
func BuildVariant(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for path, content := range files {
		name := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(Root(), path)] = name
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	list, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "latchkey")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Build(binary, "-overlay", list, "-ldflags", "-s -w -X main.version=0.0.1-e2e -X main.revision=e2e"); err != nil {
		t.Fatalf("build a variant of latchkey: %v", err)
	}
	return binary
}
