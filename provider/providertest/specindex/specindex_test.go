package specindex

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write docs/spec-index.md anew")

// folders that are indexed.
var folders = []string{"keys", "provider", "web"}

func TestSpecIndex(t *testing.T) {
	const page = "../../../docs/spec-index.md"
	x, err := Read("../../..", folders...)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Code) < 60 || len(x.Tests) < 60 {
		t.Fatalf("only %d clauses in code and %d in tests: the reader is broken", len(x.Code), len(x.Tests))
	}
	got := x.Markdown()
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("docs/spec-index.md has drifted from the code; run this test with -update")
	}
}

func TestMention(t *testing.T) {
	m := map[Clause]map[string]bool{}
	note(m, "as RFC 6749 §4.1.2.1, §5.2; RFC 6750 §3.1\nwants. OpenID Connect\nCore §3.1.2.1.", "f")
	for _, c := range []Clause{{"RFC 6749", "4.1.2.1"}, {"RFC 6749", "5.2"}, {"RFC 6750", "3.1"}, {"OpenID Connect Core", "3.1.2.1"}} {
		if !m[c]["f"] {
			t.Errorf("%v was not found in %v", c, m)
		}
	}
	if len(m) != 4 {
		t.Errorf("%v", m)
	}
}
