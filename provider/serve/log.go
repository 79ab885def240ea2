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
	q := requestLine{at: st.rec.Start.Add(took), level: level, id: st.rec.ID, method: method(r), route: st.route, endpoint: st.rec.Endpoint,
		address: st.rec.Address, outcome: st.rec.Outcome, status: status, bytes: st.w.size, took: took, clientID: st.rec.ClientID,
		grantType: st.rec.GrantType, accountID: st.rec.AccountID, span: st.root.context}
	if st.rec.Err != nil {
		q.failure = scrub(st.rec.Err.Error(), r)
	}
	e.line(&q)
}

// line writes the line of a request.
func (e *Edge) line(q *requestLine) {
	ctx := context.Background()
	if e.lines != nil {
		e.lines.request(ctx, q)
		return
	}
	l := newLine()
	l.at, l.level, l.msg, l.attrs, l.span = q.at, q.level, requestMessage, q.attrs(l.attrs), q.span
	_ = e.cfg.Logger.Handler().Handle(ctx, l.record()) // whom should it be told
}

// requestMessage is the message of the lines of requests.
const requestMessage = "request"

// request writes the line of a request.
func (h *lineHandler) request(ctx context.Context, q *requestLine) {
	l := h.pool.Get().(*logLine)
	if !h.plain || !q.plain() {
		l.at, l.level, l.msg, l.attrs, l.span = q.at, q.level, requestMessage, q.attrs(l.attrs), q.span
		_ = h.write(ctx, l) // whom should it be told
		return
	}
	l.buf = q.appendTo(l.buf, &l.stamp)
	if h.routine && q.level < slog.LevelWarn {
		h.out.Later(l.buf)
	} else {
		_, _ = h.out.Write(l.buf)
	}
	l.buf = l.buf[:0]
	h.pool.Put(l)
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
