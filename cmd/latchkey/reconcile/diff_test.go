package reconcile

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/admin"
	"latchkey/storage"
)

// told is a declaration as it comes from a server, through JSON.
func told(t *testing.T, c config.Declared, source string) (out admin.Declaration) {
	t.Helper()
	d := Declared(c)
	d.Source = source
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func lines(changes []Change) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%s %s %s", c.What, c.Kind, c.Name)
		if c.What == "changed" {
			for _, m := range c.Members {
				fmt.Fprintf(&b, " %s:%v>%v", m.Name, m.From, m.To)
			}
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func TestCompare(t *testing.T) {
	base := func() config.Declared {
		cs := clients("a", "b")
		cs[0].DefaultMaxAge, cs[0].HasDefaultMaxAge, cs[0].JWKS = time.Minute, true, []byte(`{"keys":[]}`)
		return config.Declared{Clients: cs, Groups: []config.Group{{Name: "g", Members: []config.Member{{Email: "a@b.example"}}}},
			Scopes: []config.Scope{{Name: "s", Descriptions: map[string]string{"": "x"}, Claims: []string{"email"}}}}
	}
	for what, row := range map[string]struct {
		change       func(*config.Declared)
		server, left string
	}{
		"nothing": {func(*config.Declared) {}, "", ""},
		"a member": {func(d *config.Declared) { d.Clients[0].RedirectURIs = []string{"https://x.example/"} },
			"changed client a redirect_uris:[https://a.example/]>[https://x.example/]", "changed client a redirect_uris:[https://a.example/]>[https://x.example/]"},
		"a second secret": {func(d *config.Declared) {
			d.Clients[0].Secrets = append(d.Clients[0].Secrets, storage.ClientSecret{ID: "s2", Hash: "sha256:two", ExpiresAt: time.Unix(0, 0)})
		}, "changed client a secrets[s2]:<nil>>fingerprint s2 until 1970-01-01T00:00:00Z", "changed client a secrets[s2]:<nil>>fingerprint s2 until 1970-01-01T00:00:00Z"},
		"a client more and one less": {func(d *config.Declared) { d.Clients = clients("b", "c") }, "removed client a; created client c", "removed client a; created client c"},
		"disabled":                   {func(d *config.Declared) { d.Clients[1].Disabled = true }, "changed client b disabled:<nil>>true", ""},
		"groups": {func(d *config.Declared) {
			d.Groups = []config.Group{{Name: "g", ByCommand: true, Members: []config.Member{{Username: "ada"}}}, {Name: "h"}}
		}, "changed group g by_command:<nil>>true members[a@b.example]:a@b.example><nil> members[ada]:<nil>>ada; created group h", ""},
		"scopes": {func(d *config.Declared) {
			d.Scopes[0].Hidden, d.Scopes[0].Descriptions, d.Scopes[0].Claims = true, map[string]string{"de": "y"}, nil
		}, "changed scope s claims:[email]><nil> description:x><nil> description#de:<nil>>y hidden:<nil>>true", ""},
	} {
		files := base()
		row.change(&files)
		for source, want := range map[string]string{"server": row.server, "store": row.left} {
			changes, err := Compare(told(t, base(), source), Declared(files))
			if got := lines(changes); err != nil || got != want {
				t.Errorf("%s, against the %s: %s, want %s (%v)", what, source, got, want, err)
			}
		}
		if same := Revision(Declared(files)) == Revision(Declared(base())); same != (what == "nothing") {
			t.Errorf("%s: revision is the same: %v", what, same)
		}
	}
	changes, err := Compare(told(t, base(), "server"), Declared(base()))
	if raw, _ := json.Marshal(changes); err != nil || strings.Contains(string(raw), "sha256") {
		t.Errorf("%s %v: a hash is told", raw, err)
	}
}
