package serve

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

type callerKey struct{}

// The context of a request is one in every way: whether or not somebody waited for its end before, and for whatever is derived of it.
func TestRequestContext(t *testing.T) {
	for name, wait := range map[string]bool{"nobody waits": false, "somebody waits": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(c *Config) { c.RequestTimeout = time.Hour })
			base, stop := context.WithCancel(context.WithValue(t.Context(), callerKey{}, "caller"))
			st, r := f.begin(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil).WithContext(base))
			ctx := r.Context()
			if wait {
				_ = ctx.Done()
			}
			if ctx.Err() != nil || ctx.Value(callerKey{}) != "caller" || RecordOf(ctx) != &st.rec || ctx.Value("none") != nil {
				t.Errorf("%v %v", ctx.Err(), ctx.Value(callerKey{}))
			}
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			at, ok := child.Deadline()
			if left := time.Until(at); !ok || left > time.Hour || left < 59*time.Minute {
				t.Errorf("deadline in %v", left)
			}
			stop() // the peer has gone
			select {
			case <-child.Done():
			case <-time.After(10 * time.Second):
				t.Fatal("what was derived goes on")
			}
			if !errors.Is(child.Err(), context.Canceled) || !errors.Is(ctx.Err(), context.Canceled) || !errors.Is(context.Cause(ctx), context.Canceled) {
				t.Errorf("%v %v", child.Err(), ctx.Err())
			}
		})
	}
}

func TestRequestContextEndsInTime(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.RequestTimeout = 20 * time.Millisecond })
	h := f.Handle("slow", FaceFunc(JSONFace), func(_ http.ResponseWriter, r *http.Request) error {
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-time.After(10 * time.Second):
			return nil
		}
	})
	if w := f.do(h, httptest.NewRequest(http.MethodGet, "/", nil)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// The time that a request took before anybody waited counts.
func TestRequestContextCountsFromTheStart(t *testing.T) {
	now := time.Now()
	f := newFixture(t, func(c *Config) { c.RequestTimeout, c.Now = time.Minute, func() time.Time { return now } })
	_, r := f.begin(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	now = now.Add(2 * time.Minute)
	if <-r.Context().Done(); !errors.Is(r.Context().Err(), context.DeadlineExceeded) {
		t.Error(r.Context().Err())
	}
}

// Whoever kept the context of a request that was served finds it ended, though nothing waited while it was served.
func TestRequestContextAfterwards(t *testing.T) {
	var kept context.Context
	f := newFixture(t)
	f.do(f.Handle("x", FaceFunc(JSONFace), func(_ http.ResponseWriter, r *http.Request) error {
		kept = r.Context()
		return nil
	}), httptest.NewRequest(http.MethodGet, "/", nil))
	if !errors.Is(kept.Err(), context.Canceled) {
		t.Error(kept.Err())
	}
	select {
	case <-kept.Done():
	default:
		t.Error("not done")
	}
	if !errors.Is(kept.Err(), context.Canceled) || context.WithoutCancel(kept).Err() != nil {
		t.Error(kept.Err())
	}
}

// A request is recorded whole or not at all, and its trace id is in its line either way.
func TestSampling(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	provider := newSampling(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.25)), sdktrace.WithSyncer(spans))
	f := newFixture(t, func(c *Config) { c.Tracer = provider })
	store := provider.Tracer("store")
	h := f.Handle("x", FaceFunc(JSONFace), func(_ http.ResponseWriter, r *http.Request) error {
		ctx, end := Span(r.Context(), "below")
		end(nil)
		_, span := store.Start(ctx, "store")
		span.End()
		return nil
	})
	for range 400 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") // a stranger's wish
		f.do(h, r)
	}
	recorded := map[string]int{}
	for _, s := range spans.GetSpans() {
		recorded[s.SpanContext.TraceID().String()]++
		if s.SpanKind == trace.SpanKindServer && (s.Parent.IsValid() || len(s.Links) != 1) {
			t.Errorf("root below %v, links %v", s.Parent, s.Links)
		}
	}
	if len(recorded) < 40 || len(recorded) > 200 {
		t.Errorf("%d of 400 are recorded, want about 100", len(recorded))
	}
	told := map[string]bool{}
	for _, line := range f.log.lines(t, "request") {
		id, _ := line["trace_id"].(string)
		told[id] = true
		if n := recorded[id]; n != 0 && n != 3 {
			t.Errorf("%d spans of %s", n, id)
		}
		delete(recorded, id)
	}
	if len(told) != 400 || len(recorded) != 0 {
		t.Errorf("%d traces are told of; untold: %v", len(told), recorded)
	}
}

// The environment says what is sampled, in the words of OpenTelemetry.
func TestSamplerOfTheEnvironment(t *testing.T) {
	ratio := sdktrace.TraceIDRatioBased
	for _, c := range []struct {
		kind, arg string
		want      sdktrace.Sampler
		warned    int
	}{
		{"", "", sdktrace.ParentBased(sdktrace.AlwaysSample()), 0},
		{"always_on", "0", sdktrace.AlwaysSample(), 0},
		{" Always_Off ", "", sdktrace.NeverSample(), 0},
		{"traceidratio", "0.01", ratio(0.01), 0},
		{"traceidratio", "", ratio(1), 0},
		{"traceidratio", "half", ratio(1), 1},
		{"traceidratio", "1.5", ratio(1), 1},
		{"traceidratio", "-1", ratio(1), 1},
		{"traceidratio", "NaN", ratio(1), 1},
		{"parentbased_always_on", "", sdktrace.ParentBased(sdktrace.AlwaysSample()), 0},
		{"parentbased_always_off", "", sdktrace.ParentBased(sdktrace.NeverSample()), 0},
		{"parentbased_traceidratio", "0.5", sdktrace.ParentBased(ratio(0.5)), 0},
		{"jaeger_remote", "", sdktrace.ParentBased(sdktrace.AlwaysSample()), 1},
	} {
		var out logBuffer
		env := map[string]string{"OTEL_TRACES_SAMPLER": c.kind, "OTEL_TRACES_SAMPLER_ARG": c.arg}
		got := Telemetry{Getenv: func(name string) string { return env[name] }, Logger: NewLogger(&out, "json", nil)}.sampler(t.Context())
		if got.Description() != c.want.Description() || len(out.lines(t, "not usable: every trace is sampled")) != c.warned {
			t.Errorf("%q %q: %s, want %s; %s", c.kind, c.arg, got.Description(), c.want.Description(), out.String())
		}
	}
}

func TestMemo(t *testing.T) {
	var m Memo[string, int]
	made := 0
	length := func(s string) int { made++; return len(s) }
	for range 2 {
		for _, s := range []string{"", "a", "bcd"} {
			if got := m.Get(s, length); got != len(s) {
				t.Errorf("%q: %d", s, got)
			}
		}
	}
	if made != 3 {
		t.Errorf("made %d times", made)
	}
}
