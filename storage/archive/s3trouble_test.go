package archive

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Servers that fail for a while are asked again; those that fail for good, hang or go away are given up.
func TestS3Trouble(t *testing.T) {
	var asked atomic.Int32
	for _, row := range []struct {
		name  string
		serve http.HandlerFunc
		want  string // "" where it succeeds
		asked int32
	}{
		{"503 twice", func(w http.ResponseWriter, _ *http.Request) {
			if asked.Load() < 3 {
				w.WriteHeader(503)
			}
		}, "", 3},
		{"503 for good", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "503", tries},
		{"429", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, "429", tries},
		{"403", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "403", 1},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}, "backup.s3.endpoint and region", 1},
		{"the connection is cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF", tries},
		{"nobody answers", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, errStalled.Error(), tries},
	} {
		t.Run(row.name, func(t *testing.T) {
			asked.Store(0)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				row.serve(w, r)
			}))
			defer srv.Close()
			s := at(t, srv.URL, func(c *S3Config) { c.Stall = 200 * time.Millisecond })
			err := s.put(t.Context(), "name", &payload{open: func() io.Reader { return strings.NewReader("body") }, size: 4, sum: emptySum})
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) || asked.Load() != row.asked {
				t.Errorf("asked %d times: %v", asked.Load(), err)
			}
		})
	}
}

// An answer that stops in the middle is given up; one that is slow but moves is not.
func TestS3Stall(t *testing.T) {
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 8 {
			_, _ = w.Write([]byte("12345678"))
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(60 * time.Millisecond):
			}
		}
		if strings.HasSuffix(r.URL.Path, "stops") {
			<-r.Context().Done()
		}
	}))
	defer slow.Close()
	s := at(t, slow.URL, func(c *S3Config) { c.Stall = 250 * time.Millisecond })
	for name, whole := range map[string]bool{"slow": true, "stops": false} {
		r, err := s.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); (err == nil) != whole || len(got) != 64 {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		_ = r.Close()
	}
}

// What comes back otherwise than it was given is no backup: it is removed again, and told.
func TestS3ThatChangesBytes(t *testing.T) {
	var removed atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			_, _ = w.Write([]byte("contenT"))
		case http.MethodDelete:
			removed.Store(true)
		}
	}))
	defer srv.Close()
	err := at(t, srv.URL, nil).Store(t.Context(), "name", fillWith([]byte("content")))
	if err == nil || !strings.Contains(err.Error(), "other bytes") || !removed.Load() {
		t.Errorf("%v, removed %v", err, removed.Load())
	}
}

// The bucket's name can go into the host's.
func TestS3VirtualHost(t *testing.T) {
	var host, path string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { host, path = r.Host, r.URL.Path }))
	defer srv.Close()
	s := at(t, "http://s3.example.test", func(c *S3Config) { c.PathStyle, c.Prefix = false, "p" })
	s.http.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, srv.Listener.Addr().String())
	}
	if err := s.put(t.Context(), "name", &payload{open: func() io.Reader { return strings.NewReader("") }, sum: emptySum}); err != nil {
		t.Fatal(err)
	}
	if host != "bucket.s3.example.test" || path != "/p/name" {
		t.Errorf("%s %s", host, path)
	}
}
