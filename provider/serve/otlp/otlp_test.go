package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// seen is one request as the collector got it.
type seen struct {
	path   string
	header http.Header
	body   []byte
}

// collector answers in turn, with 200 at last, and keeps what it got.
type collector struct {
	mu      sync.Mutex
	got     []seen
	answers []func(http.ResponseWriter)
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = io.ReadAll(z)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.got = append(c.got, seen{r.URL.Path, r.Header, body})
	if len(c.answers) >= len(c.got) {
		c.answers[len(c.got)-1](w)
	}
}

func (c *collector) requests() []seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got
}

func says(status int, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "so it is")
	}
}

func exporter(t *testing.T, c Config, env map[string]string) *Exporter {
	t.Helper()
	c.Getenv, c.Version, c.Pause = func(k string) string { return env[k] }, "1.2.3", time.Millisecond
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Shutdown(context.WithoutCancel(t.Context())) })
	return e
}

func TestProtobufIsWhatOTLPDefines(t *testing.T) {
	for name, env := range map[string]map[string]string{"plain": nil, "gzip": {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}} {
		t.Run(name, func(t *testing.T) {
			c := &collector{}
			srv := httptest.NewServer(c)
			defer srv.Close()
			if err := exporter(t, Config{Endpoint: srv.URL + "/base/"}, env).ExportSpans(t.Context(), spans(t)); err != nil {
				t.Fatal(err)
			}
			got, want := &wire.TracesData{}, wanted()
			if err := proto.Unmarshal(c.requests()[0].body, got); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
			r := c.requests()[0]
			if r.path != "/base/v1/traces" || r.header.Get("Content-Type") != "application/x-protobuf" || r.header.Get("User-Agent") != "latchkey/1.2.3" {
				t.Errorf("%s %v", r.path, r.header)
			}
		})
	}
}

func TestJSONIsWhatOTLPDefines(t *testing.T) {
	c := &collector{}
	srv := httptest.NewServer(c)
	defer srv.Close()
	e := exporter(t, Config{Endpoint: srv.URL}, map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"})
	if err := e.ExportSpans(t.Context(), spans(t)); err != nil {
		t.Fatal(err)
	}
	r := c.requests()[0]
	if !json.Valid(r.body) || r.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%v %s", r.header, r.body)
	}
	for _, want := range []string{
		`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"latchkey"}}]},"scopeSpans":[{"scope":{"name":"first","version":"v1"}`,
		`"traceId":"09000000000000000000000000000000","spanId":"0201000000000000","traceState":"a=b","parentSpanId":"0800000000000000","flags":769,"name":"GET /a","kind":2`,
		`"startTimeUnixNano":"1700000000000000005"`, `{"key":"n","value":{"intValue":"-1"}}`, `{"key":"no","value":{"boolValue":false}}`, `{"key":"empty","value":{"stringValue":""}}`,
		`{"key":"nan","value":{"doubleValue":"NaN"}}`, `{"key":"f","value":{"doubleValue":1.5}}`, `{"key":"raw","value":{"bytesValue":"Af8="}}`,
		`{"key":"ns","value":{"arrayValue":{"values":[{"intValue":"1152921504606846976"}]}}}`, `{"kvlistValue":{"values":[{"key":"k","value":{"intValue":"1"}}]}}`,
		`"status":{"message":"broken","code":2}`, `"events":[{"timeUnixNano":"1700000000000000005","name":"happened","attributes":[{"key":"e","value":{"intValue":"7"}}]}]`,
	} {
		if !bytes.Contains(r.body, []byte(want)) {
			t.Errorf("no %s in\n%s", want, r.body)
		}
	}
}

func TestWhatTheCollectorAnswers(t *testing.T) {
	refusal, err := proto.Marshal(&common.KeyValueList{}) // an empty message: everything was taken
	if err != nil {
		t.Fatal(err)
	}
	taken := func(contentType string, body []byte) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(body)
		}
	}
	// ExportTraceServiceResponse{partial_success: {rejected_spans: 2, error_message: "too old"}}
	some := []byte("\x0a\x0b\x08\x02\x12\x07too old")
	for _, row := range []struct {
		name    string
		answers []func(http.ResponseWriter)
		sent    int
		fails   string
	}{
		{"taken", []func(http.ResponseWriter){taken("application/x-protobuf", refusal)}, 1, ""},
		{"taken in part, protobuf", []func(http.ResponseWriter){taken("application/x-protobuf", some)}, 1, "refused 2 spans: too old"},
		{"taken in part, JSON", []func(http.ResponseWriter){taken("application/json; charset=utf-8", []byte(`{"partialSuccess":{"rejectedSpans":"3","errorMessage":"full"}}`))}, 1, "refused 3 spans: full"},
		{"taken, with an answer that nobody can read", []func(http.ResponseWriter){taken("application/x-protobuf", []byte("\x0a\xff"))}, 1, ""},
		{"busy, then taken", []func(http.ResponseWriter){says(503), says(429), says(502), says(504)}, 5, ""},
		{"busy for a second, then taken", []func(http.ResponseWriter){says(503, "Retry-After", "1")}, 2, ""},
		{"refused for good", []func(http.ResponseWriter){says(400)}, 1, "400 Bad Request: so it is"},
		{"a fault of its own", []func(http.ResponseWriter){says(500)}, 1, "500 Internal"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := &collector{answers: row.answers}
			srv := httptest.NewServer(c)
			defer srv.Close()
			err := exporter(t, Config{Endpoint: srv.URL}, nil).ExportSpans(t.Context(), spans(t))
			if (err == nil) != (row.fails == "") || err != nil && !strings.Contains(err.Error(), row.fails) || len(c.requests()) != row.sent {
				t.Errorf("%d requests, %v", len(c.requests()), err)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	srv := httptest.NewServer(&collector{})
	srv.Close()
	e := exporter(t, Config{Endpoint: srv.URL}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := e.ExportSpans(ctx, spans(t)); err == nil {
		t.Error("spans went nowhere without an error")
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := e.ExportSpans(t.Context(), spans(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("after shutdown: %v", err)
	}
}
