package keys

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestJWKSShape(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now, Algorithms()...), store)
	var doc struct {
		Keys []map[string]string `json:"keys"`
	}
	dec := json.NewDecoder(bytes.NewReader(r.JWKS().Body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	// Exactly these members, in this order of keys: active before next in each ring. None is a private one (RFC 7518 §6).
	rsa, ec := "alg e kid kty n use", "alg crv kid kty use x y"
	members := map[string]string{RS256: rsa, RS384: rsa, RS512: rsa, PS256: rsa, PS384: rsa, PS512: rsa, ES256: ec, ES384: ec, ES512: ec, EdDSA: "alg crv kid kty use x"}
	var algs []string
	seen := map[string]bool{}
	for _, k := range doc.Keys {
		algs = append(algs, k["alg"])
		if got := strings.Join(slices.Sorted(maps.Keys(k)), " "); got != members[k["alg"]] {
			t.Errorf("%s has members %s", k["alg"], got)
		}
		if k["use"] != "sig" || seen[k["kid"]] || k["kid"] == "" {
			t.Errorf("use %q, kid %q, seen: %v", k["use"], k["kid"], seen[k["kid"]])
		}
		seen[k["kid"]] = true
	}
	var want []string
	for _, alg := range Algorithms() {
		want = append(want, alg, alg)
	}
	if diff := cmp.Diff(want, algs); diff != "" {
		t.Error(diff)
	}
}

func TestETagFollowsTheSet(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now)
	r, other := mustOpen(t, cfg, store), mustOpen(t, cfg, store)
	first := r.JWKS()
	if len(first.ETag) < 10 || first.ETag[0] != '"' || first.ETag[len(first.ETag)-1] != '"' {
		t.Errorf("ETag is %s", first.ETag) // RFC 9110 §8.8.3
	}
	c.Add(29 * day)
	mustTick(t, r)
	if got := r.JWKS(); got.ETag != first.ETag || !bytes.Equal(got.Body, first.Body) || got.ETag != other.JWKS().ETag {
		t.Error("the tag differs with time or process, and the set is the same")
	}
	tags := map[string]bool{first.ETag: true}
	for _, step := range []struct {
		name string
		d    time.Duration
	}{
		{"a next key is made at the change-over", day}, {"the retired key is gone", time.Hour + time.Minute},
	} {
		c.Add(step.d)
		mustTick(t, r)
		if got := r.JWKS(); tags[got.ETag] {
			t.Errorf("%s: the tag stayed", step.name)
		}
		tags[r.JWKS().ETag] = true
	}
}

func TestCacheControl(t *testing.T) {
	for age, want := range map[time.Duration]string{
		0:                                    "public, max-age=0, must-revalidate",
		time.Second - 1:                      "public, max-age=0, must-revalidate",
		5*time.Minute + 999*time.Millisecond: "public, max-age=300, must-revalidate",
	} {
		if got := (Document{MaxAge: age}).CacheControl(); got != want {
			t.Errorf("%v: %s, want %s", age, got, want)
		}
	}
}

func TestLastJWKSFetch(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	if !r.LastJWKSFetch().IsZero() {
		t.Error("nobody fetched, and yet somebody did")
	}
	r.NoteJWKSFetch(c.Now())
	if !r.LastJWKSFetch().Equal(c.Now()) {
		t.Errorf("last fetch is %v", r.LastJWKSFetch())
	}
}
