package serve

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"math"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// lineHandler is the handler of [NewLogger]. What is plain it writes itself, byte for byte as [slog.JSONHandler] does and at a fraction of the cost;
// everything else (text, groups, attributes of other kinds, text that needs escapes) it leaves to that.
type lineHandler struct {
	out *Lines
	// now and later are slog's own handlers, which write at once and soon.
	now, later slog.Handler
	// plain: lines are JSON, without attributes or groups that all of them bear.
	plain bool
	// routine: lines below a warning may wait.
	routine bool
	// pool keeps lines that were written: each request has one.
	pool *sync.Pool
}

type laterWriter struct{ *Lines }

func (w laterWriter) Write(p []byte) (int, error) {
	w.Later(p)
	return len(p), nil
}

// NewLogger makes the service's logger: format "json" or "text", times in UTC. Each line that is written with the context of a
// request bears its request_id, and trace_id and span_id where there is a span. Where w is [Lines], routine lines may wait there: see [Routine].
func NewLogger(w io.Writer, format string, level slog.Leveler) *slog.Logger {
	out, ok := w.(*Lines)
	if !ok {
		out = NewLines(w, 0)
	}
	opts := &slog.HandlerOptions{Level: level}
	h := &lineHandler{out: out, now: slog.NewJSONHandler(out, opts), later: slog.NewJSONHandler(laterWriter{out}, opts), plain: true,
		pool: &sync.Pool{New: func() any { return newLine() }}}
	if format == "text" {
		h.now, h.later, h.plain = slog.NewTextHandler(out, opts), slog.NewTextHandler(laterWriter{out}, opts), false
	}
	return slog.New(h)
}

// Routine is the logger for lines that come by the thousand and of which the last few may be lost with a process that is killed. Warnings and errors
// are written at once all the same. A logger of another make comes back as it is.
func Routine(log *slog.Logger) *slog.Logger {
	h, ok := log.Handler().(*lineHandler)
	if !ok {
		return log
	}
	routine := *h
	routine.routine = true
	return slog.New(&routine)
}

// Enabled implements [slog.Handler].
func (h *lineHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.now.Enabled(ctx, level)
}

// WithAttrs implements [slog.Handler].
func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lineHandler{out: h.out, now: h.now.WithAttrs(attrs), later: h.later.WithAttrs(attrs), routine: h.routine, pool: h.pool}
}

// WithGroup implements [slog.Handler].
func (h *lineHandler) WithGroup(name string) slog.Handler {
	return &lineHandler{out: h.out, now: h.now.WithGroup(name), later: h.later.WithGroup(name), routine: h.routine, pool: h.pool}
}

// Handle implements [slog.Handler].
func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	l := h.pool.Get().(*logLine)
	l.at, l.level, l.msg = r.Time, r.Level, r.Message
	r.Attrs(func(a slog.Attr) bool {
		l.attrs = append(l.attrs, a)
		return true
	})
	if st := stateOf(ctx); st != nil {
		l.attrs = append(l.attrs, slog.String("request_id", st.rec.ID))
	}
	l.span = trace.SpanContextFromContext(ctx)
	return h.write(ctx, l)
}

// logLine is what becomes one line.
type logLine struct {
	at    time.Time
	level slog.Level
	msg   string
	attrs []slog.Attr
	// span is told last, where there is one.
	span trace.SpanContext
	buf  []byte
	// stamp is of the line of a request that was written last.
	stamp timeStamp
}

func newLine() *logLine {
	return &logLine{attrs: make([]slog.Attr, 0, 20), buf: make([]byte, 0, 768)}
}

// write writes a line and takes it back.
func (h *lineHandler) write(ctx context.Context, l *logLine) (err error) {
	routine := h.routine && l.level < slog.LevelWarn
	switch plain := h.plain && l.encode(); {
	case plain && routine:
		h.out.Later(l.buf)
	case plain:
		_, err = h.out.Write(l.buf)
	case routine:
		err = h.later.Handle(ctx, l.record())
	default:
		err = h.now.Handle(ctx, l.record())
	}
	clear(l.attrs)
	*l = logLine{attrs: l.attrs[:0], buf: l.buf[:0], stamp: l.stamp}
	h.pool.Put(l)
	return err
}

// record is the line as slog has it.
func (l *logLine) record() slog.Record {
	r := slog.NewRecord(l.at.UTC(), l.level, l.msg, 0)
	r.AddAttrs(l.attrs...)
	if l.span.IsValid() {
		r.AddAttrs(slog.String("trace_id", l.span.TraceID().String()), slog.String("span_id", l.span.SpanID().String()))
	}
	return r
}

// encode fills buf, or returns false where something is not plain.
func (l *logLine) encode() bool {
	if l.at.IsZero() || l.at.Year() > 9999 || !plainText(l.msg) {
		return false
	}
	b := append(l.buf, `{"time":"`...)
	b = l.at.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","level":"`...)
	b = append(b, l.level.String()...)
	b = append(b, `","msg":"`...)
	b = append(b, l.msg...)
	b = append(b, '"')
	for i := range l.attrs {
		a := &l.attrs[i]
		if a.Key == "" || !plainText(a.Key) {
			return false
		}
		b = append(b, `,"`...)
		b = append(b, a.Key...)
		b = append(b, `":`...)
		var ok bool
		if b, ok = appendPlain(b, a.Value); !ok {
			return false
		}
	}
	if l.span.IsValid() {
		tid, sid := l.span.TraceID(), l.span.SpanID()
		b = hex.AppendEncode(append(b, `,"trace_id":"`...), tid[:])
		b = hex.AppendEncode(append(b, `","span_id":"`...), sid[:])
		b = append(b, '"')
	}
	l.buf = append(b, "}\n"...)
	return true
}

// appendPlain writes a value of the kinds that our lines are full of.
func appendPlain(b []byte, v slog.Value) ([]byte, bool) {
	switch v.Kind() {
	case slog.KindString:
		s := v.String()
		if !plainText(s) {
			return b, false
		}
		return append(append(append(b, '"'), s...), '"'), true
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10), true
	case slog.KindUint64:
		return strconv.AppendUint(b, v.Uint64(), 10), true
	case slog.KindBool:
		return strconv.AppendBool(b, v.Bool()), true
	case slog.KindFloat64:
		f := v.Float64()
		if size := math.Abs(f); f != 0 && !(size >= 1e-6 && size < 1e21) { // encoding/json writes these with an exponent, and no NaN
			return b, false
		}
		return strconv.AppendFloat(b, f, 'f', -1, 64), true
	}
	return b, false
}

// plainText tells whether a string stands in JSON as it is.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
