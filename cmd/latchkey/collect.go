package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"latchkey/keys"
	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// gauges reads the state of keys, hash queue and store when it is scraped. Label values are bounded: keys are few, record kinds fixed.
type gauges struct {
	rings *keys.Rings
	hash  func() account.HashStats
	store interface {
		Stats(ctx context.Context) (map[string]int64, error)
		OutboxState(ctx context.Context, now time.Time) (storage.OutboxState, error)
		NoticeState(ctx context.Context, now time.Time) (storage.NoticeState, error)
	}
	log *slog.Logger
	now func() time.Time
	// counts are records as they were counted last, and countEvery how old they may be: a database is asked by every replica, at every scrape.
	counts     *recordCounts
	countEvery time.Duration
	// trouble is with counting records, mails and notices.
	trouble *[3]paced
}

// sharedCount is how often records are counted where every replica counts them.
const sharedCount = time.Minute

type recordCounts struct {
	mu      sync.Mutex
	at      time.Time
	records map[string]int64
}

// count counts the records, or tells what was counted lately. Of scrapes at once one counts.
func (g gauges) count(ctx context.Context) (map[string]int64, error) {
	c := g.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := g.now().Sub(c.at); c.records != nil && age >= 0 && age < g.countEvery {
		return c.records, nil
	}
	records, err := g.store.Stats(ctx)
	if err == nil {
		c.at, c.records = g.now(), records
	}
	return records, err
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("latchkey_"+name, help, labels, nil)
}

func keyDescs() (age, next, signed, newest, fetched *prometheus.Desc) {
	return desc("key_age_seconds", "Time since the key was published.", "kid", "alg", "state"),
		desc("key_next_transition_timestamp_seconds", "When the key changes its state next; 0 if that is not decided.", "kid", "alg", "state"),
		desc("key_tokens_signed_total", "Tokens that this process signed with the key.", "kid", "alg"),
		desc("key_newest_token_expiry_timestamp_seconds", "Latest expiry of the tokens that this process signed with the key; 0 if none lives.", "kid", "alg"),
		desc("jwks_last_fetch_timestamp_seconds", "When the key set was last fetched from this process; 0 if never.")
}

