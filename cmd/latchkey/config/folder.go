package config

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"latchkey/provider/client"
	"latchkey/storage"
)

// Folder follows a folder of declaring files, as a ConfigMap mounts it: clients, groups and scopes in .yaml and .yml files (see [Declared]). A file
// that cannot be used keeps the former state of what it declares; the others are not held up by it.
type Folder struct {
	// Dir is the folder.
	Dir string
	// Keep is how the files' secrets are kept.
	Keep Keep
	// Served is what the clients can choose from; see [Config.Served].
	Served client.Served
	// Usernames may name members of groups; see [Config.UsernamesAreGiven].
	Usernames bool
	// Hosts of applications behind a proxy that clients outside of the folder have, with their IDs.
	Hosts map[string]string
	// Logger hears of every change and every fault.
	Logger *slog.Logger
	// Failed counts files that could not be used, for a metric; may be nil.
	Failed func()
	// Every is how often to look where the system does not tell of changes, and beside it; 0 means 10 s.
	Every time.Duration

	files map[string]folderFile
}

type folderFile struct {
	sum      [32]byte
	declared Declared
	faults   Faults
}

// Reading is what a folder was found to have.
type Reading struct {
	Declared
	// Stale counts, by kind ("client", "group", "scope"), what stays from before because its file cannot be used now; BadFiles counts those files.
	Stale    map[string]int
	BadFiles int
	// Faults are what is wrong with those.
	Faults Faults
	// Complete: the folder was read, it declares something, and no file of it is faulty. Only then what it lacks can be taken for removed.
	Complete bool
}

// Read reads the folder and returns all that it declares, and whether anything has changed since the last time. The error is [Faults], or says that
// the folder cannot be read; what was read, now or before, is usable beside it.
func (f *Folder) Read() (r Reading, changed bool, err error) {
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return f.all(false, false), false, fmt.Errorf("clients_dir: %w", err)
	}
	now := map[string]folderFile{}
	for _, e := range entries {
		name := e.Name()
		// A ConfigMap's files are links through ..data; names that begin with a dot are its own or an editor's.
		if ext := filepath.Ext(name); strings.HasPrefix(name, ".") || ext != ".yaml" && ext != ".yml" {
			continue
		}
		before, known := f.files[name]
		file, fresh := f.readFile(name, before, known)
		changed = changed || fresh
		now[name] = file
	}
	changed = changed || len(now) != len(f.files) || f.files == nil
	f.files = now
	r = f.all(true, changed)
	if len(r.Faults) > 0 {
		return r, changed, r.Faults
	}
	return r, changed, nil
}

func (f *Folder) readFile(name string, before folderFile, known bool) (file folderFile, fresh bool) {
	path := filepath.Join(f.Dir, name)
	content, err := ReadFile(path)
	if err != nil {
		content = []byte("unreadable: " + err.Error())
	}
	sum := sha256.Sum256(content)
	if known && sum == before.sum && len(before.faults) == 0 && !namesFiles(content) {
		return before, false
	}
	file = folderFile{sum: sum}
	if err != nil {
		file.faults = Faults{{Key: "clients_dir", Problem: fmt.Sprintf("cannot be read: %v", plain(err)), Where: path}}
	} else {
		file.declared, file.faults = f.parse(content, path)
	}
	if len(file.faults) > 0 {
		if !known || sum != before.sum || len(before.faults) == 0 {
			f.complain(file.faults)
		}
		file.declared = before.declared
		return file, !known || sum != before.sum
	}
	return file, !known || sum != before.sum || len(before.faults) > 0 || !sameSecrets(before.declared.Clients, file.declared.Clients)
}

func (f *Folder) complain(faults Faults) {
	for _, fault := range faults {
		f.Logger.LogAttrs(context.Background(), slog.LevelError, "declaring file not usable, what it had before stays", slog.String("error", fault.String()))
	}
	if f.Failed != nil {
		f.Failed()
	}
}

// namesFiles says whether a file's clients may change without it, because secrets are elsewhere.
func namesFiles(content []byte) bool { return bytes.Contains(content, []byte("value_file")) }

func sameSecrets(a, b []storage.Client) bool {
	return slices.EqualFunc(a, b, func(x, y storage.Client) bool {
		return slices.EqualFunc(x.Secrets, y.Secrets, func(m, n storage.ClientSecret) bool { return m.Hash == n.Hash && m.ExpiresAt.Equal(n.ExpiresAt) })
	})
}
