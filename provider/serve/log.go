package serve

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// maxLogged bounds the text of an error in the log, in bytes.
const maxLogged = 512

// logRequest writes the request's one line. It holds the route's template, never the path or the query that came.
func (e *Edge) logRequest(st *state, r *http.Request, status int, took time.Duration) {
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	ctx := context.Background() // the line names its ids itself
	if !e.cfg.Logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs,
		slog.String("request_id", st.rec.ID), slog.String("method", method(r)), slog.String("route", st.route), slog.String("endpoint", st.rec.Endpoint),
		slog.Int("status", status), slog.Int64("bytes", st.w.size), slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.String("address", st.rec.Address), slog.String("outcome", st.rec.Outcome))
	if st.rec.ClientID != "" {
		attrs = append(attrs, slog.String("client_id", st.rec.ClientID))
	}
	if st.rec.AccountID != 0 {
		attrs = append(attrs, slog.Int64("account_id", st.rec.AccountID))
	}
	if st.rec.GrantType != "" {
		attrs = append(attrs, slog.String("grant_type", st.rec.GrantType))
	}
	if st.rec.Err != nil {
		attrs = append(attrs, slog.String("error", scrub(st.rec.Err.Error(), r)))
	}
	if st.span != nil {
		sc := st.span.SpanContext()
		attrs = append(attrs, slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	e.cfg.Logger.LogAttrs(ctx, level, "request", attrs...)
}

// scrub takes out of an error's text what the request sent as a secret or may have: its query, credentials, cookies and form.
// Errors should not hold them; this is the second line.
func scrub(text string, r *http.Request) string {
	hide := func(s string) {
		if len(s) >= 4 {
			text = strings.ReplaceAll(text, s, "[hidden]")
		}
	}
	values := func(form url.Values) {
		for _, list := range form {
			for _, v := range list {
				hide(v)
				hide(url.QueryEscape(v))
			}
		}
	}
	hide(r.URL.RawQuery)
	values(r.URL.Query())
	values(r.PostForm)
	for _, v := range r.Header["Authorization"] {
		_, credentials, _ := strings.Cut(v, " ")
		hide(v)
		hide(credentials)
	}
	if _, password, ok := r.BasicAuth(); ok {
		hide(password)
	}
	for _, c := range r.Cookies() {
		hide(c.Value)
	}
	if len(text) > maxLogged {
		text = text[:maxLogged] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}

// NewLogger makes the service's logger: format "json" or "text", times in UTC. Each line that is written with the context of a
// request bears its request_id, and trace_id and span_id where there is a span.
func NewLogger(w io.Writer, format string, level slog.Leveler) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
			a.Value = slog.TimeValue(a.Value.Time().UTC())
		}
		return a
	}}
	if format == "text" {
		return slog.New(requestHandler{slog.NewTextHandler(w, opts)})
	}
	return slog.New(requestHandler{slog.NewJSONHandler(w, opts)})
}

type requestHandler struct{ slog.Handler }

func (h requestHandler) Handle(ctx context.Context, line slog.Record) error {
	if st := stateOf(ctx); st != nil {
		line.AddAttrs(slog.String("request_id", st.rec.ID))
	}
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		line.AddAttrs(slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	return h.Handler.Handle(ctx, line)
}

func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}
