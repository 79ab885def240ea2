package config

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.yaml.in/yaml/v3"

	"latchkey/provider/client"
	"latchkey/storage"
)

// Folder follows a folder of client files, as a ConfigMap mounts it: one client or a list in each .yaml or .yml file. A file that
// cannot be used keeps the former state of its clients; the others are not held up by it.
type Folder struct {
	// Dir is the folder.
	Dir string
	// Keep is how the files' secrets are kept.
	Keep Keep
	// Served is what the clients can choose from; see [Config.Served].
	Served client.Served
	// Logger hears of every change and every fault.
	Logger *slog.Logger
	// Failed counts files that could not be used, for a metric; may be nil.
	Failed func()
	// Every is how often to look where the system does not tell of changes, and beside it; 0 means 10 s.
	Every time.Duration

	files map[string]folderFile
}

type folderFile struct {
	sum     [32]byte
	clients []storage.Client
	faults  Faults
}

// Read reads the folder and returns all its clients, in order of ID, and whether anything has changed since the last time. The error
// is [Faults], or says that the folder cannot be read; the clients are usable beside it.
func (f *Folder) Read() (clients []storage.Client, changed bool, err error) {
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return f.all(), false, fmt.Errorf("clients_dir: %w", err)
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
	if faults := f.faults(); len(faults) > 0 {
		return f.all(), changed, faults
	}
	return f.all(), changed, nil
}

func (f *Folder) readFile(name string, before folderFile, known bool) (file folderFile, fresh bool) {
	path := filepath.Join(f.Dir, name)
	content, err := readCapped(path)
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
		file.clients, file.faults = parseClients(content, path, f.Keep, f.Served)
	}
	if len(file.faults) > 0 {
		if !known || sum != before.sum || len(before.faults) == 0 {
			f.complain(file.faults)
		}
		file.clients = before.clients
		return file, !known || sum != before.sum
	}
	return file, !known || sum != before.sum || len(before.faults) > 0 || !sameSecrets(before.clients, file.clients)
}

func (f *Folder) complain(faults Faults) {
	for _, fault := range faults {
		f.Logger.LogAttrs(context.Background(), slog.LevelError, "client file not usable, its former clients stay", slog.String("error", fault.String()))
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

// clientFiles reads clients_dir for its faults: a server that starts has no former state to keep.
func (l *loader) clientFiles() {
	if l.config.ClientsDir == "" {
		return
	}
	folder := Folder{Dir: l.config.ClientsDir, Keep: Keep{Hash: client.HashSecret}, Served: l.config.Served(), Logger: slog.New(slog.DiscardHandler)}
	clients, _, err := folder.Read()
	for _, c := range clients {
		if slices.ContainsFunc(l.config.Clients, func(own ClientSpec) bool { return own.made.ID == c.ID }) {
			l.fault("clients_dir", "has the client %s, which clients has too", c.ID)
		}
	}
	if faults, ok := errors.AsType[Faults](err); ok {
		l.faults = append(l.faults, faults...)
	} else if err != nil {
		l.fault("clients_dir", "cannot be read: %v", plain(err))
	}
}

func parseClients(content []byte, path string, keep Keep, served client.Served) (out []storage.Client, faults Faults) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var doc yaml.Node
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, Faults{{Key: "clients_dir", Problem: fmt.Sprintf("is not YAML: %v", err), Where: path}}
	}
	var specs []ClientSpec
	complain := func(key string, n *yaml.Node, format string, args ...any) {
		faults = append(faults, Fault{Key: key, Problem: fmt.Sprintf(format, args...), Where: where(path, n)})
	}
	if err := setClients(&specs, "clients", doc.Content[0], complain); err != nil {
		complain("clients", doc.Content[0], "%v", err)
	}
	for i := range specs {
		record, wrong := specs[i].Record(keep, served)
		for _, w := range wrong {
			faults = append(faults, Fault{Key: "clients[" + specs[i].made.ID + "]." + w.Key, Problem: w.Problem, Where: fmt.Sprintf("%s:%d", path, specs[i].line)})
		}
		out = append(out, record)
	}
	return out, faults
}

func (f *Folder) faults() (all Faults) {
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		all = append(all, f.files[name].faults...)
	}
	return all
}

// all merges the files; of two clients with one ID the one in the first file, by name, counts.
func (f *Folder) all() []storage.Client {
	byID := map[string]storage.Client{}
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		for _, c := range f.files[name].clients {
			if _, twice := byID[c.ID]; twice {
				f.Logger.LogAttrs(context.Background(), slog.LevelError, "client declared twice, the first one counts", slog.String("client_id", c.ID), slog.String("file", name))
				continue
			}
			byID[c.ID] = c
		}
	}
	out := make([]storage.Client, 0, len(byID))
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		out = append(out, byID[id])
	}
	return out
}

// Watch gives the clients to changed whenever the folder changes, until ctx ends. Call Read once before.
func (f *Folder) Watch(ctx context.Context, changed func([]storage.Client)) {
	every := f.Every
	if every <= 0 {
		every = 10 * time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var events chan fsnotify.Event
	var lost chan error
	if w, err := fsnotify.NewWatcher(); err == nil {
		defer func() { _ = w.Close() }()
		if err = w.Add(f.Dir); err == nil {
			events, lost = w.Events, w.Errors
		}
	}
	var settle <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case err := <-lost: // events were dropped
			f.Logger.LogAttrs(ctx, slog.LevelDebug, "events of the client folder were lost, reading it again", slog.Any("error", err))
			settle = time.After(100 * time.Millisecond)
			continue
		case <-events:
			settle = time.After(100 * time.Millisecond) // writers take several steps
			continue
		case <-settle:
			settle = nil
		case <-tick.C:
		}
		clients, news, err := f.Read()
		if err != nil && !is[Faults](err) {
			f.Logger.LogAttrs(ctx, slog.LevelError, "client folder not readable, its former clients stay", slog.String("error", err.Error()))
		}
		if news {
			f.Logger.LogAttrs(ctx, slog.LevelInfo, "clients read again", slog.Int("clients", len(clients)))
			changed(clients)
		}
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
