package keys

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"
)

const (
	longestDuration = 10 * 365 * 24 * time.Hour
	longestReload   = 15 * time.Second
	longestKept     = 24 * time.Hour
	defaultRSABits  = 2048
)

// Config says how the rings turn.
type Config struct {
	// Algs are the rings to keep, each with keys of its own; none means RS256, ES256 and EdDSA. A ring that is added to a keyring in use signs only once
	// its first key was public for long enough; one that is taken away ends when its last key has been active for RotateEvery.
	Algs []string
	// RotateEvery is how long a key is active. Required.
	RotateEvery time.Duration
	// PublishAhead is how long a key is at least public before it signs; never less than 2 × JWKSMaxAge.
	PublishAhead time.Duration
	// JWKSMaxAge is for how long a cache may keep the JWK set, at most. Required. On the wire it counts in whole seconds.
	JWKSMaxAge time.Duration
	// Skew is added to the life of a retiring key, for verifiers whose clocks run late.
	Skew time.Duration
	// LongestToken is the longest lifetime of any token that is signed. Required.
	LongestToken time.Duration
	// RSABits is the size of RSA keys made from now on; 0 means 2048, which is also the minimum.
	RSABits int
	// Now is the clock. Required.
	Now func() time.Time
	// Logger hears of every change to the rings; nil is silence.
	Logger *slog.Logger
	// Rand is where nonces and secrets come from; nil means crypto/rand. Key pairs and signatures always use crypto/rand.
	Rand io.Reader
}

// Validate names every fault of c, one a line.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("keys: "+format, args...)) }
	for i, alg := range c.Algs {
		if algRank(alg) < 0 {
			fault("algorithm %q is not one of %s", alg, strings.Join(Algorithms(), ", "))
		}
		if slices.Contains(c.Algs[:i], alg) {
			fault("algorithm %q is given twice", alg)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
		zero  bool
	}{
		{"RotateEvery", c.RotateEvery, false},
		{"PublishAhead", c.PublishAhead, true},
		{"JWKSMaxAge", c.JWKSMaxAge, false},
		{"Skew", c.Skew, true},
		{"LongestToken", c.LongestToken, false},
	} {
		switch {
		case d.value < 0 || d.value == 0 && !d.zero:
			fault("%s is %v; it must be more than 0", d.name, d.value)
		case d.value > longestDuration:
			fault("%s is %v; it must not be more than ten years", d.name, d.value)
		}
	}
	if len(faults) == 0 && c.RotateEvery < c.ahead() {
		fault("RotateEvery is %v; it must be at least %v, the time for which a key is public before it signs "+
			"(the longer of PublishAhead and 2 × JWKSMaxAge, and %v until every process knows it)", c.RotateEvery, c.ahead(), c.reload())
	}
	if c.RSABits != 0 && (c.RSABits < 2048 || c.RSABits > 8192 || c.RSABits%8 != 0) {
		fault("RSABits is %d; it must be from 2048 to 8192 and a multiple of 8", c.RSABits)
	}
	if c.Now == nil {
		fault("Now is missing")
	}
	return errors.Join(faults...)
}

func (c Config) withDefaults() Config {
	if len(c.Algs) == 0 {
		c.Algs = []string{RS256, ES256, EdDSA}
	}
	c.Algs = slices.Clone(c.Algs)
	if c.RSABits == 0 {
		c.RSABits = defaultRSABits
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c
}

// lead is how long a key is public before it signs, as seen by a process that has just not seen it yet.
func (c Config) lead() time.Duration { return max(2*c.JWKSMaxAge, c.PublishAhead) }

// reload is how often a process reads the keyring: often enough that a set which lacks a new key is never given out for long.
func (c Config) reload() time.Duration { return min(c.JWKSMaxAge/2, longestReload) }

// ahead is from the decision to publish a key until it signs. The write itself has one reload period to become visible.
func (c Config) ahead() time.Duration { return c.lead() + c.reload() }

// keep is how long the record of a gone key is kept, so that a clock that is set back finds it again.
func (c Config) keep() time.Duration { return min(c.RotateEvery, longestKept) }
