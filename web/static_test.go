package web

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/web/theme"
)

// remarks are comments of a stylesheet, and the room before lines: browsers need neither.
var remarks = regexp.MustCompile(`(?s)/\*.*?\*/|(?m:^[ \t]+)`)

// scriptRemarks are lines of a script that are comments, and the room before others. No text of ours goes over several lines.
var scriptRemarks = regexp.MustCompile(`(?m)^[ \t]*//.*\n|^[ \t]+`)

// sent are the files of static as browsers get them.
func sent(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir("static")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		raw, err := os.ReadFile("static/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		switch path.Ext(e.Name()) {
		case ".css":
			raw = remarks.ReplaceAll(raw, nil)
		case ".js":
			raw = scriptRemarks.ReplaceAll(raw, nil)
		}
		all[e.Name()] = string(raw)
	}
	return all
}

// packFiles makes what is embedded of files.
func packFiles(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var head, body strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		small, err := compress([]byte(files[name]))
		if err != nil {
			t.Fatal(err)
		}
		if path.Ext(name) == ".woff2" { // compressed by itself
			small = nil
		}
		_, _ = fmt.Fprintf(&head, "%s\t%d\t%d\t%x\n", name, len(files[name]), len(small), sha256.Sum256([]byte(files[name]))) // a string takes everything
		if body.Write(small); small == nil {
			body.WriteString(files[name])
		}
	}
	return []byte(head.String() + "\n" + body.String())
}

// TestGoldenPack: what is embedded are the files of static. The bytes are not compared: another version of Go may compress otherwise.
func TestGoldenPack(t *testing.T) {
	want, got := sent(t), map[string]string{}
	a, err := loadAssets(packed, &theme.Theme{})
	if err == nil {
		got = contents(t, a)
	}
	diff := cmp.Diff(want, got)
	if err == nil && diff == "" {
		return
	}
	if !*updateMails {
		t.Fatalf("static.bin is not made of the folder static; `make generate` makes it: %v (-files +packed):\n%s", err, diff)
	}
	if err := os.WriteFile("static.bin", packFiles(t, want), 0o600); err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, a *assets) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, f := range a.byName {
		all[name] = string(whole(t, f))
	}
	return all
}

// whole is a file as it is, and as long as it says.
func whole(t *testing.T, f asset) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.to(&b); err != nil || b.Len() != f.size {
		t.Fatalf("%d bytes of %d: %v", b.Len(), f.size, err)
	}
	return b.Bytes()
}

// TestAssetsVersion: the address of the folder changes with any of its files, and with the theme.
func TestAssetsVersion(t *testing.T) {
	seen := map[string]string{}
	for name, tc := range map[string]struct {
		files map[string]string
		theme theme.Theme
	}{
		"plain": {map[string]string{"a.css": "x"}, theme.Theme{}}, "another text": {map[string]string{"a.css": "y"}, theme.Theme{}}, "another name": {map[string]string{"b.css": "x"}, theme.Theme{}},
		"a theme": {map[string]string{"a.css": "x"}, theme.Theme{Stylesheet: []byte("x")}}, "another theme": {map[string]string{"a.css": "x"}, theme.Theme{Stylesheet: []byte("y")}},
	} {
		a, err := loadAssets(string(packFiles(t, tc.files)), &tc.theme)
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[a.version]; twice {
			t.Errorf("%s and %s have the same address", name, other)
		}
		seen[a.version] = name
	}
}

func TestAssetsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no head": "x", "too few fields": "a.css\t1\t0\n\nx", "no size": "a.css\tx\t0\tx\n\nx", "less than it says": "a.css\t2\t0\tx\n\nx",
		"less compressed than it says": "a.css\t2\t2\tx\n\nx", "more than it says": "a.css\t1\t0\tx\n\nxx", "a negative size": "a.css\t-1\t0\tx\n\nx",
	} {
		if _, err := loadAssets(text, &theme.Theme{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
