package words

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"
)

func load(t interface {
	Helper()
	Fatal(...any)
}) *Catalogues {
	t.Helper()
	cs, err := Load("en", nil)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

func TestT(t *testing.T) {
	cs, err := LoadFS(fstest.MapFS{
		"en.json": {Data: []byte(`{"_meta":{"name":"English","dir":"ltr"},"hi":"Hi {name}!","n":{"one":"{n} day","other":"{n} days"},"only":"English"}`)},
		"pl.json": {Data: []byte(`{"_meta":{"name":"Polski","dir":"ltr"},"n":{"one":"{n} dzień","few":"{n} dni","many":"{n} dni!","other":"{n} dnia"}}`)},
		"ar.json": {Data: []byte(`{"_meta":{"name":"العربية","dir":"rtl"},"hi":"مرحبا {name}"}`)},
	}, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	en, _ := cs.Get("en")
	pl, _ := cs.Get("pl")
	ar, _ := cs.Get("ar")
	for _, tc := range []struct {
		c    *Catalogue
		key  string
		args []any
		want string
	}{
		{en, "hi", []any{"name", "Ada"}, "Hi Ada!"},
		{en, "hi", []any{"name", "{n}"}, "Hi {n}!"},
		{en, "hi", []any{"name", "\u202Eabc\r\n"}, "Hi abc !"},
		{en, "hi", []any{"name", "אדא"}, "Hi \u2068אדא\u2069!"},
		{en, "hi", nil, "Hi {name}!"},
		{en, "n", []any{"n", 1}, "1 day"},
		{en, "n", []any{"n", 12345}, "12,345 days"},
		{en, "n", []any{"n"}, "{n} days"},
		{pl, "n", []any{"n", 1}, "1 dzień"},
		{pl, "n", []any{"n", 3}, "3 dni"},
		{pl, "n", []any{"n", 5}, "5 dni!"},
		{pl, "only", nil, "English"},
		{pl, "nothing", nil, "[nothing]"},
		{ar, "hi", []any{"name", "Ada"}, "مرحبا \u2068Ada\u2069"},
	} {
		if got := tc.c.T(tc.key, tc.args...); got != tc.want {
			t.Errorf("%s %s %v: %q, want %q", tc.c.Tag, tc.key, tc.args, got, tc.want)
		}
	}
	if !pl.Has("only") || pl.Has("nothing") {
		t.Error("Has does not see the fallback")
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, en := range map[string]string{
		"no meta": `{"a":"b"}`, "bad dir": `{"_meta":{"name":"x","dir":"up"}}`, "no json": `{`, "open brace": `{"_meta":{"name":"x","dir":"ltr"},"a":"{b"}`,
		"empty argument": `{"_meta":{"name":"x","dir":"ltr"},"a":"{}"}`, "number": `{"_meta":{"name":"x","dir":"ltr"},"a":1}`, "odd form": `{"_meta":{"name":"x","dir":"ltr"},"a":{"dual":"x","other":"y"}}`,
		"a key twice": `{"_meta":{"name":"x","dir":"ltr"},"a":"x","a":"y"}`, "more after it": `{"_meta":{"name":"x","dir":"ltr"}} {`, "a list": `["a"]`, "broken inside": `{"_meta":{"name":"x","dir":"ltr"},"a":`,
		"no other": `{"_meta":{"name":"x","dir":"ltr"},"a":{"one":"x"}}`,
	} {
		if _, err := LoadFS(fstest.MapFS{"en.json": {Data: []byte(en)}}, nil, "en"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ok := fstest.MapFS{"de.json": {Data: []byte(`{"_meta":{"name":"x","dir":"ltr"}}`)}}
	if _, err := LoadFS(ok, nil, "de"); err == nil {
		t.Error("without English: no error")
	}
	if _, err := Load("tlh", nil); err == nil {
		t.Error("an unknown default: no error")
	}
}

func TestChoose(t *testing.T) {
	cs := load(t)
	for _, tc := range []struct {
		wishes []string
		want   string
	}{
		{nil, "en"}, {[]string{""}, "en"}, {[]string{"de"}, "de"}, {[]string{"de-AT"}, "de"}, {[]string{"DE"}, "de"},
		{[]string{"nl de"}, "de"}, {[]string{"fr-CA en"}, "fr"}, {[]string{"ar-EG"}, "ar"}, {[]string{"es-419"}, "es"}, {[]string{Pseudo}, "en"}, {[]string{"", "", "de,en;q=0.5"}, "de"}, {[]string{"en;q=0.1,de;q=0.9"}, "de"},
		{[]string{"nl", "de"}, "de"}, {[]string{"en", "de"}, "en"}, {[]string{"ja", "*"}, "en"}, {[]string{"tlh-Qaak-!!", "de"}, "de"}, {[]string{strings.Repeat("de,", 200), "de"}, "de"},
		{[]string{strings.Repeat("de,", 200)}, "en"},
	} {
		if got := cs.Choose(tc.wishes...).Tag; got != tc.want {
			t.Errorf("%q: %s, want %s", tc.wishes, got, tc.want)
		}
	}
	german, err := Load("de", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := german.Choose("ja").Tag; got != "de" {
		t.Errorf("default: %s", got)
	}
}

// FuzzChoose: no list of languages, however broken, fails to yield a catalogue.
func FuzzChoose(f *testing.F) {
	for _, s := range []string{"de", "de-AT,en;q=0.5", "*", ";q=", "a-b-c-d", "de;q=2", "\x00", "und", "i-klingon", "x-private", "en-u-co-phonebk"} {
		f.Add(s, s)
	}
	cs := load(f)
	f.Fuzz(func(t *testing.T, a, b string) {
		if c := cs.Choose(a, b); c == nil || !slices.Contains(cs.Tags(), c.Tag) {
			t.Fatalf("%q, %q: %v", a, b, c)
		}
	})
}

// FuzzPlain: what comes out is text that reads in one direction and holds no control.
func FuzzPlain(f *testing.F) {
	f.Add("a\u202Eb\x00\u2066c\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		got := Plain(s)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\r\n\t\x00\x7f") {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

func TestPick(t *testing.T) {
	catalogue := func(tag string) *Catalogue {
		cs, err := LoadFS(fstest.MapFS{"en.json": {Data: []byte(`{"_meta": {"name": "English", "dir": "ltr"}}`)}, tag + ".json": {Data: []byte(`{"_meta": {"name": "X", "dir": "ltr"}}`)}}, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		c, _ := cs.Get(tag)
		return c
	}
	for _, tc := range []struct{ language, tags, want string }{
		{"de", "en de fr", "de"},
		{"de", "DE", "DE"}, // RFC 5646 §2.1.1: tags are compared without case
		{"de", "de-AT de", "de"},
		{"de", "fr de-AT", "de-AT"},
		{"de-AT", "en de", "de"},
		{"de-AT", "de de-at", "de-at"},
		{"en", "de en-GB", "en-GB"},
		{"en", "de", ""},
		{"de", "en nl gsw", ""},
		{"zh-Hant", "zh-Hans", ""},
		{"zh-Hant", "zh-TW", "zh-TW"},
		{"de", "x y-z not!a-tag", ""},
		{"de", "not!a-tag de-CH", "de-CH"},
		{"de", "", ""},
	} {
		got, ok := catalogue(tc.language).Pick(strings.Fields(tc.tags))
		if got != tc.want || ok != (tc.want != "") {
			t.Errorf("a reader of %s gets %q of %q, want %q", tc.language, got, tc.tags, tc.want)
		}
	}
}
