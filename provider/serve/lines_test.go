package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/trace"
)

// both writes the same record by our encoder and by slog's own.
func both(at time.Time, msg string, attrs ...slog.Attr) (ours, theirs string) {
	var a, b bytes.Buffer
	r := slog.NewRecord(at, slog.LevelInfo, msg, 0)
	r.AddAttrs(attrs...)
	_ = NewLogger(&a, "json", slog.LevelDebug).Handler().Handle(context.Background(), r)
	r.Time = r.Time.UTC()
	_ = slog.NewJSONHandler(&b, nil).Handle(context.Background(), r)
	return a.String(), b.String()
}

func TestLinesAreThoseOfSlog(t *testing.T) {
	at := time.Date(2031, 5, 6, 7, 8, 9, 123456789, time.FixedZone("there", 7200))
	for name, attrs := range map[string][]slog.Attr{
		"none":     nil,
		"texts":    {slog.String("a", "plain"), slog.String("b", ""), slog.String("a", "again")},
		"escapes":  {slog.String("quote", `"`), slog.String("back", `\`), slog.String("line", "\n\x00\x7f"), slog.String("<&>", "<&>")},
		"unicode":  {slog.String("ä", "ü\u2028"), slog.String("bad", "\xff")},
		"numbers":  {slog.Int("i", -1), slog.Int64("max", math.MaxInt64), slog.Uint64("u", math.MaxUint64), slog.Bool("yes", true)},
		"floats":   {slog.Float64("0", 0), slog.Float64("-", math.Copysign(0, -1)), slog.Float64("ms", 1.234), slog.Float64("small", 1e-7), slog.Float64("large", 1e21), slog.Float64("edge", 1e-6)},
		"nan":      {slog.Float64("nan", math.NaN()), slog.Float64("inf", math.Inf(1))},
		"kinds":    {slog.Duration("d", time.Second), slog.Time("t", at), slog.Any("e", errors.New("x")), slog.Any("m", map[string]int{"a": 1})},
		"groups":   {slog.Group("g", slog.Int("a", 1)), slog.Group("", slog.Int("b", 1)), {}},
		"many":     {slog.Int("1", 1), slog.Int("2", 2), slog.Int("3", 3), slog.Int("4", 4), slog.Int("5", 5), slog.Int("6", 6), slog.Int("7", 7)},
		"no key":   {slog.String("", "x")},
		"a valuer": {slog.Any("v", valuer{})},
	} {
		if ours, theirs := both(at, "a message", attrs...); ours != theirs {
			t.Errorf("%s:\n%s%s", name, ours, theirs)
		}
	}
	for _, odd := range []time.Time{{}, time.Date(12031, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(0, 0)} {
		if ours, theirs := both(odd, `msg "x"`); ours != theirs {
			t.Errorf("%v:\n%s%s", odd, ours, theirs)
		}
	}
}

type valuer struct{}

func (valuer) LogValue() slog.Value { return slog.StringValue("redacted") }

func FuzzLinesAreThoseOfSlog(f *testing.F) {
	f.Add("key", "value", 1.5, int64(0))
	f.Add("", "\u2029\xff\"\\", 1e300, int64(-1))
	f.Fuzz(func(t *testing.T, key, text string, number float64, nanos int64) {
		if ours, theirs := both(time.Unix(0, nanos), text, slog.String(key, text), slog.Float64(text, number)); ours != theirs {
			t.Errorf("%q\n%q", ours, theirs)
		}
	})
}

// What every line of a logger bears is there, and so are the ids of the request and the trace, in every format.
func TestLinesBearWhatTheLoggerHas(t *testing.T) {
	sc := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	ctx := trace.ContextWithSpanContext(&state{parent: context.Background(), rec: Record{ID: "THE-REQUEST"}}, sc)
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		log := NewLogger(&out, format, slog.LevelInfo)
		for _, l := range []*slog.Logger{log, log.With("part", "mail"), log.WithGroup("g"), Routine(log), Routine(log.With("part", "mail"))} {
			out.Reset()
			l.DebugContext(ctx, "not told")
			l.InfoContext(ctx, "told", "n", 1)
			line := out.String()
			for _, want := range []string{"THE-REQUEST", "01000000000000000000000000000000", "0200000000000000", "told"} {
				if !strings.Contains(line, want) || strings.Count(line, "\n") != 1 {
					t.Errorf("%s: no %s in %q", format, want, line)
				}
			}
		}
	}
}

// writes remembers each write as it came.
type writes struct {
	mu   sync.Mutex
	list []string
	hold chan struct{}
	err  error
}

func (w *writes) Write(p []byte) (int, error) {
	if w.hold != nil {
		<-w.hold
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !utf8.Valid(p) {
		return 0, errors.New("not text")
	}
	w.list = append(w.list, string(p))
	return len(p), w.err
}

func (w *writes) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.list...)
}

func TestLinesWaitAndKeepTheirOrder(t *testing.T) {
	w := &writes{}
	l := NewLines(w, time.Hour)
	l.Later([]byte("1\n"))
	l.Later([]byte("2\n"))
	if len(w.all()) != 0 {
		t.Fatalf("%q were not waited with", w.all())
	}
	if n, err := l.Write([]byte("3\n")); n != 2 || err != nil {
		t.Error(n, err)
	}
	l.Later([]byte("4\n"))
	if err := l.Flush(); err != nil {
		t.Error(err)
	}
	if err := l.Flush(); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(w.all()); got != "[1\n2\n3\n 4\n]" {
		t.Errorf("%q", got)
	}
	w.err = io.ErrShortWrite
	if _, err := l.Write([]byte("5\n")); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}

// Nobody has to ask for lines to be written, and none is written twice or lost, whoever writes when.
func TestLinesAreWrittenSoon(t *testing.T) {
	w := &writes{}
	l := NewLines(w, time.Millisecond)
	const writers, each = 8, 400
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			for i := range each {
				text := fmt.Appendf(nil, "%d %d\n", n, i)
				if i%50 == 0 {
					_, _ = l.Write(text)
				} else {
					l.Later(text)
				}
			}
		})
	}
	all.Wait()
	deadline := time.After(10 * time.Second)
	for strings.Count(strings.Join(w.all(), ""), "\n") < writers*each {
		select {
		case <-deadline:
			t.Fatal("lines are missing")
		case <-time.After(time.Millisecond):
		}
	}
	next := map[int]int{}
	for text := range strings.Lines(strings.Join(w.all(), "")) {
		var n, i int
		if _, err := fmt.Sscanf(text, "%d %d\n", &n, &i); err != nil || next[n] != i {
			t.Fatalf("%q comes where %d %d should: %v", text, n, next[n], err)
		}
		next[n]++
	}
}

// A reader that has stopped holds writers up: what waits is bounded.
func TestLinesThatNobodyReads(t *testing.T) {
	w := &writes{hold: make(chan struct{})}
	l := NewLines(w, time.Millisecond)
	text := bytes.Repeat([]byte("x"), 1024)
	var n int
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ; n < 1000; n++ {
			l.Later(text)
		}
	}()
	select {
	case <-done:
		t.Error("a megabyte waits")
	case <-time.After(100 * time.Millisecond):
	}
	close(w.hold)
	<-done
	if err := l.Flush(); err != nil || len(strings.Join(w.all(), "")) != 1000*1024 {
		t.Error(err, len(strings.Join(w.all(), "")))
	}
}

func TestRoutineLinesAloneWait(t *testing.T) {
	w := &writes{}
	out := NewLines(w, time.Hour)
	log := NewLogger(out, "json", slog.LevelInfo)
	routine := Routine(log)
	routine.Info("1")
	if len(w.all()) != 0 {
		t.Error("a routine line did not wait")
	}
	routine.Warn("2")
	log.Info("3")
	if len(w.all()) != 2 {
		t.Errorf("%q", w.all())
	}
	if other := slog.New(slog.NewTextHandler(w, nil)); Routine(other) != other {
		t.Error("another's logger was changed")
	}
}

func BenchmarkLine(b *testing.B) {
	log := Routine(NewLogger(NewLines(io.Discard, LineDelay), "json", slog.LevelInfo))
	b.ReportAllocs()
	for b.Loop() {
		log.LogAttrs(context.Background(), slog.LevelInfo, "request", slog.String("request_id", "ABCDEFGHIJKLMNOPQRST"), slog.Int("status", 200), slog.Float64("duration_ms", 0.123))
	}
}
