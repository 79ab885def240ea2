package config

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"

	"latchkey/provider/client"
	"latchkey/storage"
)

// all merges the files; of two things of one name the one in the first file, by name, counts, and so it is with hosts of applications behind a proxy.
func (f *Folder) all(good, tell bool) (r Reading) {
	r.Stale = map[string]int{}
	clients, groups, scopes := map[string]storage.Client{}, map[string]Group{}, map[string]Scope{}
	hosts := map[string]string{}
	maps.Copy(hosts, f.Hosts)
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		file := f.files[name]
		twice := func(kind, what string) {
			if tell {
				f.Logger.LogAttrs(context.Background(), slog.LevelError, "declared twice, the first one counts", slog.String(kind, what), slog.String("file", name))
			}
		}
		if len(file.faults) > 0 {
			r.BadFiles++
			r.Faults = append(r.Faults, file.faults...)
			r.Stale["client"] += len(file.declared.Clients)
			r.Stale["group"] += len(file.declared.Groups)
			r.Stale["scope"] += len(file.declared.Scopes)
		}
		own, refused := ownHosts(hosts, file.declared.Clients, filepath.Join(f.Dir, name))
		if len(refused) > 0 {
			r.Faults = append(r.Faults, refused...)
			if len(file.faults) == 0 {
				r.BadFiles++
			}
			if tell {
				f.refuse(refused)
			}
		}
		collect(clients, own, func(c storage.Client) string { return c.ID }, func(id string) { twice("client", id) })
		collect(groups, file.declared.Groups, func(g Group) string { return g.Name }, func(name string) { twice("group", name) })
		collect(scopes, file.declared.Scopes, func(s Scope) string { return s.Name }, func(name string) { twice("scope", name) })
	}
	r.Clients, r.Groups, r.Scopes = sorted(clients), sorted(groups), sorted(scopes)
	r.Complete = good && len(r.Faults) == 0 && len(clients)+len(groups)+len(scopes) > 0
	return r
}

// refuse tells of clients that are left out. Those of the same file that are in order count.
func (f *Folder) refuse(faults Faults) {
	for _, fault := range faults {
		f.Logger.LogAttrs(context.Background(), slog.LevelError, "client refused: a host belongs to one alone", slog.String("error", fault.String()))
	}
	if f.Failed != nil {
		f.Failed()
	}
}

// collect puts items into all by their names.
func collect[T any](all map[string]T, items []T, name func(T) string, twice func(string)) {
	for _, item := range items {
		if _, there := all[name(item)]; there {
			twice(name(item))
			continue
		}
		all[name(item)] = item
	}
}

func sorted[K cmp.Ordered, T any](all map[K]T) []T {
	out := make([]T, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[name])
	}
	return out
}

// clientFiles reads clients_dir for its faults: a server that starts has no former state to keep.
func (l *loader) clientFiles() {
	if l.config.ClientsDir == "" {
		return
	}
	folder := l.config.Folder(Keep{Hash: client.HashSecret})
	folder.Logger = slog.New(slog.DiscardHandler)
	r, _, err := folder.Read()
	for _, c := range r.Clients {
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

// Folder is the folder of declaring files (clients_dir). Its Logger is yet to be set.
func (c *Config) Folder(keep Keep) *Folder {
	if keep.Env == nil {
		keep.Env = c.Declared.Env
	}
	return &Folder{Dir: c.ClientsDir, Keep: keep, Served: c.Served(), Usernames: c.UsernamesAreGiven(), Hosts: c.forwardHosts()}
}
