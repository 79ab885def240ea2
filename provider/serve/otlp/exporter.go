package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	// patience is how long one batch is tried in all, as the SDK's exporters do.
	patience = time.Minute
	// maxPause bounds the pause between two tries, where the collector names none.
	maxPause = 30 * time.Second
	// maxAnswer bounds how much of an answer is read, and maxSaid how much of it stands in an error, in bytes.
	maxAnswer, maxSaid = 64 << 10, 500
	protobufType       = "application/x-protobuf"
	jsonType           = "application/json"
)

// Config is what an Exporter is made of.
type Config struct {
	// Endpoint is the base URL of the collector; "" leaves it to the environment.
	Endpoint string
	// Version is told in User-Agent.
	Version string
	// Getenv reads the environment.
	Getenv func(string) string
	// Logger is told of variables that cannot be used; they count as not set, as the specification wants.
	Logger *slog.Logger
	// Pause is the first pause between two tries; 0 means 5 s.
	Pause time.Duration
}

// Exporter implements [sdktrace.SpanExporter]. It is safe for concurrent use.
type Exporter struct {
	settings settings
	agent    string
	client   *http.Client
	pause    time.Duration
	stopped  context.Context
	stop     context.CancelFunc
}

// New makes one. It fails where the endpoint is no address, or has certificates and no TLS.
func New(c Config) (*Exporter, error) {
	s, err := read(c)
	if err != nil {
		return nil, err
	}
	if c.Pause == 0 {
		c.Pause = 5 * time.Second
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2: true, MaxIdleConns: 2, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second, TLSClientConfig: s.tls,
	}
	e := &Exporter{settings: s, agent: "latchkey/" + c.Version, client: &http.Client{Transport: transport, Timeout: s.timeout}, pause: c.Pause}
	e.stopped, e.stop = context.WithCancel(context.Background())
	return e, nil
}

// ExportSpans sends spans, and again after a pause where the collector asks for that. Its error tells what the collector said, also where it took only some.
func (e *Exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	body, err := e.encode(spans)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer context.AfterFunc(e.stopped, cancel)()
	pause := e.pause
	for {
		err := e.send(ctx, body)
		later, ok := errors.AsType[*laterError](err)
		if !ok {
			return err
		}
		wait := pause
		if later.after > 0 {
			wait = later.after
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
		pause = min(pause*2, maxPause)
	}
}

// Shutdown ends what is being sent. Spans are not kept here: their processor flushes before it calls this.
func (e *Exporter) Shutdown(ctx context.Context) error {
	e.stop()
	e.client.CloseIdleConnections()
	return ctx.Err()
}

func (e *Exporter) encode(spans []sdktrace.ReadOnlySpan) ([]byte, error) {
	var body []byte
	if m := messageOf(spans); e.settings.json {
		var err error
		if body, err = json.Marshal(m); err != nil {
			return nil, fmt.Errorf("encode spans: %w", err)
		}
	} else {
		body = m.wire()
	}
	if !e.settings.gzip {
		return body, nil
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(body)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("compress spans: %w", err)
	}
	return b.Bytes(), nil
}

// laterError is a failure after which the same may fare better.
type laterError struct {
	cause error
	// after is the pause that the collector asks for, 0 for none.
	after time.Duration
}

func (e *laterError) Error() string { return e.cause.Error() }
func (e *laterError) Unwrap() error { return e.cause }

func (e *Exporter) send(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.settings.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("send spans: %w", err)
	}
	req.Header.Set("User-Agent", e.agent)
	for name, value := range e.settings.headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", protobufType)
	if e.settings.json {
		req.Header.Set("Content-Type", jsonType)
	}
	if e.settings.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	res, err := e.client.Do(req)
	if err != nil {
		if temporary(err) && ctx.Err() == nil {
			return &laterError{cause: fmt.Errorf("send spans: %w", err)}
		}
		return fmt.Errorf("send spans: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the collector's answer: %w", err)
	}
	if res.StatusCode/100 == 2 {
		return partial(res.Header.Get("Content-Type"), said)
	}
	err = fmt.Errorf("the collector answered %s: %.*s", res.Status, maxSaid, strings.TrimSpace(string(said)))
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout: // OTLP/HTTP, "Retryable Response Codes"
		return &laterError{cause: err, after: retryAfter(res.Header)}
	}
	return err
}

// temporary tells whether a request that got no answer may get one in a while: nobody listens yet, or the connection broke or took too long.
func temporary(err error) bool {
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout() || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// retryAfter is the pause that an answer asks for (RFC 9110 §10.2.3): seconds, or a date, which counts from the answer's own.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil {
		return time.Duration(min(max(n, 0), int(patience/time.Second))) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	from, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(at.Sub(from), 0), patience)
}

// partial is an error where the collector took the request and refused some of its spans (OTLP/HTTP, "Partial Success"). An answer that cannot be read is none.
func partial(contentType string, said []byte) error {
	var refused int64
	var why string
	switch kind, _, _ := strings.Cut(contentType, ";"); kind {
	case protobufType:
		refused, why = partialWire(said)
	case jsonType:
		var m struct {
			PartialSuccess struct {
				RejectedSpans json.Number `json:"rejectedSpans"`
				ErrorMessage  string      `json:"errorMessage"`
			} `json:"partialSuccess"`
		}
		if json.Unmarshal(said, &m) == nil {
			refused, _ = m.PartialSuccess.RejectedSpans.Int64()
			why = m.PartialSuccess.ErrorMessage
		}
	}
	if refused == 0 && why == "" {
		return nil
	}
	return fmt.Errorf("the collector refused %d spans: %.*s", refused, maxSaid, why)
}
