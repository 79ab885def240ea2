package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/storage/archive"
)

// An old backup that was copied under a newer name is not restored for the newest. Whom the operator names is meant.
func TestRestoreComparesNames(t *testing.T) {
	b, folder := scheduled(t, time.Hour, time.Hour, 48*time.Hour)
	all, err := b.place.List(t.Context(), b.cfg.Issuer)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	honest := func(from string) error {
		t.Helper()
		f, err := openBackup(t.Context(), b.cfg, from, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		info, err := archive.Verify(t.Context(), f.whole(), b.keys)
		if err != nil {
			t.Fatal(err)
		}
		return f.honest(info.About)
	}
	if err := honest(folder); err != nil {
		t.Errorf("good: %v", err)
	}
	lie := copied(t, folder, all[0].Name, archive.NewName(b.cfg.Issuer, time.Now()))
	if err := honest(folder); err == nil || !strings.Contains(err.Error(), "but sealed inside is") || !strings.Contains(err.Error(), "name the file itself") {
		t.Errorf("an old one under a newer name: %v", err)
	}
	if err := honest(lie); err != nil {
		t.Errorf("named: %v", err)
	}
}

// copied copies a backup under another name, and returns its path.
func copied(t *testing.T, folder, name, to string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, to)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
