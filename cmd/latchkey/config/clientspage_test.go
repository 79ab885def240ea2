package config

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"latchkey/provider/client"
)

var update = flag.Bool("update", false, "write the table of members in docs/clients.md anew")

// The page for applications has each member that can be set, in the words of the configuration's keys.
func TestGoldenClientsPage(t *testing.T) {
	const page = "../../../docs/clients.md"
	const begin, end = "<!-- members: begin -->\n", "<!-- members: end -->\n"
	docs := map[string]key{}
	for _, k := range (&ClientSpec{}).table() {
		docs[k.path] = k
	}
	var b strings.Builder
	b.WriteString("| member | set by | what it does |\n|---|---|---|\n")
	registrant := client.MetadataNames(client.Registrant)
	for _, name := range client.MetadataNames(client.Operator) {
		who := "operator"
		if slices.Contains(registrant, name) {
			who = "anybody"
		}
		if docs[name].doc == "" {
			t.Errorf("%s has no words", name)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, who, strings.ReplaceAll(docs[name].doc, "|", `\|`))
	}
	for _, name := range []string{"forward_auth", "secrets"} {
		fmt.Fprintf(&b, "| `%s` | files | %s |\n", name, docs[name].doc)
	}

	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(raw), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the table", page)
	}
	want := before + begin + b.String() + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(raw) {
		t.Error("docs/clients.md has drifted from the members of clients; run this test with -update")
	}
}
