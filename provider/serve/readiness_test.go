package serve

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/provider/audit"
)

// state is the state that a scrape tells, with the checks that fail.
func scrapedState(t *testing.T, reg *prometheus.Registry) string {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			on := m.GetGauge().GetValue() == 1
			if name := m.GetLabel()[0].GetValue(); f.GetName() == "latchkey_readiness" && on {
				said = append(said, name)
			} else if f.GetName() == "latchkey_readiness_check" && !on {
				said = append(said, "-"+name)
			}
		}
	}
	return strings.Join(said, " ")
}

func TestReadinessIsScraped(t *testing.T) {
	broken := Check{"store", func(context.Context) error { return errors.New("gone") }}
	well := Check{"keys", func(context.Context) error { return nil }}
	for _, row := range []struct {
		name string
		set  func(o *Ops)
		want string
	}{
		{"nothing was said yet", func(*Ops) {}, "starting"},
		{"the store is being opened", func(o *Ops) { o.Starting(broken) }, "starting -store"},
		{"another process has the store", func(o *Ops) { o.Starting(Check{"store", func(context.Context) error { return ErrStandby }}) }, "standby -store"},
		{"all is well", func(o *Ops) { o.Started(well) }, "ready"},
		{"the store is away", func(o *Ops) { o.Started(broken, well) }, "failing -store"},
		{"it drains, and the store is away", func(o *Ops) { o.Started(broken); o.Drain() }, "draining -store"},
	} {
		t.Run(row.name, func(t *testing.T) {
			reg := prometheus.NewRegistry()
			o := NewOps(reg, false)
			row.set(o)
			reg.MustRegister(o.Readiness())
			if got := scrapedState(t, reg); got != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
}

// TestCountersBeginAtZero: a counter that appears with its first count has no increase for Prometheus, so an alert would miss it.
func TestCountersBeginAtZero(t *testing.T) {
	reg := prometheus.NewRegistry()
	m, err := newMetrics(reg)
	if err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]int{}
	for _, f := range families {
		series[f.GetName()] = len(f.GetMetric())
	}
	if got := series["latchkey_audit_events_total"]; got != len(audit.Names()) {
		t.Errorf("%d events counted, %d known", got, len(audit.Names()))
	}
	if got := series["latchkey_signins_total"]; got != 2*len(signInMethods()) {
		t.Errorf("%d kinds of sign-in counted", got)
	}
	e := &Edge{metrics: m}
	for range 3 {
		e.Sink().Record(t.Context(), audit.Event{Name: audit.SignInFailed, Detail: "changed_meanwhile"})
	}
	e.Sink().Record(t.Context(), audit.Event{Name: audit.SignIn, Detail: "page"})
	if families, err = reg.Gather(); err != nil {
		t.Fatal(err)
	}
	counted := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "latchkey_signins_total" {
			continue
		}
		for _, s := range f.GetMetric() {
			counted[s.GetLabel()[0].GetValue()+" "+s.GetLabel()[1].GetValue()] = s.GetCounter().GetValue()
		}
	}
	if counted["other failed"]+counted["failed other"] != 3 || counted["page ok"]+counted["ok page"] != 1 {
		t.Errorf("counted %v", counted)
	}
}
