package serve

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// sameLine compares the line of a request with what slog makes of its attributes.
func sameLine(t *testing.T, q requestLine) {
	t.Helper()
	var ours, theirs bytes.Buffer
	log := NewLogger(&ours, "json", slog.LevelDebug)
	log.Handler().(*lineHandler).request(context.Background(), &q)
	r := slog.NewRecord(q.at.UTC(), q.level, requestMessage, 0)
	r.AddAttrs(q.attrs(nil)...)
	if q.span.IsValid() {
		r.AddAttrs(slog.String("trace_id", q.span.TraceID().String()), slog.String("span_id", q.span.SpanID().String()))
	}
	if err := slog.NewJSONHandler(&theirs, &slog.HandlerOptions{Level: slog.LevelDebug}).Handle(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	if ours.String() != theirs.String() {
		t.Errorf("%s%s", ours.String(), theirs.String())
	}
}

func TestRequestLines(t *testing.T) {
	at := time.Date(2031, 2, 3, 4, 5, 6, 78_900_000, time.FixedZone("", 3600))
	full := requestLine{at: at, level: slog.LevelInfo, id: "ABC", method: "GET", route: "/x", endpoint: "x", address: "::1", outcome: "ok", status: 200, bytes: 12,
		took: 1234567 * time.Nanosecond, clientID: "app", grantType: "refresh_token", failure: "no", accountID: 7,
		span: trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1, 2}, SpanID: trace.SpanID{3}})}
	for name, change := range map[string]func(q *requestLine){
		"everything":              func(*requestLine) {},
		"nothing":                 func(q *requestLine) { *q = requestLine{at: at} },
		"an error":                func(q *requestLine) { q.level = slog.LevelError },
		"a level of another name": func(q *requestLine) { q.level = slog.LevelInfo + 1 },
		"text with a quote":       func(q *requestLine) { q.failure = `say "no"` },
		"text with a letter":      func(q *requestLine) { q.clientID = "ä" },
		"a whole second":          func(q *requestLine) { q.at = at.Truncate(time.Second) },
		"a nanosecond":            func(q *requestLine) { q.at = at.Truncate(time.Second).Add(1) },
		"before 1970":             func(q *requestLine) { q.at = time.Date(1969, 1, 1, 0, 0, 0, 1, time.UTC) },
		"the year 9999":           func(q *requestLine) { q.at = time.Date(9999, 1, 1, 0, 0, 0, 1, time.UTC) },
		"whole milliseconds":      func(q *requestLine) { q.took = 40 * time.Millisecond },
		"a microsecond":           func(q *requestLine) { q.took = time.Microsecond },
		"no time":                 func(q *requestLine) { q.took = 0 },
		"a clock that was moved":  func(q *requestLine) { q.took = -time.Millisecond },
		"long":                    func(q *requestLine) { q.took = 1<<63 - 1 },
		"minus a byte":            func(q *requestLine) { q.bytes = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			q := full
			change(&q)
			sameLine(t, q)
		})
	}
}

// Lines of one second after the other share what stands before the fraction, and only that.
func TestRequestLinesOfManySeconds(t *testing.T) {
	stamp := &timeStamp{}
	for i := range 3000 {
		at := time.Unix(1_800_000_000, 0).Add(time.Duration(i) * 333_333_333)
		if got, want := string(stamp.appendTo(nil, at)), at.UTC().Format(time.RFC3339Nano); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}

func FuzzRequestLine(f *testing.F) {
	f.Add(int64(1_900_000_000_123_456_789), int64(1500), "text", 200)
	f.Add(int64(-1), int64(-1), "\x00<", 0)
	f.Fuzz(func(t *testing.T, at, took int64, text string, status int) {
		sameLine(t, requestLine{at: time.Unix(0, at), took: time.Duration(took), id: text, route: text, failure: text, status: status, accountID: took})
	})
}
