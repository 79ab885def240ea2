package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/provider/oauth"
)

// How long keys of a jwks_uri are kept.
const (
	// defaultFresh is used where the answer says nothing; what it says counts between minFresh and maxFresh.
	defaultFresh = 10 * time.Minute
	minFresh     = time.Minute
	maxFresh     = 24 * time.Hour
	// maxStale is how much longer they serve where the address gives no others.
	maxStale = 24 * time.Hour
	// retryEvery is how often an address is tried that gave nothing, or is asked for keys that it may have got meanwhile.
	retryEvery = 15 * time.Second
	// maxStrangers is how many requests may wait at once for keys of clients that registered themselves: their addresses may be slow on purpose, and
	// places for requests and for fetches are everybody's.
	maxStrangers = 32
)

// errCrowd: too many wait already.
var errCrowd = oauth.E(oauth.TemporarilyUnavailable, "too many requests wait for keys of clients; try again shortly")

// remoteKeys is what is known of a jwks_uri.
type remoteKeys struct {
	set keySet
	// Until when set is fresh, and serves at all; zero if there is none.
	freshUntil, staleUntil time.Time
	// failedAt is when the last fetch failed, zero if it did not, and err why. askedAgain is when a fetch of fresh keys was last asked for.
	failedAt, askedAgain time.Time
	err                  error
	// underway is closed when the fetch that is under way has ended; nil if none is.
	underway chan struct{}
}

// source is where keys are fetched.
type source struct {
	// id tells sources apart.
	id string
	// registered: it is of a client that registered itself.
	registered bool
	fetch      func(ctx context.Context) (keySet, time.Duration, error)
}

// remoteKeys gives the keys of a source. Of callers that need a fetch at the same time, one fetches, and the others wait for it.
func (k *Keys) remoteKeys(ctx context.Context, from source, again bool) (set keySet, fetched bool, err error) {
	k.mu.Lock()
	r, ok := k.remote.get(from.id)
	if !ok {
		r = &remoteKeys{}
		k.remote.put(from.id, r)
	}
	now := k.now()
	if !r.due(now, again) {
		set, err = r.usable(now)
		k.mu.Unlock()
		return set, false, err
	}
	if from.registered {
		if k.strangers >= maxStrangers {
			k.mu.Unlock()
			return nil, false, errCrowd
		}
		k.strangers++
		defer k.served()
	}
	underway := r.underway
	if underway == nil {
		r.underway = make(chan struct{})
		if again {
			r.askedAgain = now
		}
	}
	k.mu.Unlock()

	if underway == nil {
		k.refresh(ctx, from, r)
	} else {
		select {
		case <-underway:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
	k.mu.Lock()
	set, err = r.usable(k.now())
	k.mu.Unlock()
	return set, true, err
}

// served gives a stranger's place back.
func (k *Keys) served() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.strangers--
}

// due says whether the address is to be asked.
func (r *remoteKeys) due(now time.Time, again bool) bool {
	switch {
	case r.underway != nil && (again || !now.Before(r.freshUntil)):
		return true // to wait for
	case recent(r.failedAt, now):
		return false
	case again:
		return !recent(r.askedAgain, now)
	}
	return !now.Before(r.freshUntil)
}

// recent: then was no longer than retryEvery ago. A clock that was put back forgets.
func recent(then, now time.Time) bool {
	return !then.IsZero() && !then.After(now) && now.Sub(then) < retryEvery
}

// usable gives the keys that may serve now.
func (r *remoteKeys) usable(now time.Time) (keySet, error) {
	if now.Before(r.staleUntil) {
		return r.set, nil
	}
	if r.err != nil {
		return nil, r.err
	}
	return nil, errors.New("they were not fetched")
}

// refresh fetches the keys and notes the outcome. Whoever began it may go: others wait for it, and the fetcher has its own time limit.
func (k *Keys) refresh(ctx context.Context, from source, r *remoteKeys) {
	set, fresh, err := keySet(nil), time.Duration(0), errors.New("the fetch did not end")
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		now := k.now()
		if r.err = err; err != nil {
			r.failedAt = now
		} else {
			r.set, r.failedAt, r.freshUntil = set, time.Time{}, now.Add(fresh)
			r.staleUntil = r.freshUntil.Add(maxStale)
		}
		close(r.underway)
		r.underway = nil
	}()
	set, fresh, err = from.fetch(context.WithoutCancel(ctx))
}

// fetchKeys gets a JWK Set, and says how long it is fresh.
func fetchKeys(ctx context.Context, from Fetcher, uri string) (keySet, time.Duration, error) {
	a, err := from.Get(ctx, uri, "application/jwk-set+json, application/json") // RFC 7517 §8.5
	if err != nil {
		return nil, 0, err
	}
	set, err := parseKeySet(a.Body)
	if err != nil {
		return nil, 0, fmt.Errorf("what was fetched %w", err)
	}
	fresh := defaultFresh
	if a.HasMaxAge {
		fresh = min(max(a.MaxAge, minFresh), maxFresh)
	}
	return set, fresh, nil
}
