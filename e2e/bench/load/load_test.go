package load

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// limited is a source that ends.
type limited struct {
	Fixed
	left atomic.Int64
}

func (l *limited) Next(t *vegeta.Target) error {
	if l.left.Add(-1) < 0 {
		return vegeta.ErrNoTargets
	}
	return l.Fixed.Next(t)
}

func TestLoops(t *testing.T) {
	var asked, most, now atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
		}
		asked.Add(1)
		if r.URL.Path == "/slow" {
			time.Sleep(20 * time.Millisecond)
		}
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		if r.Header.Get("X-Forwarded-For") != "" && r.PostFormValue("a") != "b" {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer s.Close()

	t.Run("a closed loop has as many requests under way as connections", func(t *testing.T) {
		asked.Store(0)
		most.Store(0)
		c := New(3, 0)
		defer c.Close()
		got := c.Closed(Fixed{Get(s.URL+"/slow", nil), 200}, 100*time.Millisecond)
		if got.Failed != 0 || int64(got.Requests) != asked.Load() || most.Load() != 3 || got.Quantile(0) < 20*time.Millisecond || got.Codes[200] != got.Requests {
			t.Errorf("%+v, %d at once", got, most.Load())
		}
	})
	t.Run("it ends with its source", func(t *testing.T) {
		src := &limited{Fixed: Fixed{Form(s.URL+"/", "a=b", nil), 200}}
		src.left.Store(7)
		c := New(2, 0)
		defer c.Close()
		c.From = func() string { return "198.18.0.1" }
		if got := c.Closed(src, time.Minute); got.Requests != 7 || got.Failed != 0 || len(got.Latencies) != 7 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("what is not what was wanted has failed", func(t *testing.T) {
		src := &limited{Fixed: Fixed{Get(s.URL+"/bad", nil), 200}}
		src.left.Store(3)
		c := New(1, 0)
		defer c.Close()
		if got := c.Closed(src, time.Minute); got.Requests != 3 || got.Failed != 3 || got.First == "" || got.Codes[503] != 3 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("one connection is kept, and made anew when the server closes it", func(t *testing.T) {
		var opened atomic.Int64
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/last" {
				w.Header().Set("Connection", "close")
			}
			_, _ = w.Write([]byte(r.PostFormValue("a")))
		}))
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
		s.Start()
		defer s.Close()
		c := New(1, 0)
		defer c.Close()
		for path, want := range map[string]int64{"/": 1, "/last": 5} {
			src := &limited{Fixed: Fixed{Form(s.URL+path, "a=b", nil), 200}}
			src.left.Store(5)
			opened.Store(0)
			c.hangUp()
			if got := c.Closed(src, time.Minute); got.Requests != 5 || got.Failed != 0 || len(got.Latencies) != 5 || opened.Load() != want {
				t.Errorf("%s: %+v, %d connections", path, got, opened.Load())
			}
		}
	})
	t.Run("one connection does not wait longer than it may", func(t *testing.T) {
		c := New(1, 5*time.Millisecond)
		defer c.Close()
		src := &limited{Fixed: Fixed{Get(s.URL+"/slow", nil), 200}}
		src.left.Store(1)
		if got := c.Closed(src, time.Minute); got.Requests != 1 || got.Failed != 1 || got.Codes[0] != 1 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("an open loop does not wait for answers", func(t *testing.T) {
		most.Store(0)
		c := New(64, 0)
		defer c.Close()
		cpu := time.Duration(0)
		c.Meter = func() time.Duration { cpu += time.Second; return cpu }
		got := c.Open(Fixed{Get(s.URL+"/slow", nil), 200}, 200, 64, 200*time.Millisecond)
		if got.Failed != 0 || got.Requests < 10 || got.Requests > 60 || got.CPU != time.Second {
			t.Errorf("%+v", got)
		}
	})
}

func TestQuantile(t *testing.T) {
	s := Sample{}
	if s.Quantile(0.5) != 0 {
		t.Error("none has a median")
	}
	for i := range 100 {
		s.Latencies = append(s.Latencies, time.Duration(i))
	}
	if s.Quantile(0.5) != 50 || s.Quantile(0.99) != 99 || s.Quantile(1) != 99 {
		t.Error(s.Quantile(0.5), s.Quantile(0.99), s.Quantile(1))
	}
}
