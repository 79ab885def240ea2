package otlp

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestEnvironment(t *testing.T) {
	for _, row := range []struct {
		name, endpoint string
		env            map[string]string
		url            string
		check          func(settings) bool
		fails, warns   string
	}{
		{name: "nothing", url: "http://localhost:4318/v1/traces", check: func(s settings) bool { return s.timeout == 10*time.Second && !s.gzip && !s.json && s.tls == nil }},
		{name: "a base", env: map[string]string{"ENDPOINT": "https://c/x/"}, url: "https://c/x/v1/traces"},
		{name: "for traces alone, as it stands", env: map[string]string{"ENDPOINT": "http://c", "TRACES_ENDPOINT": "http://d"}, url: "http://d/"},
		{name: "configuration wins", endpoint: "https://e", env: map[string]string{"TRACES_ENDPOINT": "http://d", "INSECURE": "true"}, url: "https://e/v1/traces"},
		{name: "no TLS after all", env: map[string]string{"ENDPOINT": "https://c", "INSECURE": "true"}, url: "http://c/v1/traces"},
		{name: "no address", env: map[string]string{"ENDPOINT": "c:4317"}, fails: "no http or https URL"},
		{name: "time-out", env: map[string]string{"TIMEOUT": "1", "TRACES_TIMEOUT": "2500"}, url: "http://localhost:4318/v1/traces", check: func(s settings) bool { return s.timeout == 2500*time.Millisecond }},
		{name: "a time-out that is none", env: map[string]string{"TIMEOUT": "10s"}, url: "http://localhost:4318/v1/traces", warns: "OTEL_EXPORTER_OTLP_TIMEOUT",
			check: func(s settings) bool { return s.timeout == 10*time.Second }},
		{name: "headers", env: map[string]string{"HEADERS": "authorization=Bearer%20abc, x = y ,bad,sp ace=1"}, url: "http://localhost:4318/v1/traces", warns: "OTEL_EXPORTER_OTLP_HEADERS",
			check: func(s settings) bool {
				return len(s.headers) == 2 && s.headers["authorization"] == "Bearer abc" && s.headers["x"] == "y"
			}},
		{name: "headers of traces replace", env: map[string]string{"HEADERS": "a=b", "TRACES_HEADERS": "c=d"}, url: "http://localhost:4318/v1/traces",
			check: func(s settings) bool { return len(s.headers) == 1 && s.headers["c"] == "d" }},
		{name: "no such certificate", env: map[string]string{"ENDPOINT": "https://c", "CERTIFICATE": "/nowhere"}, fails: "OTEL_EXPORTER_OTLP_CERTIFICATE"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var log bytes.Buffer
			got, err := read(Config{Endpoint: row.endpoint, Logger: slog.New(slog.NewTextHandler(&log, nil)), Getenv: func(k string) string {
				return row.env[strings.TrimPrefix(k, "OTEL_EXPORTER_OTLP_")]
			}})
			if row.fails != "" {
				if err == nil || !strings.Contains(err.Error(), row.fails) {
					t.Fatal(err)
				}
				return
			}
			if err != nil || got.url != row.url || row.check != nil && !row.check(got) {
				t.Errorf("%+v %v", got, err)
			}
			if (row.warns == "") != (log.Len() == 0) || !strings.Contains(log.String(), row.warns) || strings.Contains(log.String(), "Bearer") {
				t.Errorf("log: %s", &log)
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	c := &collector{}
	srv := httptest.NewTLSServer(c)
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := exporter(t, Config{Endpoint: srv.URL}, map[string]string{"OTEL_EXPORTER_OTLP_CERTIFICATE": file}).ExportSpans(t.Context(), spans(t)); err != nil {
		t.Error(err)
	}
	var unknown x509.UnknownAuthorityError
	if err := exporter(t, Config{Endpoint: srv.URL}, nil).ExportSpans(t.Context(), spans(t)); !errors.As(err, &unknown) {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
	_, err := New(Config{Endpoint: "http://c", Getenv: func(k string) string {
		if k == "OTEL_EXPORTER_OTLP_CERTIFICATE" {
			return file
		}
		return ""
	}})
	if err == nil {
		t.Error("certificates without TLS are taken")
	}
}

func FuzzPartial(f *testing.F) {
	f.Add([]byte("\x0a\x0b\x08\x02\x12\x07too old"))
	f.Add([]byte("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Add([]byte("\x09\x01"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, why := partialWire(raw); len(why) > len(raw) {
			t.Error("more was read than there is")
		}
	})
}
