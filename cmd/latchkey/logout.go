package main

import (
	"context"
	"errors"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/provider/audit"
	"latchkey/provider/logout"
)

// startLogout starts the dispatcher that tells applications that a session ended.
func (s *server) startLogout(ctx context.Context) error {
	conf := logout.Defaults()
	conf.Poll = s.core.lookEvery(conf.Poll)
	conf.TTL = s.cfg.Logout.NoticeTTL.D()
	d, err := logout.New(conf, logout.Deps{Notices: s.core.store, Clients: s.core.registry, Tokens: s.site.provider.Issuer, Fetcher: s.core.fetcher,
		Audit: s.sink, Log: s.log, Now: s.core.now})
	if err != nil {
		return err
	}
	wake := d.Wake
	s.ended.Store(&wake)
	s.reg.MustRegister(logoutGauges{d})
	s.startDuty(ctx, "logout", func(ctx context.Context) {
		s.takeOver(ctx, s.core.store.ReleaseNotices)
		if err := d.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.broken <- err
		}
	})
	return nil
}

// endings are the events that may have queued logout notices.
var endings = []audit.Name{audit.SignOut, audit.SessionsEnded, audit.PasswordChanged, audit.PasswordReset, audit.AccountDisabled, audit.AccountDeleted,
	audit.ConsentRemoved, audit.AppSignedOut, audit.DeletionPlanned}

// wakeLogout tells the dispatcher at once what it would find at its next look.
func (s *server) wakeLogout(e audit.Event) {
	if wake := s.ended.Load(); wake != nil && slices.Contains(endings, e.Name) {
		(*wake)()
	}
}

// logoutGauges are the dispatcher's counters.
type logoutGauges struct{ dispatcher *logout.Dispatcher }

// Describe implements [prometheus.Collector].
func (logoutGauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (g logoutGauges) Collect(out chan<- prometheus.Metric) {
	st := g.dispatcher.State()
	for outcome, n := range map[string]uint64{"delivered": st.Delivered, "failed": st.Failed, "given_up": st.GivenUp} {
		out <- prometheus.MustNewConstMetric(desc("logout_notice_total", "Tries to tell applications that a session ended, by outcome.", "outcome"), prometheus.CounterValue, float64(n), outcome)
	}
	out <- prometheus.MustNewConstMetric(desc("logout_notice_last_delivered_timestamp_seconds", "When an application was last told; 0 if never."), prometheus.GaugeValue, unix(st.LastDelivered))
}
