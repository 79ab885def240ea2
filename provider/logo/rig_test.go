package logo

import (
	"bytes"
	"context"
	"crypto/x509"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/provider/client"
	"latchkey/provider/fetch"
	"latchkey/provider/picture"
	"latchkey/storage"
)

// rig is a keeper with the real fetcher, and the host of the logos.
type rig struct {
	*Keeper
	host    *httptest.Server
	hits    atomic.Int64
	mu      sync.Mutex
	now     time.Time
	clients map[string]storage.Client
	log     bytes.Buffer
}

func newRig(t *testing.T, serve http.HandlerFunc) *rig {
	r := &rig{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), clients: map[string]storage.Client{}}
	r.host = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.hits.Add(1)
		serve(w, q)
	}))
	t.Cleanup(r.host.Close)
	pool := x509.NewCertPool()
	pool.AddCert(r.host.Certificate())
	r.Keeper = New(Deps{Clients: r, Pictures: picture.NewCleaner(1), Log: slog.New(slog.NewTextHandler(&r.log, nil)), Now: r.time,
		Fetcher: fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: pool})})
	return r
}

func (r *rig) time() time.Time { r.mu.Lock(); defer r.mu.Unlock(); return r.now }

func (r *rig) pass(d time.Duration) { r.mu.Lock(); r.now = r.now.Add(d); r.mu.Unlock() }

// Client is the registry.
func (r *rig) Client(_ context.Context, id string) (storage.Client, error) {
	if id == "fault" {
		return storage.Client{}, storage.ErrUnavailable
	}
	c, ok := r.clients[id]
	if !ok {
		return c, client.ErrUnknown
	}
	return c, nil
}

// add makes a client with a logo at path.
func (r *rig) add(id, path string) {
	r.clients[id] = storage.Client{ID: id, LogoURI: r.host.URL + path}
}

// ask asks for the logo of a client as pages do.
func (r *rig) ask(t *testing.T, id string) (Logo, error) {
	return r.Logo(t.Context(), id, Version(r.clients[id].LogoURI))
}

// served tells how often the host was asked since the last time.
func (r *rig) served() int64 { return r.hits.Swap(0) }

func red(w, h int) []byte {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(m.Pix); i += 4 {
		copy(m.Pix[i:], []byte{255, 0, 0, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// until waits for what other goroutines bring about.
func (r *rig) until(t *testing.T, so func() bool) {
	t.Helper()
	for range 2000 {
		r.Keeper.mu.Lock()
		ok := so()
		r.Keeper.mu.Unlock()
		if ok {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("it does not come about")
}

func is(got, want color.Color) bool {
	r, g, b, a := got.RGBA()
	wr, wg, wb, wa := want.RGBA()
	return r == wr && g == wg && b == wb && a == wa
}
