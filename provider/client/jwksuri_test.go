package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/provider/fetch"
	"latchkey/storage"
)

const keysURI = "https://app.test/keys"

// site is a client whose keys stand at a jwks_uri, and a clock.
type site struct {
	t *testing.T
	*Keys
	web   *web
	at    time.Time
	state struct {
		sync.Mutex
		doc    []byte
		err    error
		maxAge time.Duration
		has    bool
	}
	client storage.Client
}

func newSite(t *testing.T) *site {
	s := &site{t: t, at: now, client: storage.Client{ID: "app", JWKSURI: keysURI}}
	s.web = &web{get: func(_ context.Context, uri string) (fetch.Answer, error) {
		s.state.Lock()
		defer s.state.Unlock()
		if uri != keysURI {
			t.Errorf("fetched %s", uri)
		}
		return fetch.Answer{Body: s.state.doc, MaxAge: s.state.maxAge, HasMaxAge: s.state.has}, s.state.err
	}}
	s.Keys = NewKeys(s.web, func() time.Time { return s.at })
	s.serve("P-256", "one")
	return s
}

func (s *site) serve(pair, kid string) {
	s.state.doc, s.state.err = setOf(s.t, publicJWK(s.t, pair, kid, nil)), nil
}
func (s *site) away() { s.state.err = errors.New("away") }

// check verifies a JWS by that key and wants the outcome and the number of fetches until now.
func (s *site) check(step, pair, kid string, good bool, fetches int) {
	s.t.Helper()
	_, err := s.Verify(s.t.Context(), s.client, signJWS(s.t, "ES256", pair, kid, "", "x"), SignatureAlgs())
	if (err == nil) != good || (err != nil && !errors.Is(err, ErrWrong)) {
		s.t.Errorf("%s: %v", step, err)
	}
	if n := s.web.fetches(); n != fetches {
		s.t.Errorf("%s: %d fetches, want %d", step, n, fetches)
	}
}

// Requests, and what an address does meanwhile, as rows: time passes, the address changes, a JWS comes.
func TestJWKSURI(t *testing.T) {
	type step struct {
		after   time.Duration
		change  func(*site)
		key     string // "pair kid"
		good    bool
		fetches int
	}
	maxAge := func(d time.Duration) func(*site) { return func(s *site) { s.state.maxAge, s.state.has = d, true } }
	rotate := func(s *site) { s.serve("P-256b", "two") }
	away := (*site).away
	const one, two = "P-256 one", "P-256b two"
	for name, steps := range map[string][]step{
		"fresh keys are not fetched again": {
			{key: one, good: true, fetches: 1},
			{after: 10*time.Minute - 1, key: one, good: true, fetches: 1},
			{after: 1, key: one, good: true, fetches: 2},
		},
		"RFC 9111 §5.2.2.1 max-age": {
			{change: maxAge(time.Hour), key: one, good: true, fetches: 1},
			{after: time.Hour - 1, key: one, good: true, fetches: 1},
			{after: 1, key: one, good: true, fetches: 2},
		},
		"a max-age too short counts as a minute": {
			{change: maxAge(0), key: one, good: true, fetches: 1},
			{after: time.Minute - 1, key: one, good: true, fetches: 1},
			{after: 1, key: one, good: true, fetches: 2},
		},
		"a max-age too long counts as a day": {
			{change: maxAge(1000 * time.Hour), key: one, good: true, fetches: 1},
			{after: 24*time.Hour - 1, key: one, good: true, fetches: 1},
			{after: 1, key: one, good: true, fetches: 2},
		},
		"OpenID Connect Core §10.1.1 an unknown kid is looked for at once": {
			{key: one, good: true, fetches: 1},
			{after: time.Second, change: rotate, key: two, good: true, fetches: 2},
			{key: two, good: true, fetches: 2},
			{key: one, good: false, fetches: 2}, // gone, and asked for a moment ago
		},
		"an unknown kid is looked for once in 15 seconds": {
			{key: one, good: true, fetches: 1},
			{key: two, good: false, fetches: 2},
			{change: rotate, key: two, good: false, fetches: 2},
			{after: 15*time.Second - 1, key: two, good: false, fetches: 2},
			{after: 1, key: two, good: true, fetches: 3},
		},
		"the first fetch that does not have the kid is enough": {
			{key: two, good: false, fetches: 1},
			{key: two, good: false, fetches: 2},
			{key: two, good: false, fetches: 2},
		},
		"a JWS without kid that nobody signed is looked for too": {
			{key: "P-256 ", good: true, fetches: 1},
			{change: rotate, key: "P-256b ", good: true, fetches: 2},
			{key: "P-256 ", good: false, fetches: 2},
		},
		"a bad signature of a known kid asks nobody": {
			{key: one, good: true, fetches: 1},
			{after: time.Minute, key: "P-256b one", good: false, fetches: 1},
		},
		"stale keys serve for a day while the address is away": {
			{key: one, good: true, fetches: 1},
			{after: 10 * time.Minute, change: away, key: one, good: true, fetches: 2},
			{after: 14 * time.Second, key: one, good: true, fetches: 2},
			{after: time.Second, key: one, good: true, fetches: 3},
			{after: 24*time.Hour - 16*time.Second, key: one, good: true, fetches: 4},
			{after: 15 * time.Second, key: one, good: false, fetches: 5},
			{after: 15 * time.Second, change: func(s *site) { s.serve("P-256", "one") }, key: one, good: true, fetches: 6},
		},
		"an address that gives nothing is tried every 15 seconds": {
			{change: away, key: one, good: false, fetches: 1},
			{after: 15*time.Second - 1, key: one, good: false, fetches: 1},
			{after: 1, change: func(s *site) { s.serve("P-256", "one") }, key: one, good: true, fetches: 2},
		},
		"an unknown kid does not ask an address that is away": {
			{key: one, good: true, fetches: 1},
			{change: away, key: two, good: false, fetches: 2},
			{key: two, good: false, fetches: 2},
			{after: 15 * time.Second, key: two, good: false, fetches: 3},
			{key: one, good: true, fetches: 3},
		},
		"what is no JWK Set does not replace one": {
			{key: one, good: true, fetches: 1},
			{after: 10 * time.Minute, change: func(s *site) { s.state.doc = []byte("<html>") }, key: one, good: true, fetches: 2},
		},
		"an empty set does": {
			{key: one, good: true, fetches: 1},
			{after: 10 * time.Minute, change: func(s *site) { s.state.doc = []byte(`{"keys":[]}`) }, key: one, good: false, fetches: 2},
		},
		"a clock that is put back does not stop the fetches": {
			{key: two, good: false, fetches: 1},
			{key: two, good: false, fetches: 2},
			{after: -time.Hour, change: rotate, key: two, good: true, fetches: 3},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			for n, row := range steps {
				if s.at = s.at.Add(row.after); row.change != nil {
					row.change(s)
				}
				pair, kid, _ := strings.Cut(row.key, " ")
				s.check(fmt.Sprintf("step %d", n), pair, kid, row.good, row.fetches)
			}
		})
	}
}

