package config

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider/client"
	"latchkey/storage"
)

func clientFile(ids ...string) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString("- {client_id: " + id + ", token_endpoint_auth_method: none, redirect_uris: ['https://a.example/']}\n")
	}
	return b.String()
}

func idsOf(clients []storage.Client) string {
	var ids []string
	for _, c := range clients {
		ids = append(ids, c.ID)
	}
	return strings.Join(ids, " ")
}

// mount lays files down as the kubelet does: in a folder of their own that ..data points at, swapped by one rename.
func mount(t *testing.T, dir, version string, files map[string]string) {
	t.Helper()
	data := filepath.Join(dir, "..version_"+version)
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(data, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	next := filepath.Join(dir, "..data_tmp")
	if err := os.Symlink(filepath.Base(data), next); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	for name := range files {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
}

func TestFolder(t *testing.T) {
	dir, failed, log := t.TempDir(), 0, &strings.Builder{}
	f := &Folder{Dir: dir, Keep: Keep{Hash: client.HashSecret}, Logger: slog.New(slog.NewTextHandler(log, nil)), Failed: func() { failed++ }}
	read := func(want string, wantChanged, wantErr bool) {
		t.Helper()
		r, changed, err := f.Read()
		clients := r.Clients
		if r.Complete != (err == nil) {
			t.Errorf("complete %v, %v", r.Complete, err)
		}
		if idsOf(clients) != want || changed != wantChanged || (err != nil) != wantErr {
			t.Errorf("%q changed %v, %v; want %q, %v, %v", idsOf(clients), changed, err, want, wantChanged, wantErr)
		}
	}
	mount(t, dir, "1", map[string]string{"a.yaml": clientFile("a1", "a2"), "b.yml": clientFile("b"), "notes.txt": "[", ".hidden.yaml": "["})
	read("a1 a2 b", true, false)
	read("a1 a2 b", false, false)
	mount(t, dir, "2", map[string]string{"a.yaml": "client_id: a3\ntoken_endpoint_auth_method: none\nredirect_uris: ['https://a.example/']\n", "b.yml": "broken: ["})
	read("a3 b", true, true)
	read("a3 b", false, true)
	if failed != 1 || strings.Count(log.String(), "level=ERROR") != 1 || !strings.Contains(log.String(), "b.yml") {
		t.Errorf("%d failures; log:\n%s", failed, log)
	}
	mount(t, dir, "3", map[string]string{"a.yaml": clientFile("a3"), "b.yml": clientFile("b", "a3")})
	read("a3 b", true, false)
	if !strings.Contains(log.String(), "declared twice") {
		t.Error("a client declared twice goes unnoticed")
	}
	if err := os.Remove(filepath.Join(dir, "b.yml")); err != nil {
		t.Fatal(err)
	}
	read("a3", true, false)
	f.Dir = filepath.Join(dir, "gone")
	read("a3", false, true)
}

func TestFolderReadsSecretFilesAgain(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	put := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("secret", "first-secret-of-client\n")
	put("a.yaml", "client_id: a\nredirect_uris: ['https://a.example/']\nsecrets: [{value_file: "+secret+"}]\n")
	f := &Folder{Dir: dir, Keep: Keep{Hash: client.HashSecret}, Logger: slog.New(slog.DiscardHandler)}
	r, _, err := f.Read()
	clients := r.Clients
	if err != nil || clients[0].Secrets[0].Hash != client.HashSecret("first-secret-of-client") {
		t.Fatalf("%v %v", clients, err)
	}
	put("secret", "second-secret-of-client\n")
	r, changed, err := f.Read()
	clients = r.Clients
	if err != nil || !changed || clients[0].Secrets[0].Hash != client.HashSecret("second-secret-of-client") {
		t.Errorf("%v %v %v", clients, changed, err)
	}
}

func TestWatch(t *testing.T) {
	for name, every := range map[string]time.Duration{"told by the system": time.Hour, "by looking": 10 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f := &Folder{Dir: dir, Keep: Keep{Hash: client.HashSecret}, Logger: slog.New(slog.DiscardHandler), Every: every}
			if _, _, err := f.Read(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			defer wg.Wait()
			defer cancel()
			got := make(chan string, 16)
			wg.Go(func() { f.Watch(ctx, func(r Reading) { got <- idsOf(r.Clients) }) })
			// The watch may not be set up yet, so there is a change until one is heard of.
			deadline := time.After(10 * time.Second)
			for i := 0; ; i++ {
				mount(t, dir, string(rune('a'+i)), map[string]string{"a.yaml": clientFile("c" + string(rune('a'+i)))})
				select {
				case ids := <-got:
					if !strings.HasPrefix(ids, "c") {
						t.Error(ids)
					}
					return
				case <-deadline:
					t.Fatal("no change was heard of")
				case <-time.After(300 * time.Millisecond):
				}
			}
		})
	}
}
