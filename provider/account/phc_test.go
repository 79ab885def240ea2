package account

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

const goodHash = "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"

func TestParseHash(t *testing.T) {
	p, salt, key, err := parseHash(goodHash)
	if err != nil || p != (params{19, 8, 1, 1}) || string(salt) != "0123456789abcdef" || len(key) != 32 {
		t.Fatalf("got %+v %q %q %v", p, salt, key, err)
	}
	for name, in := range map[string]string{
		"empty": "", "argon2i": strings.Replace(goodHash, "2id", "2i", 1), "old version": strings.Replace(goodHash, "v=19", "v=16", 1),
		"no version":       strings.Replace(goodHash, "$v=19", "", 1),
		"memory bomb":      strings.Replace(goodHash, "m=8,", "m=4194304,", 1),
		"work bomb":        strings.Replace(goodHash, "m=8,t=1", "m=262144,t=16", 1),
		"passes bomb":      strings.Replace(goodHash, "t=1", "t=4294967295", 1),
		"over 32 bits":     strings.Replace(goodHash, "m=8,", "m=4294967304,", 1),
		"no passes":        strings.Replace(goodHash, "t=1", "t=0", 1),
		"no lanes":         strings.Replace(goodHash, "p=1", "p=0", 1),
		"lanes wrap":       strings.Replace(goodHash, "p=1", "p=257", 1),
		"leading zero":     strings.Replace(goodHash, "m=8", "m=08", 1),
		"plus":             strings.Replace(goodHash, "m=8", "m=+8", 1),
		"another order":    strings.Replace(goodHash, "m=8,t=1", "t=1,m=8", 1),
		"more parameters":  strings.Replace(goodHash, "p=1", "p=1,x=1", 1),
		"trailing":         goodHash + "$",
		"newline in key":   goodHash[:len(goodHash)-4] + "\n" + goodHash[len(goodHash)-4:],
		"padding":          goodHash + "=",
		"loose last bits":  goodHash[:len(goodHash)-1] + "Z",
		"short salt":       strings.Replace(goodHash, "MDEyMzQ1Njc4OWFiY2RlZg", "MDEy", 1),
		"short key":        goodHash[:len(goodHash)-30],
		"bcrypt":           "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"space":            " " + goodHash,
		"very long":        goodHash + strings.Repeat("A", 1000),
		"url-safe letters": strings.Replace(goodHash, "MDEy", "MD_-", 1),
	} {
		if _, _, _, err := parseHash(in); err == nil {
			t.Errorf("%s: taken: %s", name, in)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add(goodHash)
	f.Add("$argon2id$v=19$m=262144,t=16,p=8$AAAA$AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		p, salt, key, err := parseHash(s)
		if err != nil {
			return
		}
		if p.check() != nil || uint64(p.memory)*uint64(p.passes) > 2<<20 {
			t.Errorf("%q: cost out of bounds: %+v", s, p)
		}
		if again := encodeHash(p, salt, key); again != s {
			t.Errorf("%q is a second spelling of %q", s, again)
		}
	})
}

func TestHashPool(t *testing.T) {
	p := newHashPool(cheap().Hash, time.Now)
	defer p.close()
	ctx := t.Context()
	salt := bytes.Repeat([]byte{1}, saltLength)
	encoded := must(p.hash(ctx, []byte("secret"), salt))(t)
	if ok, stale, err := p.verify(ctx, encoded, []byte("secret")); !ok || stale || err != nil {
		t.Errorf("right password: %v %v %v", ok, stale, err)
	}
	if ok, _, err := p.verify(ctx, encoded, []byte("Secret")); ok || err != nil {
		t.Errorf("wrong password: %v %v", ok, err)
	}
	old := params{argonVersion, 16, 2, 1}
	key := must(p.derive(ctx, []byte("secret"), salt, old, keyLength, false))(t)
	if ok, stale, err := p.verify(ctx, encodeHash(old, salt, key), []byte("secret")); !ok || !stale || err != nil {
		t.Errorf("old parameters: %v %v %v", ok, stale, err)
	}
	if s := p.stats(); s.Done != 5 || s.Slots != 2 || s.Waiting != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A pool without workers shows the queue as a storm would.
func TestHashPoolSheds(t *testing.T) {
	idle := func(waiting int, wait time.Duration) *hashPool {
		return &hashPool{quit: make(chan struct{}), now: time.Now, wait: patience{longest: wait, most: waiting},
			away: func(context.Context) func() { return func() {} }}
	}
	t.Run("queue full", func(t *testing.T) {
		p := idle(1, time.Hour)
		p.wait.join(&hashJob{}, time.Now())
		_, err := p.derive(t.Context(), nil, nil, params{}, 32, false)
		if r := wantKind(t, err, Busy); r.RetryAfter <= 0 {
			t.Error("no RetryAfter")
		}
		if s := p.stats(); s.Shed != 1 || s.Waiting != 1 {
			t.Errorf("stats %+v", s)
		}
	})
	t.Run("waited too long", func(t *testing.T) {
		p := idle(1, time.Millisecond)
		_, err := p.derive(t.Context(), nil, nil, params{}, 32, false)
		wantKind(t, err, Busy)
		if p.wait.next(time.Now()) != nil {
			t.Error("a worker would still compute what nobody waits for")
		}
	})
	t.Run("caller went away", func(t *testing.T) {
		p := idle(1, time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.derive(ctx, nil, nil, params{}, 32, false); err != context.Canceled { //nolint:errorlint // unwrapped on purpose
			t.Errorf("got %v", err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		p := idle(1, time.Hour)
		p.close()
		_, err := p.derive(t.Context(), nil, nil, params{}, 32, false)
		wantKind(t, err, Busy)
	})
}

func TestSlots(t *testing.T) {
	c := HashConfig{Memory: 19 * 1024, MemoryBudget: 38 << 20}
	if got := c.slots(); got > 2 || got < 1 {
		t.Errorf("38 MiB: %d slots", got)
	}
	c.MemoryBudget = 1 << 20
	if got := c.slots(); got != 1 {
		t.Errorf("1 MiB: %d slots", got)
	}
	if c.Slots = 7; c.slots() != 7 {
		t.Error("the operator's number does not hold")
	}
}