// Many requests at once cause one fetch; who gives up does not end it for the others, and nobody waits with the lock held.
func TestFetchesAreJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		raw := signJWS(t, "ES256", "P-256", "one", "", "x")
		release := make(chan struct{})
		inner := s.web.get
		s.web.get = func(ctx context.Context, uri string) (fetch.Answer, error) {
			<-release
			if ctx.Err() != nil {
				t.Error("the fetch ended with the request that began it")
			}
			return inner(ctx, uri)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		verify := func(ctx context.Context, good bool) {
			wg.Go(func() {
				_, err := s.Verify(ctx, s.client, raw, SignatureAlgs())
				if (err == nil) != good || (!good && (errors.Is(err, ErrWrong) || !errors.Is(err, context.Canceled))) {
					t.Errorf("good=%v: %v", good, err)
				}
			})
		}
		verify(ctx, true) // the first, who fetches
		synctest.Wait()
		for range 20 {
			verify(t.Context(), true)
		}
		verify(ctx, false)
		synctest.Wait()
		if _, err := s.Verify(t.Context(), storage.Client{JWKS: s.state.doc}, raw, SignatureAlgs()); err != nil { // another client is served meanwhile
			t.Error(err)
		}
		cancel()
		synctest.Wait()
		close(release)
		wg.Wait()
		if n := s.web.fetches(); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

// Keys were changed, and many requests come with the new one: all wait for the one fetch that finds it.
func TestRotationUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.check("before", "P-256", "one", true, 1)
		s.serve("P-256b", "two")
		release, inner := make(chan struct{}), s.web.get
		s.web.get = func(ctx context.Context, uri string) (fetch.Answer, error) {
			<-release
			return inner(ctx, uri)
		}
		raw := signJWS(t, "ES256", "P-256b", "two", "", "x")
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := s.Verify(t.Context(), s.client, raw, SignatureAlgs()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		s.check("meanwhile", "P-256", "one", true, 2) // who has a known key does not wait
		close(release)
		wg.Wait()
		s.check("after", "P-256b", "two", true, 2)
	})
}

// A fetch that breaks leaves nobody waiting.
func TestFetchPanics(t *testing.T) {
	s := newSite(t)
	inner := s.web.get
	s.web.get = func(context.Context, string) (fetch.Answer, error) { panic("broken") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		s.check("broken", "P-256", "one", false, 1)
	}()
	s.web.get = inner
	s.at = s.at.Add(retryEvery)
	s.check("again", "P-256", "one", true, 2)
}

func TestRemoteCacheIsBounded(t *testing.T) {
	w := &web{get: func(context.Context, string) (fetch.Answer, error) {
		return fetch.Answer{Body: []byte(`{"keys":[]}`)}, nil
	}}
	k := NewKeys(w, func() time.Time { return now })
	raw := signJWS(t, "ES256", "P-256", "one", "", "x")
	for n := range maxKeySets + 5 {
		_, _ = k.Verify(t.Context(), storage.Client{JWKSURI: fmt.Sprintf("https://%d.test", n)}, raw, SignatureAlgs())
	}
	if len(k.remote.items) != maxKeySets {
		t.Errorf("%d are kept", len(k.remote.items))
	}
}
