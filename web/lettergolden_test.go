package web

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateMails = flag.Bool("update", false, "write the golden files anew")

// TestGoldenMails holds every mail in every language as text: what people read changes only where somebody meant it.
func TestGoldenMails(t *testing.T) {
	c := newComposer(t)
	for _, lang := range c.words.Tags() {
		var all strings.Builder
		for _, s := range LetterSamples() {
			subject, text, _, err := c.Compose(s.Kind, lang, s.Letter)
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString("=== " + s.Kind + "\nSubject: " + subject + "\n\n" + isolated.Replace(text) + "\n")
		}
		name := filepath.Join("testdata", "mails."+lang+".txt")
		if *updateMails {
			if err := os.WriteFile(name, []byte(all.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), all.String()); diff != "" {
			t.Errorf("%s: write it anew with -update if this was meant (-want +got):\n%s", name, diff)
		}
	}
}
