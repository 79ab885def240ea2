package keys

import (
	"strings"
	"testing"
	"time"
)

func TestConfigValidate(t *testing.T) {
	for _, row := range []struct {
		name string
		set  func(*Config)
		want []string // nil: valid
	}{
		{"as it should be", func(*Config) {}, nil},
		{"no rings named", func(c *Config) { c.Algs = nil }, nil},
		{"unknown algorithm", func(c *Config) { c.Algs = []string{"HS256"} }, []string{`"HS256" is not one of`}},
		{"algorithm twice", func(c *Config) { c.Algs = []string{ES256, ES256} }, []string{`"ES256" is given twice`}},
		{"nothing set", func(c *Config) { *c = Config{} },
			[]string{"RotateEvery is 0s", "JWKSMaxAge is 0s", "LongestToken is 0s", "Now is missing"}},
		{"negative skew", func(c *Config) { c.Skew = -1 }, []string{"Skew is -1ns"}},
		{"eleven years", func(c *Config) { c.RotateEvery = 11 * 365 * day }, []string{"ten years"}},
		{"turns before a key was public", func(c *Config) { c.RotateEvery = day }, []string{"RotateEvery is 24h0m0s; it must be at least 24h0m15s"}},
		{"turns before caches expire", func(c *Config) { c.PublishAhead, c.RotateEvery = 0, 9*time.Minute }, []string{"at least 10m15s"}},
		{"turns as fast as it may", func(c *Config) { c.PublishAhead, c.RotateEvery = 0, 10*time.Minute+15*time.Second }, nil},
		{"RSA too small", func(c *Config) { c.RSABits = 1024 }, []string{"RSABits is 1024"}},
		{"RSA too large", func(c *Config) { c.RSABits = 1 << 20 }, []string{"RSABits is"}},
		{"RSA 3072", func(c *Config) { c.RSABits = 3072 }, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := testConfig(newClock().Now)
			row.set(&cfg)
			err := cfg.Validate()
			if row.want == nil {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(row.want) {
				t.Errorf("%d faults, want %d: %v", len(lines), len(row.want), err)
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in: %v", want, err)
				}
			}
			if _, err := Open(t.Context(), cfg, &ringStore{}, testSealer(t)); err == nil {
				t.Error("Open accepted it")
			}
		})
	}
}
