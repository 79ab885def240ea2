package logo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/provider/fetch"
	"latchkey/storage"
)

func TestLogo(t *testing.T) {
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if got := q.Header.Get("Accept"); got != accept || q.Header.Get("Cookie") != "" || q.Header.Get("Referer") != "" {
			t.Errorf("asked with %v", q.Header)
		}
		_, _ = w.Write(append(red(400, 200), "secret"...))
	})
	r.add("notes", "/logo.png")
	got, err := r.ask(t, "notes")
	if err != nil || got.ContentType != "image/png" || !got.Until.Equal(r.now.Add(24*time.Hour)) || bytes.Contains(got.Content, []byte("secret")) {
		t.Fatalf("%s until %v, %v", got.ContentType, got.Until, err)
	}
	m, err := png.Decode(bytes.NewReader(got.Content))
	if err != nil || m.Bounds() != image.Rect(0, 0, 128, 128) || !is(m.At(64, 64), color.RGBA{255, 0, 0, 255}) || !is(m.At(64, 4), color.White) {
		t.Errorf("%v, %v", m.Bounds(), err)
	}
	r.pass(24*time.Hour - time.Second)
	if again, err := r.ask(t, "notes"); err != nil || !bytes.Equal(again.Content, got.Content) || r.served() != 1 {
		t.Error("it was not kept for a day")
	}
	r.pass(time.Second)
	if _, err := r.ask(t, "notes"); err != nil || r.served() != 1 {
		t.Error("it was kept for longer than a day")
	}
}

// TestWhose: nothing is fetched but what a client registered for itself.
func TestWhose(t *testing.T) {
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(red(8, 8)) })
	r.add("notes", "/notes.png")
	r.add("tides", "/tides.png")
	r.clients["bare"] = storage.Client{ID: "bare"}
	r.clients["notes"] = storage.Client{ID: "notes", LogoURI: r.host.URL + "/notes.png",
		Localized: map[string]string{"logo_uri#de": r.host.URL + "/notes-de.png", "client_uri#de": r.host.URL + "/", "logo_uri#fr": ""}}
	for _, c := range []struct {
		name, client, version string
		want                  error
	}{
		{"RFC 7591 §2 logo_uri", "notes", Version(r.host.URL + "/notes.png"), nil},
		{"RFC 7591 §2.2 in another language", "notes", Version(r.host.URL + "/notes-de.png"), nil},
		{"another member", "notes", Version(r.host.URL + "/"), ErrNone},
		{"another client's", "notes", Version(r.host.URL + "/tides.png"), ErrNone},
		{"an address instead", "notes", r.host.URL + "/notes.png", ErrNone},
		{"no version", "notes", "", ErrNone},
		{"an empty address", "notes", Version(""), ErrNone},
		{"no logo", "bare", Version(""), ErrNone},
		{"no client", "nobody", Version(r.host.URL + "/notes.png"), ErrNone},
		{"the store is away", "fault", "x", storage.ErrUnavailable},
	} {
		if _, err := r.Logo(t.Context(), c.client, c.version); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if want := map[bool]int64{true: 1, false: 0}[c.want == nil]; r.served() != want {
			t.Errorf("%s: fetched", c.name)
		}
	}
}

// TestNothing: what gives no picture is left alone for ten minutes, and told to the operator alone.
func TestNothing(t *testing.T) {
	good := false
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		switch {
		case good:
			_, _ = w.Write(red(8, 8))
		case q.URL.Path == "/away":
			w.WriteHeader(http.StatusInternalServerError)
		case q.URL.Path == "/redirect":
			http.Redirect(w, q, "/logo.png", http.StatusFound)
		case q.URL.Path == "/svg":
			_, _ = w.Write([]byte("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"))
		case q.URL.Path == "/long":
			_, _ = w.Write(make([]byte, fetch.DefaultMaxBytes+1))
		case q.URL.Path == "/pixels":
			_, _ = w.Write(red(2001, 2000))
		}
	})
	for _, path := range []string{"/away", "/redirect", "/svg", "/long", "/pixels", "/empty"} {
		t.Run(path, func(t *testing.T) {
			id := path[1:]
			r.add(id, path)
			good = false
			for range 3 {
				if l, err := r.ask(t, id); !errors.Is(err, ErrNone) || l.Content != nil {
					t.Fatalf("%v, %v", l, err)
				}
			}
			if n := r.served(); n != 1 {
				t.Errorf("fetched %d times", n)
			}
			if line := r.log.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, "client_id="+id) {
				t.Errorf("logged %q", line)
			}
			r.log.Reset()
			good = true
			r.pass(10*time.Minute - time.Second)
			if _, err := r.ask(t, id); !errors.Is(err, ErrNone) || r.served() != 0 {
				t.Errorf("asked again too early: %v", err)
			}
			r.pass(time.Second)
			if _, err := r.ask(t, id); err != nil || r.served() != 1 {
				t.Errorf("not asked again: %v", err)
			}
		})
	}
	r.clients["inside"] = storage.Client{ID: "inside", LogoURI: "https://192.168.1.1/logo.png"}
	if _, err := r.ask(t, "inside"); !errors.Is(err, ErrNone) || !strings.Contains(r.log.String(), "refused") {
		t.Errorf("%v; %s", err, r.log.String())
	}
}

