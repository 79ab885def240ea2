package main

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/cmd/latchkey/reconcile"
	"latchkey/provider/admin"
	"latchkey/storage"
)

// declaring is what files declare, in force.
type declaring struct {
	directory *reconcile.Directory
	// used is what is in force, with the clients of the configuration.
	used atomic.Pointer[config.Reading]
	// found is what this replica last found of the store's copies; revision names what is in force.
	found    atomic.Pointer[reconcile.Found]
	revision atomic.Pointer[string]
	// secretUsed is set by a server, before it serves; nil says that none runs.
	secretUsed func(clientID, secretID string) time.Time
}

func newDeclaring() *declaring {
	d := &declaring{directory: reconcile.NewDirectory()}
	d.used.Store(&config.Reading{})
	d.found.Store(&reconcile.Found{})
	d.revision.Store(new(string))
	return d
}

// declare puts what was read of the folder into force, with the clients of the configuration.
func (c *core) declare(own []storage.Client, r config.Reading) {
	r.Clients = c.merge(own, r.Clients)
	c.logChanges(r.Declared)
	c.logUndeclared(r.Declared)
	c.logOpenUsernames(r.Declared)
	c.registry.Declare(r.Clients)
	c.declared.directory.Set(r.Declared)
	revision := reconcile.Revision(reconcile.Declared(r.Declared))
	c.declared.revision.Store(&revision)
	c.declared.used.Store(&r)
}

// logChanges tells what a change of files brought, by names alone, and of people nothing. At the start all is new.
func (c *core) logChanges(next config.Declared) {
	if *c.declared.revision.Load() == "" {
		return
	}
	changes, err := reconcile.Compare(reconcile.Declared(c.declared.used.Load().Declared), reconcile.Declared(next))
	if err != nil {
		c.log.LogAttrs(context.Background(), slog.LevelError, "what files declare cannot be compared with before", slog.String("error", err.Error()))
	}
	for _, change := range changes {
		var members []string
		for _, m := range change.Members {
			if name, _, _ := strings.Cut(m.Name, "["); change.What == "changed" && !slices.Contains(members, name) {
				members = append(members, name)
			}
		}
		c.log.LogAttrs(context.Background(), slog.LevelInfo, "declared anew", slog.String("kind", change.Kind), slog.String("name", change.Name),
			slog.String("change", change.What), slog.Any("members", members))
	}
}

// logUndeclared tells of clients that are for groups of which no file has a single one: only commands can put somebody into them, or a name is misspelt.
func (c *core) logUndeclared(d config.Declared) {
	for _, one := range d.Clients {
		known := slices.ContainsFunc(d.Groups, func(g config.Group) bool { return slices.Contains(one.AllowedGroups, g.Name) })
		if len(one.AllowedGroups) > 0 && !known {
			c.log.LogAttrs(context.Background(), slog.LevelWarn, "client is for groups that no file declares: only commands make members", slog.String("client_id", one.ID), slog.Any("allowed_groups", one.AllowedGroups))
		}
	}
}

// declaration tells operators what the files declare: as this server uses it, or, where none runs, as servers left it in the store.
func (c *core) declaration(ctx context.Context) (admin.Declaration, error) {
	copies, err := reconcile.List(ctx, c.store)
	if err != nil {
		return admin.Declaration{}, err
	}
	if c.declared.secretUsed == nil {
		out := admin.Declaration{Source: "store"}
		for _, one := range copies {
			out.Clients = append(out.Clients, admin.DeclaredClient(one))
		}
		return out, nil
	}
	used := c.declared.used.Load()
	out := reconcile.Declared(used.Declared)
	out.Source, out.Revision = "server", *c.declared.revision.Load()
	for _, f := range used.Faults {
		out.Faults = append(out.Faults, f.String())
	}
	due := map[string]time.Time{}
	for _, i := range c.declared.found.Load().Inert {
		due[i.ClientID] = i.PrunedAt
	}
	for _, one := range copies {
		if !c.registry.IsDeclared(one.ID) {
			out.Inert = append(out.Inert, admin.Inert{ClientID: one.ID, PrunedAt: due[one.ID]})
		}
	}
	return out, nil
}

// The store's copies are compared every lookEvery by each replica, and gone through as a whole every listEvery by the one that keeps them.
const lookEvery, listEvery = 30 * time.Second, 10 * time.Minute

// reconciler keeps the copies of declared clients.
type reconciler struct {
	*server
	copies *reconcile.Copies
	duty   *duty
	woken  chan struct{}
	// dirty: something changed since copies were last gone through.
	dirty  atomic.Bool
	gauges *declaredGauges
}

// startReconciling keeps the store's copies until ctx ends; what it returns is to be called when something else is declared.
func (s *server) startReconciling(ctx context.Context, gauges *declaredGauges) (changed func()) {
	d := s.cfg.Declared
	r := &reconciler{server: s, gauges: gauges, woken: make(chan struct{}, 1), copies: &reconcile.Copies{
		Store: s.core.store, Prune: d.Prune, After: d.PruneAfter.D(), Max: d.PruneMax, Audit: s.sink, Logger: s.log, Now: s.core.now,
	}}
	r.duty = s.startDuty(ctx, "declared", func(ctx context.Context) {
		r.changed()
		<-ctx.Done()
	})
	s.work.Go(func() { r.run(ctx) })
	return r.changed
}

func (r *reconciler) changed() {
	r.dirty.Store(true)
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

func (r *reconciler) run(ctx context.Context) {
	listed, next := time.Time{}, time.Duration(0)
	for waitOr(ctx, next, r.woken) {
		now := r.core.now()
		next = lookEvery
		used, before := r.core.declared.used.Load(), *r.core.declared.found.Load()
		declared := r.lasting(used.Clients)
		var found reconcile.Found
		var err error
		if r.duty.held.Load() && (r.dirty.Swap(false) || !now.Before(listed.Add(listEvery)) || due(before, now)) {
			if found, err = r.copies.Write(ctx, declared, used.Complete); err != nil {
				r.dirty.Store(true)
			}
			listed = now
		} else if found, err = r.copies.Look(ctx, declared); r.duty.held.Load() {
			found.Inert, found.Refused = before.Inert, before.Refused
		}
		if ctx.Err() != nil {
			return
		}
		r.gauges.reconciled(now, found.Pruned, err)
		if err != nil {
			r.log.WarnContext(ctx, "copies of declared clients could not be looked after; serving goes on from memory", "error", err)
			continue
		}
		r.core.declared.found.Store(&found)
		for _, i := range found.Inert {
			if !i.PrunedAt.IsZero() {
				next = min(next, max(i.PrunedAt.Sub(now), 100*time.Millisecond))
			}
		}
	}
}

// due tells whether a client is to be pruned now.
func due(f reconcile.Found, now time.Time) bool {
	for _, i := range f.Inert {
		if !i.PrunedAt.IsZero() && !i.PrunedAt.After(now) {
			return true
		}
	}
	return false
}

// lasting leaves out the clients that come with the program.
func (r *reconciler) lasting(declared []storage.Client) []storage.Client {
	out := make([]storage.Client, 0, len(declared))
	for _, c := range declared {
		if !isOwn(r.cfg, c.ID) {
			out = append(out, c)
		}
	}
	return out
}
