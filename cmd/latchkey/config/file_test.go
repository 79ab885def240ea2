package config

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/provider/client"
)

// soon has do end, and says so where it does not.
func soon(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatalf("%s: it does not end", what)
	}
}

func fifo(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file that nobody writes to must not hold up the others: it is a fault, wherever it is named.
func TestFilesThatBlock(t *testing.T) {
	for what, text := range map[string]string{
		"in clients_dir": "",
		"value_file":     "{client_id: b, redirect_uris: ['https://a.example/'], secrets: [{value_file: PIPE}]}",
		"jwks_file": "{client_id: b, token_endpoint_auth_method: private_key_jwt, grant_types: [client_credentials], " +
			"federated_identities: [{issuer: 'https://i.example', subject: s, jwks_file: PIPE}]}",
		"token_file": "{client_id: b, token_endpoint_auth_method: private_key_jwt, grant_types: [client_credentials], " +
			"federated_identities: [{issuer: 'https://i.example', subject: s, jwks_uri: 'https://i.example/jwks', token_file: PIPE}]}",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(clientFile("a")), 0o600); err != nil {
			t.Fatal(err)
		}
		if text == "" {
			fifo(t, dir, "b.yaml")
		} else if err := os.WriteFile(filepath.Join(dir, "b.yaml"), []byte(strings.ReplaceAll(text, "PIPE", fifo(t, dir, "pipe"))), 0o600); err != nil {
			t.Fatal(err)
		}
		f := &Folder{Dir: dir, Keep: Keep{Hash: client.HashSecret}, Logger: slog.New(slog.DiscardHandler)}
		soon(t, what, func() {
			r, _, err := f.Read()
			if err == nil || !strings.Contains(err.Error(), "is no regular file") || idsOf(r.Clients) != "a" {
				t.Errorf("%s: %v %v", what, idsOf(r.Clients), err)
			}
		})
	}
	pipe := fifo(t, t.TempDir(), "pipe")
	for _, key := range []string{"keys.sealing_key_file", "fetch.ca_file", "server.tls.cert_file"} {
		soon(t, key, func() {
			_, err := Load(Sources{Flags: []Setting{{"--dev", "dev", "true"}, {"--set", key, pipe}, {"--set", "server.tls.key_file", pipe}}})
			if err == nil || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "is no regular file") {
				t.Errorf("%s: %v", key, err)
			}
		})
	}
}

// The configuration itself may come through a pipe: whoever starts us writes it.
func TestConfigurationThroughAPipe(t *testing.T) {
	pipe := fifo(t, t.TempDir(), "pipe")
	soon(t, "--config", func() {
		go func() {
			if err := os.WriteFile(pipe, []byte("dev: true\n"), 0); err != nil {
				t.Error(err)
			}
		}()
		if c, err := Load(Sources{File: pipe}); err != nil || !c.Dev {
			t.Error(err)
		}
	})
}
