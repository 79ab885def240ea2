package otlp

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// settings are where spans go, and how.
type settings struct {
	url     string
	headers map[string]string
	gzip    bool
	json    bool
	timeout time.Duration
	tls     *tls.Config
}

// environment reads variables that have one name for all signals and one for traces, which wins.
type environment struct {
	getenv func(string) string
	log    *slog.Logger
}

// of is the value of a variable, and its name.
func (e environment) of(name string) (value, from string) {
	for _, prefix := range []string{"OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"} {
		if v := strings.TrimSpace(e.getenv(prefix + name)); v != "" {
			return v, prefix + name
		}
	}
	return "", ""
}

// unusable tells of a variable that cannot be used. Its value may be a secret.
func (e environment) unusable(name string, err error) {
	e.log.LogAttrs(context.Background(), slog.LevelWarn, "environment variable not used", slog.String("variable", name), slog.String("error", err.Error()))
}

func read(c Config) (settings, error) {
	env := environment{c.Getenv, c.Logger}
	s := settings{timeout: 10 * time.Second}
	u, err := env.endpoint(c.Endpoint)
	if err != nil {
		return s, err
	}
	s.url = u.String()
	if s.tls, err = env.certificates(); err != nil {
		return s, err
	}
	if s.tls != nil && u.Scheme != "https" {
		return s, errors.New("certificates are set for the collector, but its address is not https")
	}
	v, from := env.of("HEADERS")
	s.headers = env.headers(v, from)
	v, _ = env.of("COMPRESSION")
	s.gzip = v == "gzip"
	v, _ = env.of("PROTOCOL")
	s.json = v == "http/json"
	if v, from := env.of("TIMEOUT"); v != "" {
		if ms, err := strconv.Atoi(v); err != nil || ms < 0 {
			env.unusable(from, errors.New("no number of milliseconds"))
		} else {
			s.timeout = time.Duration(ms) * time.Millisecond
		}
	}
	return s, nil
}

// endpoint is where requests go: a base has /v1/traces added, the variable for traces alone is taken as it stands.
func (e environment) endpoint(configured string) (*url.URL, error) {
	own := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	raw, from := configured, ""
	if raw == "" {
		raw, from = e.of("ENDPOINT")
	}
	u, err := url.Parse(cmp.Or(raw, "http://localhost:4318"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the collector's address is no http or https URL")
	}
	out := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: cmp.Or(u.Path, "/")}
	if from != own {
		out.Path = path.Join("/", u.Path, "v1/traces")
	}
	if v, _ := e.of("INSECURE"); v != "" && configured == "" {
		out.Scheme = "https"
		if strings.EqualFold(v, "true") {
			out.Scheme = "http"
		}
	}
	return out, nil
}

// headers reads a list such as "a=b,c=d%20e" (W3C Baggage §3.3.1, without metadata).
func (e environment) headers(list, from string) map[string]string {
	out := map[string]string{}
	for n, one := range strings.Split(list, ",") {
		if strings.TrimSpace(one) == "" {
			continue
		}
		name, escaped, ok := strings.Cut(one, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(escaped)
		value = strings.TrimSpace(value)
		if !ok || err != nil || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			e.unusable(from, fmt.Errorf("entry %d is no header", n+1))
			continue
		}
		out[name] = value
	}
	return out
}

// certificates are those that the collector is known by, and our own; nil where none are set.
func (e environment) certificates() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if file, from := e.of("CERTIFICATE"); file != "" {
		pem, err := os.ReadFile(file) // the operator names it
		if err != nil {
			return nil, fmt.Errorf("%s: %w", from, err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in %s", from, file)
		}
	}
	cert, from := e.of("CLIENT_CERTIFICATE")
	key, _ := e.of("CLIENT_KEY")
	if cert != "" && key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", from, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if c.RootCAs == nil && c.Certificates == nil {
		return nil, nil
	}
	return c, nil
}