// Describe implements [prometheus.Collector]. What is collected is not known beforehand.
func (gauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (g gauges) Collect(out chan<- prometheus.Metric) {
	g.collectKeys(out)
	g.collectHash(out)
	g.collectStore(out)
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func (g gauges) collectKeys(out chan<- prometheus.Metric) {
	age, next, signed, newest, fetched := keyDescs()
	now := g.now()
	for _, k := range g.rings.List() {
		state := string(k.State)
		out <- prometheus.MustNewConstMetric(age, prometheus.GaugeValue, now.Sub(k.PublishedAt).Seconds(), k.KID, k.Alg, state)
		out <- prometheus.MustNewConstMetric(next, prometheus.GaugeValue, unix(k.NextTransition), k.KID, k.Alg, state)
		out <- prometheus.MustNewConstMetric(signed, prometheus.CounterValue, float64(k.Signed), k.KID, k.Alg)
		out <- prometheus.MustNewConstMetric(newest, prometheus.GaugeValue, unix(k.NewestExpiry), k.KID, k.Alg)
	}
	out <- prometheus.MustNewConstMetric(fetched, prometheus.GaugeValue, unix(g.rings.LastJWKSFetch()))
}

func (g gauges) collectHash(out chan<- prometheus.Metric) {
	h := g.hash()
	gauge := func(name, help string, v float64) {
		out <- prometheus.MustNewConstMetric(desc(name, help), prometheus.GaugeValue, v)
	}
	gauge("hash_slots", "Password hashes that can run at once.", float64(h.Slots))
	gauge("hash_running", "Password hashes that run.", float64(h.Running))
	gauge("hash_waiting", "Password hashes that wait for a slot.", float64(h.Waiting))
	out <- prometheus.MustNewConstMetric(desc("hash_done_total", "Password hashes computed."), prometheus.CounterValue, float64(h.Done))
	out <- prometheus.MustNewConstMetric(desc("hash_shed_total", "Requests turned away because the hash queue was full."), prometheus.CounterValue, float64(h.Shed))
}

func (g gauges) collectStore(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	stats, err := g.count(ctx)
	if g.trouble[0].due(err, g.now()) {
		g.log.WarnContext(ctx, "store statistics cannot be read", "error", err)
	}
	for kind, n := range stats {
		if kind == "bytes" {
			out <- prometheus.MustNewConstMetric(desc("store_size_bytes", "Size of the store."), prometheus.GaugeValue, float64(n))
			continue
		}
		out <- prometheus.MustNewConstMetric(desc("store_records", "Records in the store by kind.", "kind"), prometheus.GaugeValue, float64(n), kind)
	}
	box, err := g.store.OutboxState(ctx, g.now())
	if g.trouble[1].due(err, g.now()) {
		g.log.WarnContext(ctx, "outbox cannot be counted", "error", err)
	}
	if err != nil {
		return
	}
	oldest := 0.0
	if !box.Oldest.IsZero() {
		oldest = g.now().Sub(box.Oldest).Seconds()
	}
	out <- prometheus.MustNewConstMetric(desc("outbox_waiting", "Mails that wait to be sent."), prometheus.GaugeValue, float64(box.Waiting))
	out <- prometheus.MustNewConstMetric(desc("outbox_failing", "Mails that failed at least once and are tried again."), prometheus.GaugeValue, float64(box.Failing))
	out <- prometheus.MustNewConstMetric(desc("outbox_oldest_seconds", "Age of the oldest mail that waits."), prometheus.GaugeValue, oldest)
	g.collectNotices(ctx, out)
}

func (g gauges) collectNotices(ctx context.Context, out chan<- prometheus.Metric) {
	st, err := g.store.NoticeState(ctx, g.now())
	if g.trouble[2].due(err, g.now()) {
		g.log.WarnContext(ctx, "logout notices cannot be counted", "error", err)
	}
	if err != nil {
		return
	}
	oldest := 0.0
	if !st.Oldest.IsZero() {
		oldest = g.now().Sub(st.Oldest).Seconds()
	}
	out <- prometheus.MustNewConstMetric(desc("logout_notices_waiting", "Applications that are yet to be told that a session ended."), prometheus.GaugeValue, float64(st.Waiting))
	out <- prometheus.MustNewConstMetric(desc("logout_notices_failing", "Of these, those that were tried in vain."), prometheus.GaugeValue, float64(st.Failing))
	out <- prometheus.MustNewConstMetric(desc("logout_notices_oldest_seconds", "Age of the oldest that waits."), prometheus.GaugeValue, oldest)
}

// observeStore makes the hook that times every verb of the store and gives it a span.
func observeStore(reg prometheus.Registerer, tracer trace.TracerProvider, now func() time.Time) func(context.Context, string) (context.Context, func(error)) {
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "latchkey_store_duration_seconds", Help: "Duration of store operations.",
		Buckets: []float64{.00001, .00005, .0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
	}, []string{"verb", "outcome"})
	reg.MustRegister(took)
	var tr trace.Tracer
	if tracer != nil {
		tr = tracer.Tracer("latchkey/storage")
	}
	type labels struct{ verb, outcome string }
	var members serve.Memo[labels, prometheus.Observer]
	member := func(l labels) prometheus.Observer { return took.WithLabelValues(l.verb, l.outcome) }
	return func(ctx context.Context, verb string) (context.Context, func(error)) {
		start := now()
		var span trace.Span
		if above := trace.SpanContextFromContext(ctx); tr != nil && (above.IsSampled() || !above.IsValid()) { // what is below a span that is not sampled is not either
			ctx, span = tr.Start(ctx, "store "+verb, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.String("db.operation.name", verb)))
		}
		return ctx, func(err error) {
			word := outcomeOf(err)
			members.Get(labels{verb, word}, member).Observe(now().Sub(start).Seconds())
			if span != nil {
				if word == "error" {
					span.SetStatus(codes.Error, "store operation failed")
				}
				span.End()
			}
		}
	}
}

// outcomeOf is a bounded word: answers that callers reckon with are told from faults.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrSpent):
		return "not_found"
	case errors.Is(err, storage.ErrConflict), errors.Is(err, storage.ErrExists), errors.Is(err, storage.ErrUsernameTaken), errors.Is(err, storage.ErrEmailTaken),
		errors.Is(err, storage.ErrFull):
		return "conflict"
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, storage.ErrUnknown):
		return "unavailable"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "canceled"
	}
	return "error"
}
