package client

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

// stored is a store of clients that the test answers for.
type stored struct {
	client  func(id string) (storage.Client, error)
	origin  func(string) (bool, error)
	touched []time.Time
	err     error
}

func (s *stored) Client(_ context.Context, id string) (storage.Client, error) { return s.client(id) }

func (s *stored) TouchClient(_ context.Context, _ string, expiresAt, _ time.Time) error {
	s.touched = append(s.touched, expiresAt)
	return s.err
}

func (s *stored) HasClientOrigin(_ context.Context, origin string) (bool, error) {
	return s.origin(origin)
}

func TestHasOrigin(t *testing.T) {
	s := &stored{origin: func(o string) (bool, error) {
		if o == "" || len(o) > maxOrigin {
			t.Errorf("the store is asked for %.40q", o)
		}
		if o == "https://broken.test" {
			return false, storage.ErrUnavailable
		}
		return o == "https://stored.test", nil
	}}
	r := NewRegistry(nil)
	r.Declare([]storage.Client{
		{ID: "a", RedirectURIs: []string{"https://App.test:443/cb", "http://127.0.0.1:8080/cb"}, AllowedOrigins: []string{"https://spa.test"}},
		{ID: "off", RedirectURIs: []string{"https://off.test/cb"}, Disabled: true},
		{ID: "native", RedirectURIs: []string{"https://native.test/cb"}, ApplicationType: "native"},
	})
	if ok, err := r.HasOrigin(t.Context(), "https://stored.test"); ok || err != nil {
		t.Error("an origin of nowhere")
	}
	r.Follow(Use{Store: s, Now: func() time.Time { return now }})
	for origin, want := range map[string]bool{
		"https://app.test": true, "http://127.0.0.1:8080": true, "https://spa.test": true, "https://stored.test": true,
		"https://off.test": false, "https://native.test": false, "https://app.test:443": false, "http://app.test": false, "https://app.test.evil": false,
		"https://sub.app.test": false, "null": false, "": false, "*": false, "https://" + strings.Repeat("x", 300): false,
	} {
		if got, err := r.HasOrigin(t.Context(), origin); got != want || err != nil {
			t.Errorf("%.40q: %v %v", origin, got, err)
		}
	}
	if _, err := r.HasOrigin(t.Context(), "https://broken.test"); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a fault is not an answer: %v", err)
	}
	r.Declare(nil)
	if ok, _ := r.HasOrigin(t.Context(), "https://app.test"); ok {
		t.Error("an origin outlived its client")
	}
}

func TestUsed(t *testing.T) {
	const month = 30 * 24 * time.Hour
	for _, row := range []struct {
		name    string
		ttl     time.Duration
		c       storage.Client
		touched bool
	}{
		{"a day after it was last put off", month, storage.Client{Registered: true, ExpiresAt: now.Add(month - 24*time.Hour)}, true},
		{"a moment before", month, storage.Client{Registered: true, ExpiresAt: now.Add(month - 24*time.Hour + 1)}, false},
		{"just registered", month, storage.Client{Registered: true, ExpiresAt: now.Add(month)}, false},
		{"about to go", month, storage.Client{Registered: true, ExpiresAt: now.Add(1)}, true},
		{"a short life, soon", time.Hour, storage.Client{Registered: true, ExpiresAt: now.Add(time.Hour - time.Minute)}, false},
		{"a short life, later", time.Hour, storage.Client{Registered: true, ExpiresAt: now.Add(45 * time.Minute)}, true},
		{"a life that was made shorter", time.Hour, storage.Client{Registered: true, ExpiresAt: now.Add(month)}, false},
		{"one that does not expire", month, storage.Client{Registered: true}, false},
		{"the operator's own", month, storage.Client{ExpiresAt: now.Add(1)}, false},
		{"no life is set", 0, storage.Client{Registered: true, ExpiresAt: now.Add(1)}, false},
	} {
		s := &stored{err: storage.ErrUnavailable} // which is none of the request's business
		r := NewRegistry(nil)
		r.Follow(Use{Store: s, UnusedTTL: row.ttl, Now: func() time.Time { return now }})
		r.Used(t.Context(), row.c)
		if (len(s.touched) == 1) != row.touched || row.touched && !s.touched[0].Equal(now.Add(row.ttl)) {
			t.Errorf("%s: %v", row.name, s.touched)
		}
	}
	NewRegistry(nil).Used(t.Context(), storage.Client{Registered: true, ExpiresAt: now})
}

func TestExpiredClient(t *testing.T) {
	at := now
	r := NewRegistry(&stored{client: func(string) (storage.Client, error) {
		return storage.Client{ID: "a", Registered: true, ExpiresAt: now.Add(time.Hour)}, nil
	}})
	r.Follow(Use{Now: func() time.Time { return at }})
	if _, err := r.Client(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	at = now.Add(time.Hour)
	if _, err := r.Client(t.Context(), "a"); !errors.Is(err, ErrUnknown) {
		t.Errorf("a client that nobody used: %v", err)
	}
}
