package postgres

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/storage"
)

func at(d time.Duration) time.Time { return time.Date(2031, 5, 6, 7, 8, 9, 123456000, time.UTC).Add(d) }

// hostile are strings that PostgreSQL's text or jsonb cannot hold, or that come close.
func hostile() []string {
	return []string{
		"", "plain", "ünïcödé 🔑", "\x00", "a\x00b", "\xff\xfe", "cut \xe2\x82", "\U0010FFFF", "\U0010FFFF00", "\uFFFD", `\u0000`, `'"; DROP TABLE accounts; --`,
		"\U0010FFFE\u200B", "\xed\xa0\x80", strings.Repeat("\x00", 50),
	}
}

func TestTextHoldsEveryString(t *testing.T) {
	seen := make(map[string]string)
	for _, s := range hostile() {
		text := toText(s)
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Errorf("toText(%q) = %q is no text", s, text)
		}
		if other, ok := seen[text]; ok {
			t.Errorf("%q and %q become the same", s, other)
		}
		seen[text] = s
		if back := fromText(text); back != s {
			t.Errorf("fromText(toText(%q)) = %q", s, back)
		}
	}
	for _, s := range []string{"plain", "ünïcödé 🔑", ""} {
		if toText(s) != s {
			t.Errorf("toText(%q) = %q", s, toText(s))
		}
	}
	// What others wrote is left as it is.
	for _, s := range []string{"\U0010FFFF", "\U0010FFFFzz", "a\U0010FFFF0"} {
		if fromText(s) != s {
			t.Errorf("fromText(%q) = %q", s, fromText(s))
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := toText(s)
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) || fromText(text) != s {
			t.Errorf("%q became %q and %q", s, text, fromText(text))
		}
	})
}

func equal[T any](t *testing.T, what string, have, want T) {
	t.Helper()
	if d := cmp.Diff(want, have, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got)\n%s", what, d)
	}
}

// got returns v, or ends the test.
func got[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRecordsHoldEveryString writes what nobody should send to where it could arrive, in text, arrays and jsonb.
func TestRecordsHoldEveryString(t *testing.T) {
	s := openAt(t, Options{URL: migrated(t)})
	ctx := t.Context()
	for _, word := range hostile()[1:] {
		c := storage.Client{
			ID: word, Name: word, Scopes: []string{word, "x"}, Localized: map[string]string{"client_name#" + word: word}, JWKS: []byte(word),
			Secrets: []storage.ClientSecret{{ID: word, Hash: word}}, CreatedAt: at(0), UpdatedAt: at(0), Version: 1,
		}
		got(s.CreateClient(ctx, c, at(0)))(t)
		equal(t, "client", got(s.Client(ctx, word))(t), c)
		a := storage.Account{Sub: word, UsernameKey: word, EmailKey: word, FullName: word, Address: &storage.Address{Country: word}, CreatedAt: at(0), UpdatedAt: at(0)}
		made := got(s.CreateAccount(ctx, a, storage.Effects{}, at(0)))(t)
		a.ID, a.Version = made.ID, 1
		equal(t, "account", got(s.Account(ctx, storage.AccountKey{EmailKey: word}))(t), a)
		must(t, s.SpendOnce(ctx, word, at(time.Hour), at(0)))
		if _, err := s.Session(ctx, word, at(0)); err == nil {
			t.Error("a session that nobody made")
		}
		limit := []storage.Limit{{Key: word, Max: 1, Window: time.Minute}}
		equal(t, "attempt", got(s.TakeAttempts(ctx, limit, at(0)))(t), storage.Taken{OK: true})
		equal(t, "attempt too many", got(s.TakeAttempts(ctx, limit, at(0)))(t), storage.Taken{RetryAfter: time.Minute})
	}
}