// TestOneFetch: however many ask, a client's host is asked once, and who gave up does not take the others along.
func TestOneFetch(t *testing.T) {
	release := make(chan struct{})
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { <-release; _, _ = w.Write(red(8, 8)) })
	r.add("notes", "/logo.png")
	first, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var shown, gaveUp, later atomic.Int64
	ask := func(ctx context.Context) {
		switch _, err := r.Logo(ctx, "notes", Version(r.clients["notes"].LogoURI)); {
		case err == nil:
			shown.Add(1)
		case errors.Is(err, ErrLater):
			later.Add(1)
		case errors.Is(err, context.Canceled):
			gaveUp.Add(1)
		}
	}
	all.Go(func() { ask(first) })
	r.until(t, func() bool { return len(r.flights) == 1 })
	all.Go(func() { ask(first) })
	for range maxWaiting - 1 {
		all.Go(func() { ask(t.Context()) })
	}
	r.until(t, func() bool { return r.waiting == maxWaiting })
	ask(t.Context())
	if later.Load() != 1 {
		t.Error("one too many waits")
	}
	cancel()
	r.until(t, func() bool { return r.waiting == maxWaiting-1 })
	close(release)
	all.Wait()
	if shown.Load() != maxWaiting || gaveUp.Load() != 1 || r.served() != 1 || r.waiting != 0 || len(r.flights) != 0 {
		t.Errorf("%d shown, %d gave up, %d waiting, %d under way", shown.Load(), gaveUp.Load(), r.waiting, len(r.flights))
	}
}

// TestOneForEachClient: a client that registered logos in many languages has them fetched one after the other.
func TestOneForEachClient(t *testing.T) {
	var now, most atomic.Int64
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(10 * time.Millisecond)
		now.Add(-1)
		_, _ = w.Write(red(8, 8))
	})
	c := storage.Client{ID: "notes", Localized: map[string]string{}}
	for n := range 5 {
		c.Localized[fmt.Sprintf("logo_uri#x-%d", n)] = fmt.Sprintf("%s/%d.png", r.host.URL, n)
	}
	r.clients["notes"] = c
	var all sync.WaitGroup
	for _, uri := range c.Localized {
		all.Go(func() {
			if _, err := r.Logo(t.Context(), "notes", Version(uri)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() != 1 || r.served() != 5 {
		t.Errorf("%d at once", most.Load())
	}
}

// TestBounds: all clients together have so much done at once, and in a minute.
func TestBounds(t *testing.T) {
	release := make(chan struct{})
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { <-release; _, _ = w.Write(red(8, 8)) })
	var all sync.WaitGroup
	r.add("more", "/more")
	for n := range maxFetches {
		r.add(fmt.Sprint("slow", n), fmt.Sprint("/slow", n))
	}
	for n := range maxFetches {
		id := fmt.Sprint("slow", n)
		all.Go(func() {
			if _, err := r.ask(t, id); err != nil {
				t.Error(err)
			}
		})
	}
	r.until(t, func() bool { return len(r.flights) == maxFetches })
	if _, err := r.ask(t, "more"); !errors.Is(err, ErrLater) {
		t.Errorf("one more at once: %v", err)
	}
	close(release)
	all.Wait()
	for n := range maxPerMinute - maxFetches {
		id := fmt.Sprint("quick", n)
		r.add(id, "/"+id)
		if _, err := r.ask(t, id); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
	}
	r.served()
	if _, err := r.ask(t, "more"); !errors.Is(err, ErrLater) || r.served() != 0 {
		t.Errorf("one more in this minute: %v", err)
	}
	if _, err := r.ask(t, "quick0"); err != nil {
		t.Errorf("what is kept needs no fetch: %v", err)
	}
	r.pass(time.Minute)
	if _, err := r.ask(t, "more"); err != nil {
		t.Errorf("the next minute: %v", err)
	}
	r.pass(-time.Hour)
	r.add("back", "/back")
	if _, err := r.ask(t, "back"); err != nil {
		t.Errorf("a clock that was put back: %v", err)
	}
}

func TestVersion(t *testing.T) {
	if a, b := Version("https://a.example/1"), Version("https://a.example/2"); a == b || len(a) != 12 || strings.Trim(a+b, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("%s %s", a, b)
	}
}
