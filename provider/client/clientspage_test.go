package client

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the list of refused members in docs/clients.md anew")

// The page for applications has each member that is known and refused, by the reason.
func TestGoldenRefusedMembers(t *testing.T) {
	const page = "../../docs/clients.md"
	const begin, end = "<!-- refused: begin -->\n", "<!-- refused: end -->\n"
	var reasons []string
	byReason := map[string][]string{}
	for _, row := range members() {
		if row.refused == "" {
			continue
		}
		if !slices.Contains(reasons, row.refused) {
			reasons = append(reasons, row.refused)
		}
		byReason[row.refused] = append(byReason[row.refused], "`"+row.name+"`")
	}
	var b strings.Builder
	b.WriteString("| what a client is told | of |\n|---|---|\n")
	for _, reason := range reasons {
		fmt.Fprintf(&b, "| %s | %s |\n", reason, strings.Join(byReason[reason], " "))
	}

	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(raw), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the list", page)
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
