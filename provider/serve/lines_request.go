package serve

import (
	"encoding/hex"
	"log/slog"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// requestLine is what the line of a request says, in its order.
type requestLine struct {
	at                                            time.Time
	level                                         slog.Level
	id, method, route, endpoint, address, outcome string
	status                                        int
	bytes                                         int64
	took                                          time.Duration
	clientID, grantType, failure                  string
	accountID                                     int64
	span                                          trace.SpanContext
}

// attrs are the line's members for a logger of any make.
func (q *requestLine) attrs(to []slog.Attr) []slog.Attr {
	to = append(to,
		slog.String("request_id", q.id), slog.String("method", q.method), slog.String("route", q.route), slog.String("endpoint", q.endpoint),
		slog.Int("status", q.status), slog.Int64("bytes", q.bytes), slog.Float64("duration_ms", float64(q.took.Microseconds())/1000),
		slog.String("address", q.address), slog.String("outcome", q.outcome))
	if q.clientID != "" {
		to = append(to, slog.String("client_id", q.clientID))
	}
	if q.accountID != 0 {
		to = append(to, slog.Int64("account_id", q.accountID))
	}
	if q.grantType != "" {
		to = append(to, slog.String("grant_type", q.grantType))
	}
	if q.failure != "" {
		to = append(to, slog.String("error", q.failure))
	}
	return to
}

// plain tells whether the line can be written as it is.
func (q *requestLine) plain() bool {
	at := q.at.Unix()
	return at >= 0 && at < 1<<37 && q.took >= 0 && q.took < 1000*time.Hour && // of the years 1970 to 6325
		plainText(q.id) && plainText(q.method) && plainText(q.route) && plainText(q.endpoint) && plainText(q.address) && plainText(q.outcome) &&
		plainText(q.clientID) && plainText(q.grantType) && plainText(q.failure)
}

// appendTo writes a plain line, in the bytes that [slog.JSONHandler] makes of the same attributes. stamp keeps the second of the line before.
func (q *requestLine) appendTo(b []byte, stamp *timeStamp) []byte {
	b = stamp.appendTo(append(b, `{"time":"`...), q.at)
	b = append(append(b, `","level":"`...), q.level.String()...)
	b = append(append(b, `","msg":"request","request_id":"`...), q.id...)
	b = append(append(b, `","method":"`...), q.method...)
	b = append(append(b, `","route":"`...), q.route...)
	b = append(append(b, `","endpoint":"`...), q.endpoint...)
	b = strconv.AppendInt(append(b, `","status":`...), int64(q.status), 10)
	b = strconv.AppendInt(append(b, `,"bytes":`...), q.bytes, 10)
	b = appendThousandths(append(b, `,"duration_ms":`...), q.took.Microseconds())
	b = append(append(b, `,"address":"`...), q.address...)
	b = append(append(b, `","outcome":"`...), q.outcome...)
	b = append(b, '"')
	if q.clientID != "" {
		b = append(append(append(b, `,"client_id":"`...), q.clientID...), '"')
	}
	if q.accountID != 0 {
		b = strconv.AppendInt(append(b, `,"account_id":`...), q.accountID, 10)
	}
	if q.grantType != "" {
		b = append(append(append(b, `,"grant_type":"`...), q.grantType...), '"')
	}
	if q.failure != "" {
		b = append(append(append(b, `,"error":"`...), q.failure...), '"')
	}
	if q.span.IsValid() {
		tid, sid := q.span.TraceID(), q.span.SpanID()
		b = hex.AppendEncode(append(b, `,"trace_id":"`...), tid[:])
		b = hex.AppendEncode(append(b, `","span_id":"`...), sid[:])
		b = append(b, '"')
	}
	return append(b, "}\n"...)
}

// timeStamp writes times of one second after the other: what stands before their fraction is the same for all of a second.
type timeStamp struct {
	second int64
	text   []byte
}

// appendTo writes a time as [time.RFC3339Nano], in UTC.
func (s *timeStamp) appendTo(b []byte, at time.Time) []byte {
	if sec := at.Unix(); sec != s.second || len(s.text) == 0 {
		s.second, s.text = sec, at.UTC().AppendFormat(s.text[:0], "2006-01-02T15:04:05")
	}
	b = append(b, s.text...)
	if nano := at.Nanosecond(); nano != 0 {
		b = appendFraction(b, nano, 9)
	}
	return append(b, 'Z')
}

// appendFraction writes a point and so many digits, without zeros at the end.
func appendFraction(b []byte, n, digits int) []byte {
	for n%10 == 0 {
		n /= 10
		digits--
	}
	b = append(b, ".000000000"[:digits+1]...)
	for i := len(b) - 1; n > 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

// appendThousandths writes n/1000, as encoding/json does.
func appendThousandths(b []byte, n int64) []byte {
	b = strconv.AppendInt(b, n/1000, 10)
	if rest := int(n % 1000); rest != 0 {
		b = appendFraction(b, rest, 3)
	}
	return b
}
