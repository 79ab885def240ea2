package harness

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metrics is one scrape.
type Metrics struct {
	Families map[string]*dto.MetricFamily
	Raw      string
}

// Metrics scrapes and parses /metrics.
func (s *Server) Metrics(t testing.TB) *Metrics {
	t.Helper()
	c := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	status, body, err := get(c, s.Ops+"/metrics")
	if err != nil || status != http.StatusOK {
		t.Fatalf("scrape: %d %v", status, err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatalf("the metrics cannot be parsed: %v", err)
	}
	return &Metrics{Families: families, Raw: body}
}

// Sum adds up the samples of a counter, gauge or histogram (its count) whose labels have the pairs given.
func (m *Metrics) Sum(name string, labels ...string) float64 {
	f := m.Families[name]
	if f == nil {
		return 0
	}
	sum := 0.0
	for _, sample := range f.GetMetric() {
		if !match(sample, labels) {
			continue
		}
		sum += sample.GetCounter().GetValue() + sample.GetGauge().GetValue() + sample.GetUntyped().GetValue() + float64(sample.GetHistogram().GetSampleCount())
	}
	return sum
}

func match(sample *dto.Metric, labels []string) bool {
	for i := 0; i+1 < len(labels); i += 2 {
		if !slices.ContainsFunc(sample.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == labels[i] && l.GetValue() == labels[i+1] }) {
			return false
		}
	}
	return true
}

// Median of values; the lower one of two.
func Median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}
