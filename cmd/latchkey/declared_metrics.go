package main

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/provider/client"
)

// declaredGauges tell what files declare, and how far that is in force.
type declaredGauges struct {
	core   *core
	last   atomic.Int64 // unix seconds
	good   atomic.Bool
	pruned atomic.Uint64
}

func newDeclaredGauges(s *server) *declaredGauges { return &declaredGauges{core: s.core} }

// reconciled notes what came of going through the copies.
func (g *declaredGauges) reconciled(now time.Time, pruned int, err error) {
	g.last.Store(now.Unix())
	g.good.Store(err == nil)
	g.pruned.Add(uint64(max(pruned, 0)))
}

// Describe implements [prometheus.Collector].
func (*declaredGauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (g *declaredGauges) Collect(out chan<- prometheus.Metric) {
	gauge := func(name, help string, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc(name, help), prometheus.GaugeValue, v, labels...)
	}
	used, found := g.core.declared.used.Load(), g.core.declared.found.Load()
	total := map[string]int{"client": len(used.Clients), "group": len(used.Groups), "scope": len(used.Scopes)}
	states := map[string]map[string]int{"client": {"differs": len(found.Differing), "shadowed": len(found.Shadowed), "inert": len(found.Inert)}, "group": {}, "scope": {}}
	for kind, in := range states {
		in["faulty"] = used.Stale[kind]
		in["in_sync"] = max(0, total[kind]-in["faulty"]-in["differs"]-in["shadowed"])
		for state, n := range in {
			out <- prometheus.MustNewConstMetric(desc("declared_objects", "What files declare, by kind and state: in_sync, differs (the store's copy is another yet), faulty (its file cannot be used, so it is as it was), shadowed (a client of the store has the ID too), inert (no file has it any more, told by the replica that holds the duty).",
				"kind", "state"), prometheus.GaugeValue, float64(n), kind, state)
		}
	}
	gauge("clients_declared", "Clients that files declare.", float64(total["client"]))
	gauge("declared_files_faulty", "Files of clients_dir that cannot be used now.", float64(used.BadFiles))
	gauge("declared_last_reconcile_timestamp_seconds", "When the store's copies were last compared with what is declared.", float64(g.last.Load()))
	gauge("declared_last_reconcile_success", "Whether that went well.", truth(g.good.Load()))
	gauge("declared_prune_refused", "Whether clients went missing that are not pruned because they are too many at once.", truth(found.Refused))
	out <- prometheus.MustNewConstMetric(desc("declared_pruned_total", "Clients that were removed because no file declares them any more."), prometheus.CounterValue, float64(g.pruned.Load()))
	out <- prometheus.MustNewConstMetric(desc("declared_revision_info", "What is declared, as a name for it: replicas with the same files tell the same.", "revision"), prometheus.GaugeValue, 1, *g.core.declared.revision.Load())
	g.secrets(out)
}

// secrets tells of those secrets of declared clients that are being changed, or will end.
func (g *declaredGauges) secrets(out chan<- prometheus.Metric) {
	usedAt := desc("client_secret_last_used_timestamp_seconds", "When a declared client with two secrets last proved itself to this process with each; 0 if it has not.", "client_id", "secret")
	ends := desc("client_secret_expiry_timestamp_seconds", "When a secret of a declared client ends, where it does.", "client_id", "secret")
	for _, c := range g.core.declared.used.Load().Clients {
		for _, s := range c.Secrets {
			if g.core.declared.secretUsed != nil && len(c.Secrets) == client.MaxSecrets {
				out <- prometheus.MustNewConstMetric(usedAt, prometheus.GaugeValue, unix(g.core.declared.secretUsed(c.ID, s.ID)), c.ID, s.ID)
			}
			if !s.ExpiresAt.IsZero() {
				out <- prometheus.MustNewConstMetric(ends, prometheus.GaugeValue, unix(s.ExpiresAt), c.ID, s.ID)
			}
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
