package web

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/provider/account"
)

// TestEveryKeyIsThere reads the keys out of templates and source: a missing one would be shown in brackets.
func TestEveryKeyIsThere(t *testing.T) {
	b := newBench(t, sampleIssuer)
	en, _ := b.words.Get("en")
	used := map[string]bool{}
	collect := func(raw []byte, re string) {
		for _, m := range regexp.MustCompile(re).FindAllSubmatch(raw, -1) {
			used[string(m[1])] = true
		}
	}
	err := fs.WalkDir(files, "templates", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := files.ReadFile(p)
		collect(raw, `T "([^"]+)"`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range sources {
		raw, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(p, "_test.go") {
			collect(raw, `\bT\("([^"]+)"[,)]`)
		}
	}
	if len(used) < 150 {
		t.Fatalf("only %d keys found: the search is broken", len(used))
	}
	for key := range used {
		if !en.Has(key) {
			t.Errorf("no words for %q", key)
		}
	}
	// What the account package may refuse has words of its own, so that nobody reads "This is too long" without knowing what.
	for field, problems := range map[string][]account.Problem{
		account.FieldUsername: {account.Missing, account.TooShort, account.TooLong, account.Malformed}, account.FieldEmail: {account.Missing, account.TooLong, account.Malformed},
		account.FieldPassword: {account.Missing, account.TooShort, account.TooLong, account.Malformed, account.Personal, account.Common, account.Weak, account.Breached},
		account.FieldFullName: {account.Missing, account.TooLong, account.Malformed}, account.FieldFirstName: {account.Missing, account.TooShort, account.TooLong, account.Malformed},
		account.FieldLastName: {account.Missing, account.TooShort, account.TooLong, account.Malformed}, account.FieldPhone: {account.TooLong, account.Malformed},
		account.FieldExperience: {account.Malformed}, account.FieldSkills: {account.TooLong, account.TooMany, account.Malformed}, account.FieldLocale: {account.Malformed},
		account.FieldProfileURL: {account.Malformed}, account.FieldWebsite: {account.Malformed}, account.FieldBirthdate: {account.Malformed}, account.FieldZoneinfo: {account.Malformed},
		account.FieldResume: {account.Missing, account.WrongType, account.TooLarge}, account.FieldPicture: {account.Missing, account.WrongType, account.Malformed, account.TooLarge},
	} {
		for _, p := range problems {
			if key := field + "." + string(p); !en.Has(key) {
				t.Errorf("no words for %q", key)
			}
		}
	}
	for _, field := range append(aboutFields, moreFields...) { // what has no words of its own is named
		if !en.Has("field." + field) {
			t.Errorf("no name for %s", field)
		}
	}
	if !slices.Contains(b.words.Tags(), "de") {
		t.Error("German is gone")
	}
}

// TestEveryKeyIsUsed: words that no page and no mail can say are translated for nobody.
func TestEveryKeyIsUsed(t *testing.T) {
	var code strings.Builder
	for _, pattern := range []string{"*.go", "words/*.go", "templates/*.html", "templates/*/*.html"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatal(pattern, err)
		}
		for _, p := range names {
			raw, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(p, "_test.go") {
				code.Write(raw)
			}
		}
	}
	literal, begun := map[string]bool{}, []string{"dev.head.", "dev.claim."} // chosen by the part of a token, and what stands in it
	for _, m := range regexp.MustCompile(`"([a-z0-9_.]+)"`).FindAllStringSubmatch(code.String(), -1) {
		literal[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`"([a-z0-9_.]+\.)" *\+`).FindAllStringSubmatch(code.String(), -1) {
		begun = append(begun, m[1])
	}
	b := newBench(t, sampleIssuer)
	ends := regexp.MustCompile(`^(.+)\.(not|hint|malformed|missing|too_short|too_long|too_many|wrong_type|too_large|personal|common|weak|breached|domain)$`)
	for _, key := range b.words.Keys() {
		m := ends.FindStringSubmatch(key)
		family := m != nil && (literal[m[1]] || slices.Contains(b.words.Keys(), "field."+m[1]) || m[1] == "code")
		if !literal[key] && !family && !slices.ContainsFunc(begun, func(p string) bool { return strings.HasPrefix(key, p) }) {
			t.Errorf("nothing says %q", key)
		}
	}
}
