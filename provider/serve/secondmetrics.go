package serve

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/provider/audit"
)

// secondMethods are the ways to prove a second factor by a code; passkeys are counted where they sign in.
func secondMethods() []string { return []string{"totp", "recovery_code"} }

// newSecondFactors counts codes of second factors by method and outcome.
func newSecondFactors() *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "latchkey_second_factors_total", Help: "Codes of second factors."}, []string{"outcome", "method"})
	for _, m := range secondMethods() {
		c.WithLabelValues("ok", m) // a rate needs a zero to start from
		c.WithLabelValues("failed", m)
	}
	return c
}

// countSecond counts an event that is about such a code.
func countSecond(c *prometheus.CounterVec, ev audit.Event) {
	if !slices.Contains(secondMethods(), ev.Detail) {
		return
	}
	switch ev.Name {
	case audit.SecondFactor:
		c.WithLabelValues("ok", ev.Detail).Inc()
	case audit.SecondFactorFailed:
		c.WithLabelValues("failed", ev.Detail).Inc()
	}
}
