package config

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/provider/client"
	"latchkey/storage"
)

// A file that cannot be read is the one fault: what it would have said cannot be missed.
func TestUnreadableFileIsTheOneFault(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(broken, []byte("issuer: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{filepath.Join(t.TempDir(), "none.yaml"), broken} {
		_, err := Load(Sources{File: file})
		faults, ok := err.(Faults) //nolint:errorlint // Load returns it bare
		if !ok || len(faults) != 1 || faults[0].Key != "--config" {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Clients of files are held to the same keys as those of the configuration.
func TestFolderKnowsTheAlgorithms(t *testing.T) {
	dir := t.TempDir()
	text := "client_id: one\ntoken_endpoint_auth_method: none\nredirect_uris: ['https://a.example/']\naccess_token_alg: EdDSA\n"
	if err := os.WriteFile(filepath.Join(dir, "one.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		algs []string
		good bool
	}{{nil, true}, {[]string{"RS256", "EdDSA"}, true}, {[]string{"RS256"}, false}} {
		f := Folder{Dir: dir, Keep: Keep{Hash: client.HashSecret}, Served: client.Served{Algs: row.algs}, Logger: slog.New(slog.DiscardHandler)}
		if _, _, err := f.Read(); (err == nil) != row.good || err != nil && !strings.Contains(err.Error(), "access_token_alg") {
			t.Errorf("%v: %v", row.algs, err)
		}
	}
}

// A hash that could never be computed here is refused when it is read, not when somebody signs in.
func TestSecretHashOutOfBounds(t *testing.T) {
	for hash, good := range map[string]bool{
		"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObGZmWNFB0lTn4":      true,
		"$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObGZmWNFB0lTn4": false,
		"$argon2id$v=19$m=19456,t=2,p=1$$": false,
	} {
		s := SecretSpec{Hash: hash}
		if _, err := s.record(storage.Client{}, Keep{Hash: client.HashSecret}); (err == nil) != good {
			t.Errorf("%s: %v", hash, err)
		}
	}
}

// A client that is declared in both places is a fault, not a surprise.
func TestClientDeclaredTwice(t *testing.T) {
	dir := t.TempDir()
	text := "client_id: one\ntoken_endpoint_auth_method: none\nredirect_uris: ['https://a.example/']\n"
	if err := os.WriteFile(filepath.Join(dir, "one.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(Sources{ClientFiles: true, Flags: []Setting{
		{"--dev", "dev", "true"}, {"--set", "clients_dir", dir},
		{"--set", "clients", "[{client_id: one, token_endpoint_auth_method: none, redirect_uris: ['https://a.example/']}]"},
	}})
	if err == nil || !strings.Contains(err.Error(), "clients_dir: has the client one, which clients has too") {
		t.Error(err)
	}
}
