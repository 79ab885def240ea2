package serve

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxLogged bounds the text of an error in the log, in bytes.
const maxLogged = 512

// logRequest writes the request's one line. It holds the route's template, never the path or the query that came. What is shed has none (see shedding).
func (e *Edge) logRequest(st *state, r *http.Request, status int, took time.Duration) {
	if st.rec.Outcome == shedOutcome {
		return
	}
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	ctx := context.Background() // the line names its ids itself
	if !e.cfg.Logger.Enabled(ctx, level) {
		return
	}
	l := e.newLine()
	l.at, l.level, l.msg = st.rec.Start.Add(took), level, "request"
	l.attrs = append(l.attrs,
		slog.String("request_id", st.rec.ID), slog.String("method", method(r)), slog.String("route", st.route), slog.String("endpoint", st.rec.Endpoint),
		slog.Int("status", status), slog.Int64("bytes", st.w.size), slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.String("address", st.rec.Address), slog.String("outcome", st.rec.Outcome))
	if st.rec.ClientID != "" {
		l.attrs = append(l.attrs, slog.String("client_id", st.rec.ClientID))
	}
	if st.rec.AccountID != 0 {
		l.attrs = append(l.attrs, slog.Int64("account_id", st.rec.AccountID))
	}
	if st.rec.GrantType != "" {
		l.attrs = append(l.attrs, slog.String("grant_type", st.rec.GrantType))
	}
	if st.rec.Err != nil {
		l.attrs = append(l.attrs, slog.String("error", scrub(st.rec.Err.Error(), r)))
	}
	l.span = st.root.context
	if e.lines != nil {
		_ = e.lines.write(ctx, l) // whom should it be told
		return
	}
	_ = e.cfg.Logger.Handler().Handle(ctx, l.record())
}

func (e *Edge) newLine() *logLine {
	if e.lines != nil {
		return e.lines.pool.Get().(*logLine)
	}
	return newLine()
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
