package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/cmd/latchkey/doctor"
)

// at changes answers of one path ("" for every one).
func at(path string, change func(*http.Response)) func(*http.Response) error {
	return func(r *http.Response) error {
		if path == "" || r.Request.URL.Path == path {
			change(r)
		}
		return nil
	}
}

// body replaces text in an answer's body.
func body(old, with string) func(*http.Response) {
	return func(r *http.Response) {
		b, _ := io.ReadAll(r.Body)
		setBody(r, []byte(strings.ReplaceAll(string(b), old, with)))
	}
}

func setBody(r *http.Response, b []byte) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	r.Header.Set("Content-Length", strconv.Itoa(len(b)))
}

func header(name string, values ...string) func(*http.Response) {
	return func(r *http.Response) { r.Header[http.CanonicalHeaderKey(name)] = values }
}

// refuse answers a path itself.
func refuse(method, path string, status int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if (method == "" || r.Method == method) && (path == "" || r.URL.Path == path) {
				w.WriteHeader(status)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

const discoveryPath, jwksPath = "/.well-known/openid-configuration", "/jwks.json"

func later(d time.Duration) func(*doctor.Options) {
	return func(o *doctor.Options) { o.Now = func() time.Time { return time.Now().Add(d) } }
}

func configured(change func(*config.Config)) func(*doctor.Options) {
	return func(o *doctor.Options) { change(o.Config) }
}

// squash compresses every document, whoever asks.
func squash(r *http.Response) {
	if ct := r.Header.Get("Content-Type"); !strings.Contains(ct, "json") {
		return
	}
	b, _ := io.ReadAll(r.Body)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write(b)
	_ = w.Close()
	r.Header.Set("Content-Encoding", "gzip")
	setBody(r, z.Bytes())
}

// TestDoctorOutside breaks the ingress before a server that is well, in one way in each row: the doctor complains of that, and of nothing else.
func TestDoctorOutside(t *testing.T) {
	w := admit(t, nil)
	hour := time.Hour
	rows := []struct {
		name string
		is   patient
		want []string
	}{
		{"all is well", patient{}, nil},
		{"all is well, and http leads to https", patient{plain: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+doctorHost+r.URL.Path, http.StatusMovedPermanently)
		}}, nil},
		{"the certificate has expired", patient{cert: leaf{till: time.Now().Add(-hour)}}, []string{"tls problem: expired on"}},
		{"the certificate is not good yet", patient{cert: leaf{from: time.Now().Add(hour)}}, []string{"tls problem: is good from"}},
		{"the certificate expires in a week", patient{cert: leaf{till: time.Now().Add(7 * 24 * hour)}}, []string{"tls warning: in 6 days"}},
		{"the certificate is another's", patient{cert: leaf{name: "www.example.test"}}, []string{"tls problem: is for www.example.test, not for " + doctorHost}},
		{"the certificate comes without the authority that made it", patient{cert: leaf{alone: true}}, []string{"tls problem: comes alone"}},
		{"the authority is not known", patient{look: func(o *doctor.Options) { o.Roots = newAuthority(t).roots }}, []string{"tls problem: cannot be verified"}},
		{"TLS 1.0 is taken", patient{tls: func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 }}, []string{"tls warning: TLS 1.1 or older"}},
		{"http answers as https does", patient{plain: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }}, []string{"http problem: over plain http"}},
		{"http leads elsewhere", patient{plain: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example.test/", http.StatusFound)
		}}, []string{"http warning: elsewhere"}},
		{"the issuer in the document is another", patient{answer: at(discoveryPath, body(`"issuer": "https://`+doctorHost, `"issuer": "https://`+doctorHost+"/"))},
			[]string{"discovery problem: is of the issuer"}},
		{"an endpoint is somewhere else", patient{answer: at(discoveryPath, body("https://"+doctorHost+"/token", "https://internal.example.test/token"))},
			[]string{"endpoints problem: outside of the issuer"}},
		{"the token endpoint is refused", patient{before: refuse(http.MethodPost, "/token", http.StatusForbidden)}, []string{"endpoints problem: token_endpoint (POST https://" + doctorHost + "/token) answers 403"}},
		{"RFC 8414 is not handed on", patient{before: refuse("", "/.well-known/oauth-authorization-server", http.StatusNotFound)}, []string{"discovery warning: oauth-authorization-server does not answer: 404"}},
		{"Cache-Control is taken away", patient{answer: at("", func(r *http.Response) {
			if strings.Contains(r.Header.Get("Content-Type"), "json") {
				r.Header.Set("Cache-Control", "no-cache")
			}
		})}, []string{"discovery warning: no-cache", "jwks warning: no-cache"}},
		{"keys may be kept for a day", patient{answer: at(jwksPath, header("Cache-Control", "public, max-age=86400, must-revalidate"))}, []string{"jwks problem: longer than keys.jwks_max_age"}},
		{"keys may be served stale", patient{answer: at(jwksPath, header("Cache-Control", "public, max-age=900"))}, []string{"jwks warning: without must-revalidate"}},
		{"keys come too old from a cache", patient{answer: at(jwksPath, header("Age", "5000"))}, []string{"jwks problem: 5000 seconds old"}},
		{"a cache has other keys than the server", patient{answer: at(jwksPath, func(r *http.Response) {
			if r.Request.URL.RawQuery == "" {
				body(`"kid":"`, `"kid":"old-`)(r)
			}
		})}, []string{"jwks problem: past all caches, has other keys", "jwks problem: is not the server's"}},
		{"the key set is empty", patient{answer: at(jwksPath, func(r *http.Response) { setBody(r, []byte(`{"keys":[]}`)) })}, []string{"jwks problem: is empty", "jwks problem: is not the server's"}},
		{"the key set is a page", patient{answer: at(jwksPath, func(r *http.Response) { setBody(r, []byte(`<html>`)) })}, []string{"jwks problem: is no JSON"}},
		{"the key set is away", patient{before: refuse("", jwksPath, http.StatusBadGateway)}, []string{"jwks problem: answers 502"}},
		{"everything is compressed, whoever asks", patient{answer: at(jwksPath, squash)}, []string{"jwks warning: compressed (gzip)"}},
		{"Host is replaced", patient{send: func(_, out *http.Request) { out.Host = doctorHost }}, []string{"host warning: replaces Host"}},
		{"X-Forwarded-For is handed on", patient{send: func(in, out *http.Request) {
			out.Header["X-Forwarded-For"] = append(slices.Clone(in.Header["X-Forwarded-For"]), in.Header["X-Forwarded-For"]...)
		}}, []string{"forwarded problem: X-Forwarded-For of a stranger is believed"}},
		{"X-Forwarded-For is appended to", patient{send: func(in, out *http.Request) {
			out.Header["X-Forwarded-For"] = append(slices.Clone(in.Header["X-Forwarded-For"]), out.Header["X-Forwarded-For"]...)
		}}, nil},
		{"Forwarded is handed on", patient{send: func(in, out *http.Request) { out.Header["Forwarded"] = in.Header["Forwarded"] }}, []string{"forwarded warning: counts as " + proxyAddress}},
		{"the ingress is not a trusted proxy", patient{from: "127.0.0.4"}, []string{"forwarded warning: takes the proxy 127.0.0.4 for the client"}},
		{"the ingress says nothing of clients", patient{send: func(_, out *http.Request) { out.Header.Del("X-Forwarded-For") }}, []string{"forwarded warning: does not tell the server who the client is"}},
		{"X-Forwarded-Host of strangers is believed", patient{before: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if h := r.Header.Get("X-Forwarded-Host"); h != "" {
					http.Redirect(w, r, "https://"+h+r.URL.Path, http.StatusFound)
					return
				}
				next.ServeHTTP(w, r)
			})
		}}, []string{"forwarded problem: answers 302"}},
		{"X-Forwarded-Proto of strangers changes the document", patient{before: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Forwarded-Proto") == "" {
					next.ServeHTTP(w, r)
					return
				}
				rec := httptest.NewRecorder()
				next.ServeHTTP(rec, r)
				_, _ = io.WriteString(w, strings.ReplaceAll(rec.Body.String(), "https://", "http://"))
			})
		}}, []string{"forwarded problem: change the document"}},
		{"the clock of this machine is ten minutes late", patient{look: later(-10 * time.Minute)}, []string{"clock problem: differ by"}},
		{"the clock of this machine is 20 seconds early", patient{look: later(20 * time.Second)}, []string{"clock warning: differ by"}},
		{"the policy of pages is taken away", patient{answer: at("/login", func(r *http.Response) { r.Header.Del("Content-Security-Policy") })}, []string{"headers problem: without frame-ancestors"}},
		{"the policy of pages comes twice", patient{answer: at("/login", func(r *http.Response) { r.Header.Add("Content-Security-Policy", "default-src 'self'") })}, []string{"headers warning: comes twice"}},
		{"HSTS is taken away", patient{answer: at("/login", func(r *http.Response) { r.Header.Del("Strict-Transport-Security") })}, []string{"headers problem: without Strict-Transport-Security"}},
		{"X-Frame-Options is added", patient{answer: at("/login", header("X-Frame-Options", "DENY"))}, []string{"headers warning: adds X-Frame-Options"}},
		{"the sign-in page is behind a sign-in", patient{before: refuse("", "/login", http.StatusUnauthorized)}, []string{"headers problem: answers 401"}},
		{"the ingress sets a careless cookie", patient{answer: at("/login", header("Set-Cookie", "route=1; Path=/"))}, []string{"cookies warning: cookie route lacks Secure and HttpOnly"}},
		{"long addresses are refused", patient{before: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if len(r.URL.RawQuery) > 8000 {
					w.WriteHeader(http.StatusRequestURITooLong)
					return
				}
				next.ServeHTTP(w, r)
			})
		}}, []string{"sizes warning: gets 414"}},
		{"one of two addresses is dead", patient{look: func(o *doctor.Options) {
			dial := o.Dial
			o.Resolve = func(context.Context, string) ([]string, error) { return []string{"192.0.2.1", "192.0.2.2"}, nil }
			o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if address == "192.0.2.2:443" {
					return nil, errors.New("connection refused")
				}
				return dial(ctx, network, address)
			}
		}}, []string{"tcp warning: 192.0.2.2:443"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			all := w.examine(t, row.is)
			if got := complaints(all); !matches(got, row.want) {
				t.Errorf("complaints:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(row.want, "\n  "))
			}
		})
	}
}
