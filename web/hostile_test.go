package web

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"latchkey/web/words"
)

// kept are the strings of views that are ours: they shape the page, and nobody types them.
func kept(name string) bool {
	switch name {
	case "ID", "Name", "Type", "Autocomplete", "InputMode", "Enter", "Capitalize", "Dir", "Pattern", "Rules", "Field", "Lang", "Theme", "Back", "Bright", "Night", "Here", "Layout", "Kind", "Icon", "Class", "Tone":
		return true
	}
	return false
}

// poison puts evil into every text of a view that is not ours. What was empty stays so.
func poison(v reflect.Value, evil string, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] || v.Type() == reflect.TypeFor[*Site]() || v.Type() == reflect.TypeFor[*words.Catalogue]() {
			return
		}
		seen[v.Pointer()] = true
		poison(v.Elem(), evil, seen)
	case reflect.Interface:
		if !v.IsNil() && v.Elem().Kind() == reflect.Pointer {
			poison(v.Elem(), evil, seen)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				if v.Field(i).Kind() == reflect.String && (kept(f.Name) || f.Name == "URI" && v.Type() == reflect.TypeFor[setupView]()) {
					continue // the second is an otpauth: address, which we make
				}
				poison(v.Field(i), evil, seen)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), evil, seen)
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && v.CanSet() && v.Len() > 0 { // the types of html/template are checked where they are made
			v.SetString(evil)
		}
	}
}

// shape is the elements of a page with the names of their attributes: what no text may change.
func shape(t *testing.T, page string) (list []string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	walk(doc, func(n *html.Node) {
		one := n.Data
		for _, a := range n.Attr {
			one += " " + a.Key
			if (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				t.Errorf("<%s> leads to %q", n.Data, a.Val)
			}
		}
		list = append(list, one)
	})
	return list
}

func (b *bench) poisoned(t *testing.T, one Sample, evil string) []string {
	t.Helper()
	en, _ := b.words.Get("en")
	draw := one
	draw.view = func(f *frame) view {
		v := one.view(f)
		poison(reflect.ValueOf(v), evil, map[uintptr]bool{})
		return v
	}
	page, err := b.sample(b.frame(en, ""), draw)
	if err != nil {
		t.Fatal(err)
	}
	return shape(t, string(page))
}

func evils() []string {
	return []string{`"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, "</textarea></title></style></script><b>", "{{.Title}}{{template \"head\"}}", "\u202Etxt.exe", "\u2067x", strings.Repeat("Ü", 200), "a\x00b", "a\r\nSet-Cookie: x=y",
		"javascript:alert(1)", "&lt;b&gt;", "\xff\xfe", "`${x}`", "<!--", "]]>", " autofocus onfocus=x "}
}

// TestHostileSamples: whatever people, clients and operators write changes no element and no attribute of any page in any state.
func TestHostileSamples(t *testing.T) {
	b := newBench(t, sampleIssuer)
	for _, one := range Samples() {
		t.Run(one.Name, func(t *testing.T) {
			want := b.poisoned(t, one, "x")
			for _, evil := range evils() {
				if got := b.poisoned(t, one, evil); !slices.Equal(got, want) {
					t.Errorf("%q changes the page:\n%v\n%v", evil, got, want)
				}
			}
		})
	}
}

// FuzzSamples is TestHostileSamples with any text.
func FuzzSamples(f *testing.F) {
	for i, evil := range evils() {
		f.Add(uint8(i), evil)
	}
	b := newBench(f, sampleIssuer)
	samples := Samples()
	f.Fuzz(func(t *testing.T, i uint8, evil string) {
		if evil == "" {
			return
		}
		one := samples[int(i)%len(samples)]
		if got, want := b.poisoned(t, one, evil), b.poisoned(t, one, "x"); !slices.Equal(got, want) {
			t.Errorf("%s: %q changes the page:\n%v\n%v", one.Name, evil, got, want)
		}
	})
}

// TestNothingUntranslated draws every state in the language that is made of English: what is not in brackets is in no catalogue.
func TestNothingUntranslated(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.words = b.words.WithPseudo()
	for _, one := range Samples() {
		t.Run(one.Name, func(t *testing.T) {
			// What the view was given without brackets are names and values: nobody's words.
			var data []string
			c, _ := b.words.Get(words.Pseudo)
			made := one.view
			one.view = func(f *frame) view {
				v := made(f)
				gather(reflect.ValueOf(v), &data, map[uintptr]bool{})
				return v
			}
			raw, err := b.sample(b.frame(c, ""), one)
			if err != nil {
				t.Fatal(err)
			}
			page := string(raw)
			lint(t, page)
			doc, err := html.ParseWithOptions(strings.NewReader(page), html.ParseOptionEnableScripting(false))
			if err != nil {
				t.Fatal(err)
			}
			check := func(where, s string) {
				if rest := strings.TrimSpace(outside(s, data)); strings.ContainsFunc(rest, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }) {
					t.Errorf("%s: %q is in no catalogue", where, rest)
				}
			}
			untranslated(doc, check)
		})
	}
}

// gather lists the texts of a view that no catalogue made.
func gather(v reflect.Value, into *[]string, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] || v.Type() == reflect.TypeFor[*Site]() || v.Type() == reflect.TypeFor[*words.Catalogue]() {
			return
		}
		seen[v.Pointer()] = true
		gather(v.Elem(), into, seen)
	case reflect.Interface:
		if !v.IsNil() {
			gather(v.Elem(), into, seen)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			gather(v.Field(i), into, seen)
		}
	case reflect.Slice:
		for i := range v.Len() {
			gather(v.Index(i), into, seen)
		}
	case reflect.String:
		if s := v.String(); len(s) > 1 && !strings.Contains(s, "[") {
			*into = append(*into, s)
		}
	}
}

// outside is what of a text stands in no brackets, without the data.
func outside(s string, data []string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch {
		case r == '[':
			depth++
		case r == ']' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	rest := strings.ReplaceAll(strings.ReplaceAll(b.String(), sampleIssuer, ""), "UTC", "")
	slices.SortFunc(data, func(a, b string) int { return len(b) - len(a) })
	for _, d := range data {
		rest = strings.ReplaceAll(rest, d, "")
	}
	return rest
}

// untranslated visits texts, and attributes that are read aloud or shown by the script, but not what is code, a name or in a language of its own.
func untranslated(n *html.Node, check func(where, s string)) {
	if n.Type == html.ElementNode {
		switch n.Data {
		case "code", "bdi", "script", "textarea", "style", "pre":
			return
		}
		if _, own := attr(n, "lang"); own && n.Data != "html" {
			return
		}
		if ltr, _ := attr(n, "dir"); ltr == "ltr" && n.Data != "html" && n.Data != "input" {
			return
		}
		for _, a := range n.Attr {
			switch a.Key {
			case "alt", "aria-label", "title", "placeholder", "data-missing", "data-malformed", "data-ok", "data-short", "data-personal", "data-levels", "data-taken", "data-hide", "data-caps", "data-busy":
				check("<"+n.Data+" "+a.Key+">", a.Val)
			}
		}
	}
	if n.Type == html.TextNode {
		check("<"+n.Parent.Data+">", n.Data)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		untranslated(c, check)
	}
}
