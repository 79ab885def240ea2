package prometheus

import (
	"bytes"
	"compress/gzip"
	"math"
	"net/http"
	"strconv"
	"strings"
)

const (
	textType        = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
	openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
)

// HandlerFor shows what a gatherer has, as OpenMetrics to who asks for that and else as text, in gzip to who takes it. Where metrics contradict each other it
// answers 500 with the reason: half the numbers look like all of them.
func HandlerFor(g Gatherer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		families, err := g.Gather()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		f := format{open: wants(r.Header.Values("Accept"), "application/openmetrics-text", "text/plain")}
		for _, one := range families {
			f.family(one)
		}
		if f.open {
			f.WriteString("# EOF\n")
		}
		h := w.Header()
		h.Set("Content-Type", textType)
		if f.open {
			h.Set("Content-Type", openMetricsType)
		}
		h.Set("Vary", "Accept, Accept-Encoding")
		body := f.Bytes()
		if wants(r.Header.Values("Accept-Encoding"), "gzip", "identity") {
			var small bytes.Buffer
			z := gzip.NewWriter(&small)
			_, _ = z.Write(body) // into memory
			_ = z.Close()
			h.Set("Content-Encoding", "gzip")
			body = small.Bytes()
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) // who scrapes went away
	})
}

// wants tells whether a header names a choice, and the other one with no more weight (RFC 9110 §12.4.2).
func wants(values []string, choice, other string) bool {
	weights := map[string]float64{}
	for _, list := range values {
		for one := range strings.SplitSeq(list, ",") {
			name, params, _ := strings.Cut(one, ";")
			q := 1.0
			for p := range strings.SplitSeq(params, ";") {
				if v, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok {
					q, _ = strconv.ParseFloat(v, 64)
				}
			}
			name = strings.ToLower(strings.TrimSpace(name))
			weights[name] = max(weights[name], q)
		}
	}
	return weights[choice] > 0 && weights[choice] >= weights[other]
}

// format writes families, as text or as OpenMetrics.
type format struct {
	bytes.Buffer
	open bool
}

func (f *format) family(one Family) {
	name, kind := one.Name, string(one.Type)
	if f.open && one.Type == CounterValue { // a counter's samples end in _total, its name does not (OpenMetrics, "Counter")
		if base, ok := strings.CutSuffix(name, "_total"); ok {
			name = base
		} else {
			kind = "unknown"
		}
	}
	f.WriteString("# HELP " + name + " " + f.help(one.Help) + "\n# TYPE " + name + " " + kind + "\n")
	for _, s := range one.Samples {
		switch one.Type {
		case histogramValue:
			for _, b := range s.Buckets {
				f.line(one.Name+"_bucket", s.Labels, "le", b.Bound, strconv.FormatUint(b.Count, 10), b.Exemplar)
			}
		case summaryValue:
			for _, q := range s.Quantiles {
				f.line(one.Name, s.Labels, "quantile", q.Share, f.number(q.Value), nil)
			}
		default:
			f.line(one.Name, s.Labels, "", 0, f.number(s.Value), nil)
			continue
		}
		f.line(one.Name+"_sum", s.Labels, "", 0, f.number(s.Value), nil)
		f.line(one.Name+"_count", s.Labels, "", 0, strconv.FormatUint(s.Count, 10), nil)
	}
}

// line writes one sample; extra is the name of a label that is a number, "" for none.
func (f *format) line(name string, labels []Label, extra string, n float64, value string, e *Exemplar) {
	f.WriteString(name)
	if extra != "" {
		labels = append(labels[:len(labels):len(labels)], Label{extra, f.number(n)})
	}
	f.labels(labels)
	f.WriteString(" " + value)
	if f.open && e != nil {
		f.WriteString(" # ")
		f.labels(e.Labels)
		f.WriteString(" " + f.number(e.Value))
	}
	f.WriteByte('\n')
}

func (f *format) labels(list []Label) {
	for i, l := range list {
		if i == 0 {
			f.WriteByte('{')
		} else {
			f.WriteByte(',')
		}
		f.WriteString(l.Name + `="` + quoted().Replace(strings.ToValidUTF8(l.Value, "\ufffd")) + `"`)
	}
	if len(list) > 0 {
		f.WriteByte('}')
	}
}

func quoted() *strings.Replacer { return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`) }

// help escapes what is told of a name: in text quotation marks stay.
func (f *format) help(s string) string {
	if f.open {
		return quoted().Replace(s)
	}
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(s)
}

// number writes a number; in OpenMetrics one that is whole has ".0".
func (f *format) number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if f.open && !strings.ContainsAny(s, "e.") {
		s += ".0"
	}
	return s
}
