package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span, written as "90s", "15m", "1h30m", "30d" or "1d12h". A day has 24 hours.
type Duration time.Duration

// UnmarshalText reads it. Negative spans are refused.
func (d *Duration) UnmarshalText(text []byte) error {
	s, total := string(text), time.Duration(0)
	if days, rest, found := strings.Cut(s, "d"); found {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return errors.New(`is not a duration such as "90s", "15m", "24h" or "30d"`)
		}
		total, s = time.Duration(n)*24*time.Hour, rest
	}
	if s != "" {
		part, err := time.ParseDuration(s)
		if err != nil || part < 0 || part > math.MaxInt64-total {
			return errors.New(`is not a duration such as "90s", "15m", "24h" or "30d"`)
		}
		total += part
	} else if len(text) == 0 {
		return errors.New("is empty; a duration is needed")
	}
	*d = Duration(total)
	return nil
}

// String writes it as it is read.
func (d Duration) String() string {
	t := time.Duration(d)
	if t == 0 {
		return "0s"
	}
	var b strings.Builder
	if days := t / (24 * time.Hour); days > 0 {
		fmt.Fprintf(&b, "%dd", days)
		t %= 24 * time.Hour
	}
	if t > 0 {
		s := t.String()
		if strings.HasSuffix(s, "m0s") {
			s = strings.TrimSuffix(s, "0s")
		}
		if strings.HasSuffix(s, "h0m") {
			s = strings.TrimSuffix(s, "0m")
		}
		b.WriteString(s)
	}
	return b.String()
}

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Size is a number of bytes, written as "65536", "64KiB", "19MiB" or "1GiB".
type Size int64

// units from the largest to the smallest.
func units() []struct {
	name  string
	bytes int64
} {
	return []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}
}

// UnmarshalText reads it.
func (z *Size) UnmarshalText(text []byte) error {
	s, factor := string(text), int64(1)
	for _, u := range units() {
		if number, found := strings.CutSuffix(s, u.name); found {
			s, factor = number, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/factor {
		return errors.New(`is not a size such as "65536", "64KiB" or "19MiB"`)
	}
	*z = Size(n * factor)
	return nil
}

// String writes it in the largest unit that divides it.
func (z Size) String() string {
	for _, u := range units() {
		if z != 0 && int64(z)%u.bytes == 0 && u.bytes > 1 {
			return strconv.FormatInt(int64(z)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(z), 10)
}

// MarshalText is String.
func (z Size) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// redacted stands for a secret wherever one is printed.
const redacted = "[redacted]"

// Secret is a value that is never printed. Reveal gives it.
type Secret struct{ value string }

// NewSecret hides value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal gives the value.
func (s Secret) Reveal() string { return s.value }

// IsSet says whether there is one.
func (s Secret) IsSet() bool { return s.value != "" }

// String, and every other way to print a Secret, tells only whether there is one.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return redacted
}

// Format keeps every verb of fmt from reaching the value.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue is for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is for JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML is for YAML.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }
