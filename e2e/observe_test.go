package e2e

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"latchkey/e2e/harness"
)

// receiver takes traces as an OTLP/HTTP collector does.
type receiver struct {
	mu    sync.Mutex
	spans int
	names map[string]bool
	ids   map[string]bool
	raw   bytes.Buffer
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	var m tracepb.TracesData
	if err != nil || req.URL.Path != "/v1/traces" || proto.Unmarshal(body, &m) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw.Write(body)
	for _, rs := range m.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, span := range ss.GetSpans() {
				r.spans++
				r.names[span.GetName()] = true
				r.ids[hex.EncodeToString(span.GetTraceId())] = true
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func checkMetrics(t *testing.T, s *harness.Server) {
	t.Helper()
	m := s.Metrics(t)
	for _, row := range []struct {
		name   string
		labels []string
	}{
		{"latchkey_http_request_duration_seconds", []string{"endpoint", "token", "method", "POST", "code", "200"}},
		{"latchkey_http_request_duration_seconds", []string{"endpoint", "userinfo"}},
		{"latchkey_http_request_duration_seconds", []string{"endpoint", "introspect"}},
		{"latchkey_http_request_duration_seconds", []string{"endpoint", "authorize"}},
		{"latchkey_token_requests_total", []string{"grant", "authorization_code", "outcome", "ok"}},
		{"latchkey_token_requests_total", []string{"grant", "refresh_token", "outcome", "ok"}},
		{"latchkey_token_requests_total", []string{"grant", "client_credentials", "outcome", "ok"}},
		{"latchkey_signins_total", []string{"outcome", "ok"}},
		{"latchkey_audit_events_total", nil},
		{"latchkey_hash_slots", nil},
		{"latchkey_hash_done_total", nil},
		{"latchkey_store_duration_seconds", []string{"outcome", "ok"}},
		{"latchkey_store_records", nil},
		{"latchkey_key_age_seconds", nil},
		{"latchkey_key_next_transition_timestamp_seconds", nil},
		{"latchkey_key_tokens_signed_total", []string{"alg", "ES256"}},
		{"latchkey_key_newest_token_expiry_timestamp_seconds", []string{"alg", "RS256"}},
		{"latchkey_build_info", []string{"version", "0.0.0-e2e"}},
		{"go_goroutines", nil},
		{"process_open_fds", nil},
	} {
		if m.Sum(row.name, row.labels...) <= 0 {
			t.Errorf("no %s %v", row.name, row.labels)
		}
	}
	for _, name := range []string{"latchkey_http_requests_in_flight", "latchkey_http_connections", "latchkey_http_requests_shed_total", "latchkey_hash_waiting", "latchkey_hash_shed_total",
		"latchkey_outbox_waiting", "latchkey_outbox_failing", "latchkey_outbox_oldest_seconds", "latchkey_jwks_last_fetch_timestamp_seconds"} {
		if m.Families[name] == nil {
			t.Errorf("no %s", name)
		}
	}
	for name, f := range m.Families {
		if n := len(f.GetMetric()); n > 400 {
			t.Errorf("%s has %d series", name, n)
		}
	}
}

func checkLog(t *testing.T, log string, traces *receiver) {
	t.Helper()
	traces.mu.Lock()
	defer traces.mu.Unlock()
	requests, traced := 0, 0
	for line := range strings.Lines(log) {
		var l object
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Errorf("a line of the log is not JSON: %.200s", line)
			continue
		}
		at, _ := l["time"].(string)
		if _, err := time.Parse(time.RFC3339Nano, at); err != nil || l["level"] == nil || l["msg"] == nil {
			t.Errorf("a line without time, level or msg: %.200s", line)
		}
		if l["msg"] != "request" {
			continue
		}
		requests++
		if id, _ := l["trace_id"].(string); traces.ids[id] {
			traced++
		}
		if l["request_id"] == nil || l["status"] == nil || l["endpoint"] == nil {
			t.Errorf("a request's line is not whole: %.300s", line)
		}
	}
	if requests < 30 || traced < requests/2 {
		t.Errorf("%d lines of requests, %d with a trace that arrived", requests, traced)
	}
	if !traces.names["POST /token"] || traces.spans < 30 {
		t.Errorf("%d spans arrived: %v", traces.spans, traces.names)
	}
}
