package prometheus

import (
	"compress/gzip"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	theirs "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// filled is a registry with one metric of each kind.
func filled(t *testing.T) *Registry {
	t.Helper()
	r := NewRegistry()
	requests := NewCounterVec(CounterOpts{Name: "x_requests_total", Help: "Back\\slash, \"quotes\"\nand lines."}, []string{"code", "path"})
	requests.WithLabelValues("200", `a"b\c`+"\n"+`ä`).Add(2.5)
	requests.WithLabelValues("200", "\xff").Inc()
	up := NewGauge(GaugeOpts{Name: "x_up", Help: "Up.", ConstLabels: Labels{"z": "1", "a": "2"}})
	up.Set(math.Inf(-1))
	odd := NewGaugeVec(GaugeOpts{Name: "x_odd", Help: "Odd."}, []string{"n"})
	odd.WithLabelValues("nan").Set(math.NaN())
	odd.WithLabelValues("big").Set(1e21)
	odd.WithLabelValues("down").Dec()
	took := NewHistogramVec(HistogramOpts{Name: "x_took_seconds", Help: "Took.", Buckets: []float64{0.5, 1}}, []string{"op"})
	took.WithLabelValues("a").Observe(0.5)
	took.WithLabelValues("a").Observe(0.75)
	o, ok := took.WithLabelValues("a").(ExemplarObserver)
	if !ok {
		t.Fatal("a histogram takes no exemplars")
	}
	o.ObserveWithExemplar(3, Labels{"trace_id": "abc"})
	r.MustRegister(requests, up, odd, took, NewCounterFunc(CounterOpts{Name: "x_dropped", Help: "No _total."}, func() float64 { return 7 }))
	return r
}

func scrape(t *testing.T, g Gatherer, headers ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	HandlerFor(g).ServeHTTP(w, r)
	res := w.Result()
	body := io.Reader(res.Body)
	if res.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		body = z
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(raw)
}

const inText = `# HELP x_dropped No _total.
# TYPE x_dropped counter
x_dropped 7
# HELP x_odd Odd.
# TYPE x_odd gauge
x_odd{n="big"} 1e+21
x_odd{n="down"} -1
x_odd{n="nan"} NaN
# HELP x_requests_total Back\\slash, "quotes"\nand lines.
# TYPE x_requests_total counter
x_requests_total{code="200",path="a\"b\\c\nä"} 2.5
x_requests_total{code="200",path="` + "\ufffd" + `"} 1
# HELP x_took_seconds Took.
# TYPE x_took_seconds histogram
x_took_seconds_bucket{op="a",le="0.5"} 1
x_took_seconds_bucket{op="a",le="1"} 2
x_took_seconds_bucket{op="a",le="+Inf"} 3
x_took_seconds_sum{op="a"} 4.25
x_took_seconds_count{op="a"} 3
# HELP x_up Up.
# TYPE x_up gauge
x_up{a="2",z="1"} -Inf
`

const inOpenMetrics = `# HELP x_dropped No _total.
# TYPE x_dropped unknown
x_dropped 7.0
# HELP x_odd Odd.
# TYPE x_odd gauge
x_odd{n="big"} 1e+21
x_odd{n="down"} -1.0
x_odd{n="nan"} NaN
# HELP x_requests Back\\slash, \"quotes\"\nand lines.
# TYPE x_requests counter
x_requests_total{code="200",path="a\"b\\c\nä"} 2.5
x_requests_total{code="200",path="` + "\ufffd" + `"} 1.0
# HELP x_took_seconds Took.
# TYPE x_took_seconds histogram
x_took_seconds_bucket{op="a",le="0.5"} 1
x_took_seconds_bucket{op="a",le="1.0"} 2
x_took_seconds_bucket{op="a",le="+Inf"} 3 # {trace_id="abc"} 3.0
x_took_seconds_sum{op="a"} 4.25
x_took_seconds_count{op="a"} 3
# HELP x_up Up.
# TYPE x_up gauge
x_up{a="2",z="1"} -Inf
# EOF
`

func TestFormats(t *testing.T) {
	for _, row := range []struct {
		name, accept, encoding, want, contentType string
	}{
		{"text", "", "", inText, textType},
		{"text is liked better", "application/openmetrics-text;q=0.3,text/plain;version=0.0.4;q=0.7", "", inText, textType},
		{"OpenMetrics, gzip", "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "gzip", inOpenMetrics, openMetricsType},
		{"gzip is refused", "*/*", "gzip;q=0, identity", inText, textType},
	} {
		t.Run(row.name, func(t *testing.T) {
			res, got := scrape(t, filled(t), "Accept", row.accept, "Accept-Encoding", row.encoding)
			if got != row.want || res.Header.Get("Content-Type") != row.contentType || (res.Header.Get("Content-Encoding") == "gzip") != (row.encoding == "gzip") {
				t.Errorf("%v\n%s", res.Header, got)
			}
		})
	}
}

// families reads a page as Prometheus does.
func families(t *testing.T, page string) map[string]string {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	read, err := parser.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name, f := range read {
		out[name] = f.GetType().String()
	}
	return out
}

// TestRuntimeAndProcess holds the names and kinds against those of client_golang: dashboards know them.
func TestRuntimeAndProcess(t *testing.T) {
	r := NewRegistry()
	r.MustRegister(NewGoCollector(), NewProcessCollector())
	_, page := scrape(t, r)
	got, want := families(t, page), map[string]string{}
	reg := theirs.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	read, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range read {
		want[f.GetName()] = f.GetType().String()
		if got[f.GetName()] != f.GetType().String() {
			t.Errorf("%s is %q, not %q", f.GetName(), got[f.GetName()], f.GetType())
		}
		if v := f.GetMetric()[0].GetGauge().GetValue(); v != 0 && slices.Contains([]string{"process_max_fds", "process_virtual_memory_max_bytes", "process_start_time_seconds", "go_gc_gogc_percent", "go_gc_gomemlimit_bytes"}, f.GetName()) {
			own, err := r.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range own {
				if o.Name == f.GetName() && math.Abs(o.Samples[0].Value-v) > 1 {
					t.Errorf("%s is %v, not %v", o.Name, o.Samples[0].Value, v)
				}
			}
		}
	}
	for name := range got {
		if want[name] == "" {
			t.Errorf("%s is nothing that client_golang has", name)
		}
	}
}

// told is a collector of what it is.
type told []Metric

func (told) Describe(chan<- *Desc) {}
func (c told) Collect(out chan<- Metric) {
	for _, m := range c {
		out <- m
	}
}

func TestMistakes(t *testing.T) {
	d := NewDesc("x", "X.", []string{"a"}, nil)
	for name, wrong := range map[string]told{
		"told twice":      {MustNewConstMetric(d, GaugeValue, 1, "b"), MustNewConstMetric(d, GaugeValue, 2, "b")},
		"two kinds of it": {MustNewConstMetric(d, GaugeValue, 1, "b"), MustNewConstMetric(d, CounterValue, 1, "c")},
	} {
		r := NewRegistry()
		r.MustRegister(wrong)
		if res, body := scrape(t, r); res.StatusCode != http.StatusInternalServerError {
			t.Errorf("%s: %s %s", name, res.Status, body)
		}
	}
	r := NewRegistry()
	r.MustRegister(NewCounter(CounterOpts{Name: "x"}))
	if r.Register(NewGauge(GaugeOpts{Name: "x"})) == nil {
		t.Error("a name is registered twice")
	}
	if err := r.Register(NewGauge(GaugeOpts{Name: "x", ConstLabels: Labels{"a": "b"}})); err != nil {
		t.Error(err)
	}
	for name, f := range map[string]func(){
		"a label too many":       func() { MustNewConstMetric(d, GaugeValue, 1, "b", "c") },
		"a counter that shrinks": func() { NewCounter(CounterOpts{Name: "y"}).Add(-1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic: ", name)
				}
			}()
			f()
		}()
	}
}

func TestAtOnce(t *testing.T) {
	r := NewRegistry()
	c := NewCounterVec(CounterOpts{Name: "c_total"}, []string{"n"})
	h := NewHistogramVec(HistogramOpts{Name: "h", Buckets: []float64{1}}, []string{"n"})
	r.MustRegister(c, h)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				c.WithLabelValues("a").Inc()
				h.WithLabelValues("b").Observe(0.5)
			}
		})
	}
	all.Go(func() {
		for range 20 {
			if _, err := r.Gather(); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	if got := c.WithLabelValues("a").Sample().Value; got != 8000 {
		t.Errorf("%v counted", got)
	}
	families, err := r.Gather()
	if err != nil || len(families) != 2 {
		t.Fatal(families, err)
	}
	if s := families[1].Samples[0]; s.Count != 8000 || s.Value != 4000 || s.Buckets[0].Count != 8000 {
		t.Errorf("%+v", s)
	}
}

func BenchmarkCounterVec(b *testing.B) {
	c := NewCounterVec(CounterOpts{Name: "c_total"}, []string{"endpoint", "code"})
	b.ReportAllocs()
	for b.Loop() {
		c.WithLabelValues("token", "200").Inc()
	}
}
