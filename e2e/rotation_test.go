package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"latchkey/e2e/harness"
)

// verifier is a resource server with a cache of JWKS.
type verifier struct {
	kind string
	s    *harness.Server
	// stale says whether the cache may not be used any more; unknown whether an unknown kid is a reason to fetch.
	stale   func(v *verifier, now time.Time) bool
	unknown bool

	mu      sync.Mutex
	set     jose.JSONWebKeySet
	fetched time.Time
	maxAge  time.Duration
	fetches int
	rounds  map[string]bool // every kid met

	good, failed, late atomic.Int64
	firstFailure       atomic.Pointer[string]
}

func (v *verifier) fetch() error {
	asked := time.Now() // before the request: the answer is at least as young as this says
	res, err := http.Get(v.s.Issuer + "/jwks.json")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil || res.StatusCode != 200 {
		return fmt.Errorf("JWKS: %d %v", res.StatusCode, err)
	}
	v.maxAge = 0
	for d := range strings.SplitSeq(res.Header.Get("Cache-Control"), ",") {
		if n, ok := strings.CutPrefix(strings.TrimSpace(d), "max-age="); ok {
			seconds, err := strconv.Atoi(n)
			if err != nil {
				return err
			}
			v.maxAge = time.Duration(seconds) * time.Second
		}
	}
	v.set, v.fetched = set, asked
	v.fetches++
	return nil
}

// keyFor finds the key for a kid as this verifier may.
func (v *verifier) keyFor(kid string) (jose.JSONWebKey, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fetches == 0 || v.stale(v, time.Now()) {
		if err := v.fetch(); err != nil {
			return jose.JSONWebKey{}, err
		}
	}
	if v.rounds == nil {
		v.rounds = map[string]bool{}
	}
	v.rounds[kid] = true
	if found := v.set.Key(kid); len(found) == 1 {
		return found[0], nil
	}
	if v.unknown {
		if err := v.fetch(); err != nil {
			return jose.JSONWebKey{}, err
		}
		if found := v.set.Key(kid); len(found) == 1 {
			return found[0], nil
		}
	}
	return jose.JSONWebKey{}, fmt.Errorf("kid %.8s is not in the set of %v ago (max-age %v)", kid, time.Since(v.fetched), v.maxAge)
}

func (v *verifier) verify(raw string) {
	var expires time.Time
	err := func() error {
		tok, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA})
		if err != nil {
			return err
		}
		var c jwt.Claims
		if err := tok.UnsafeClaimsWithoutVerification(&c); err != nil {
			return err
		}
		expires = c.Expiry.Time()
		key, err := v.keyFor(tok.Headers[0].KeyID)
		if err != nil {
			return err
		}
		if err := tok.Claims(key, &c); err != nil {
			return err
		}
		return c.Validate(jwt.Expected{Issuer: v.s.Issuer, Time: c.IssuedAt.Time()})
	}()
	if err != nil && !expires.IsZero() && time.Now().After(expires) {
		v.late.Add(1) // a slow machine: this token had expired by itself
		return
	}
	if err == nil {
		v.good.Add(1)
		return
	}
	v.failed.Add(1)
	text := err.Error()
	v.firstFailure.CompareAndSwap(nil, &text)
}

// TestRotationUnderLoad lets keys rotate every few seconds, and by the operator's command, while tokens are issued and verified. A verifier
// that caches as long as it may never meets a token whose key it has not got.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	const maxAge = 2 * time.Second
	s := harness.Start(t, harness.Options{Config: object{
		"keys.jwks_max_age": "2s", "keys.publish_ahead": "4s", "keys.rotate_every": "6s", "keys.skew": "1s", "tokens.access_ttl": "3s", "tokens.id_ttl": "3s",
		"accounts.api.platform.token_ttl": "3s", "accounts.api.session.token_ttl": "3s", "accounts.api.simple.token_ttl": "3s",
	}})
	byHeader := func(v *verifier, now time.Time) bool { return now.Sub(v.fetched) >= v.maxAge }
	verifiers := []*verifier{
		{kind: "obeys max-age", s: s, stale: byHeader},
		{kind: "fetches on an unknown kid", s: s, stale: func(*verifier, time.Time) bool { return false }, unknown: true},
		{kind: "fixed lifetime of jwks_max_age", s: s, stale: func(v *verifier, now time.Time) bool { return now.Sub(v.fetched) >= maxAge }},
	}
	end := time.Now().Add(50 * time.Second)
	var all sync.WaitGroup
	var issued atomic.Int64
	for i := range 3 {
		id := harness.MachineID
		if i == 2 {
			id = harness.MachineRSAID
		}
		all.Go(func() {
			a := s.API()
			for time.Now().Before(end) {
				r, err := a.Do("POST", "/token", form("grant_type", "client_credentials"), harness.Basic(id, harness.MachineSecret))
				if err != nil || r.Status != 200 {
					t.Errorf("token: %v %v", r, err)
					return
				}
				issued.Add(1)
				raw := r.S("access_token")
				for _, v := range verifiers {
					v.verify(raw)
				}
				if issued.Load()%8 == 0 { // and once more, shortly before it expires
					all.Go(func() {
						time.Sleep(2500 * time.Millisecond)
						for _, v := range verifiers {
							v.verify(raw)
						}
					})
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	rotated := 0
	for time.Now().Before(end.Add(-8 * time.Second)) { // the operator rotates too
		if out, bad, code := s.Run(t, "keys", "rotate"); code == 0 {
			rotated++
		} else if rotated == 0 {
			t.Errorf("keys rotate: exit code %d: %s%s", code, out, bad)
			break
		}
		time.Sleep(9 * time.Second)
	}
	all.Wait()
	for _, v := range verifiers {
		t.Logf("%s: %d validations, %d failed, %d came after the token's expiry, %d fetches, %d keys met", v.kind, v.good.Load(), v.failed.Load(), v.late.Load(), v.fetches, len(v.rounds))
		if v.failed.Load() != 0 {
			t.Errorf("%s: %d validations failed; the first: %s", v.kind, v.failed.Load(), *v.firstFailure.Load())
		}
		if v.late.Load() > v.good.Load()/10 {
			t.Errorf("%s: %d validations came too late: nothing was shown", v.kind, v.late.Load())
		}
		if len(v.rounds) < 8 {
			t.Errorf("%s met %d keys only", v.kind, len(v.rounds))
		}
	}
	t.Logf("%d tokens issued, %d rotations by command", issued.Load(), rotated)
	s.Stop(t)
}
