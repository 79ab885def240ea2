package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"latchkey/provider/fetch"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Clients that registered themselves, with addresses that are slow on purpose, take only so many places. Nobody else's request waits for one.
func TestStrangersWaitInAFewPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		raw, release, good := signJWS(t, "ES256", "P-256", "one", "", "x"), make(chan struct{}), s.state.doc
		s.web.get = func(_ context.Context, uri string) (fetch.Answer, error) {
			if uri != keysURI {
				<-release
			}
			return fetch.Answer{Body: good}, nil
		}
		var wg sync.WaitGroup
		var served, refused atomic.Int64
		for n := range maxStrangers + 8 {
			stranger := storage.Client{ID: fmt.Sprint("s", n), Registered: true, JWKSURI: fmt.Sprint("https://slow.test/", n)}
			wg.Go(func() {
				_, err := s.Verify(t.Context(), stranger, raw, SignatureAlgs())
				if e, ok := oauth.AsError(err); ok && e.Code == oauth.TemporarilyUnavailable && !errors.Is(err, ErrWrong) {
					refused.Add(1)
				} else if err == nil {
					served.Add(1)
				}
			})
		}
		synctest.Wait()
		if served.Load() != 0 || refused.Load() != 8 {
			t.Errorf("while all places are taken: %d served, %d refused", served.Load(), refused.Load())
		}
		s.check("a client that the operator made", "P-256", "one", true, maxStrangers+1)
		close(release)
		wg.Wait()
		if served.Load() != maxStrangers || s.strangers != 0 {
			t.Errorf("%d served, %d places not given back", served.Load(), s.strangers)
		}
		if _, err := s.Verify(t.Context(), storage.Client{ID: "s", Registered: true, JWKSURI: "https://slow.test/0"}, raw, SignatureAlgs()); err != nil {
			t.Errorf("keys that are there: %v", err)
		}
	})
}
