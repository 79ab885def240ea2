package main

import (
	"crypto/tls"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/cmd/latchkey/config"
	"latchkey/keys"
)

// bounds reads what alerts compare the other metrics with: schedules, limits, what the disk and the certificate have left.
type bounds struct {
	cfg   *config.Config
	rings *keys.Rings
	// load are the database's connections: in use, open, allowed; nil where the store has none.
	load func() (used, open, limit int)
	// certificate is the listener's; nil where it has none.
	certificate *tls.Config
	log         *slog.Logger
	now         func() time.Time
}

// newBounds finds what a running server has of it.
func (s *server) newBounds(certificate *tls.Config) bounds {
	b := bounds{cfg: s.cfg, rings: s.core.rings, certificate: certificate, log: s.log, now: time.Now}
	if pool, ok := s.core.driver.store.(interface {
		Load() (used, open, limit int)
	}); ok {
		b.load = pool.Load
	}
	return b
}

// Describe implements [prometheus.Collector]. What is collected is not known beforehand.
func (bounds) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (b bounds) Collect(out chan<- prometheus.Metric) {
	gauge := func(name, help string, v float64) {
		out <- prometheus.MustNewConstMetric(desc(name, help), prometheus.GaugeValue, v)
	}
	gauge("http_connections_limit", "Open connections that are allowed (server.limits.max_connections).", float64(b.cfg.Server.Limits.MaxConnections))
	gauge("keyring_last_read_timestamp_seconds", "When this process last read the keyring from the store.", unix(b.rings.LastRead()))
	k := b.cfg.Keys
	gauge("key_rotation_interval_seconds", "How long a key is active at most: keys.rotate_every, or how long the next one must be published where that is more.",
		max(k.RotateEvery, k.PublishAhead, 2*k.JWKSMaxAge).D().Seconds())
	b.collectActive(out)
	if b.load != nil {
		used, open, limit := b.load()
		d := desc("store_connections", "Connections to the database for requests of this replica.", "state")
		for state, n := range map[string]int{"used": used, "open": open, "limit": limit} {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), state)
		}
	}
	if b.cfg.Storage.Driver == "bolt" {
		if free, size, err := diskSpace(b.cfg.Storage.BoltPath); err == nil {
			gauge("store_disk_free_bytes", "Free space of the disk that has the store's file.", free)
			gauge("store_disk_size_bytes", "Size of that disk.", size)
		} else {
			b.log.Debug("disk space cannot be told", "error", err)
		}
	}
	if b.certificate != nil {
		if c, err := b.certificate.GetCertificate(nil); err == nil && c != nil && c.Leaf != nil {
			gauge("tls_certificate_not_after_timestamp_seconds", "When the certificate of the public listener expires.", unix(c.Leaf.NotAfter))
		}
	}
}

// collectActive tells how long each key has been signing: age counts from publication, long before.
func (b bounds) collectActive(out chan<- prometheus.Metric) {
	now, d := b.now(), desc("key_active_seconds", "Time since the key that signs began to.", "kid", "alg")
	for _, key := range b.rings.List() {
		if key.State == keys.StateActive {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, now.Sub(key.ActivatesAt).Seconds(), key.KID, key.Alg)
		}
	}
}
