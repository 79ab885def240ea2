package fetch

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestBadAnswers(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 64<<20))
	_ = z.Close()
	hold := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/301", func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, "/inside", http.StatusMovedPermanently)
	})
	mux.HandleFunc("/307", func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, "/inside", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/inside", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	mux.HandleFunc("/404", http.NotFound)
	mux.HandleFunc("/206", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPartialContent) })
	mux.HandleFunc("/bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes())
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1001")
		_, _ = w.Write(make([]byte, 1001))
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, q *http.Request) {
		for q.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 512)); err != nil {
				return
			}
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, q *http.Request) {
		select {
		case <-q.Context().Done():
		case <-hold:
		}
	})
	mux.HandleFunc("/drip", func(w http.ResponseWriter, q *http.Request) {
		for q.Context().Err() == nil {
			_, _ = w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
	mux.HandleFunc("/head", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2*maxHeader)) })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
	})
	r := newRig(t, mux.ServeHTTP)
	t.Cleanup(func() { close(hold) })
	r.cfg.MaxBytes, r.cfg.Timeout = 1000, 700*time.Millisecond
	f := New(r.cfg)
	for path, reason := range map[string]string{
		"/301": "status", "/307": "status", "/404": "status", "/206": "status", "/bomb": "encoding", "/big": "size", "/endless": "size",
		"/silent": "timeout", "/drip": "timeout", "/head": "broken", "/cut": "broken",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			a, err := f.Get(t.Context(), r.URL+path, "*/*")
			refusedFor(t, err, reason)
			if a.Body != nil {
				t.Errorf("%d bytes came with the error", len(a.Body))
			}
		})
	}
}

func TestExactlyMaxBytes(t *testing.T) {
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1000)) })
	r.cfg.MaxBytes = 1000
	if a, err := New(r.cfg).Get(t.Context(), r.URL, "*/*"); err != nil || len(a.Body) != 1000 {
		t.Errorf("%d %v", len(a.Body), detailOf(err))
	}
}

func TestMaxAge(t *testing.T) {
	for _, row := range []struct {
		name, control, age string
		want               time.Duration
		has                bool
	}{
		{"RFC 9111 §4.2.1 nothing said", "", "", 0, false},
		{"RFC 9111 §5.2.2.1 max-age", "max-age=60", "", time.Minute, true},
		{"case and neighbours", "public,  Max-Age=60 , must-revalidate", "", time.Minute, true},
		{"RFC 9111 §5.2 quoted", `max-age="60"`, "", time.Minute, true},
		{"RFC 9111 §4.2.1 the first of two", "max-age=60, max-age=600", "", time.Minute, true},
		{"RFC 9111 §5.1 Age", "max-age=60", "45", 15 * time.Second, true},
		{"RFC 9111 §5.1 older than its age", "max-age=60", "100", 0, true},
		{"RFC 9111 §5.2.2.5 no-store", "max-age=60, no-store", "", 0, true},
		{"RFC 9111 §5.2.2.4 no-cache", "no-cache", "", 0, true},
		{"RFC 9111 §1.2.2 larger than can be counted", "max-age=99999999999999999999", "", 1 << 31 * time.Second, true},
		{"malformed", "max-age=-1", "", 0, false},
		{"empty", "max-age=", "", 0, false},
	} {
		h := http.Header{}
		h.Set("Cache-Control", row.control)
		h.Set("Age", row.age)
		if got, has := maxAge(h); got != row.want || has != row.has {
			t.Errorf("%s: %v %v", row.name, got, has)
		}
	}
}
