package register

import "testing"

// Clients are excused from PKCE by the names that the operator lists (RFC 9700 §2.1.1 asks it of everybody else), for as long as they have such a name.
func TestPKCEExemptByName(t *testing.T) {
	const uris = `"redirect_uris":["https://shop.example/cb"]`
	for _, row := range []struct {
		name, body string
		want       bool
	}{
		{"the name", `{"client_name":"old shop",` + uris + `}`, true},
		{"what stands before a space", `{"client_name":"old shop of 2019",` + uris + `}`, true},
		{"a longer word", `{"client_name":"old shopping",` + uris + `}`, false},
		{"another case", `{"client_name":"Old shop",` + uris + `}`, false},
		{"no name", `{` + uris + `}`, false},
		{"RFC 9700 §2.1.1 a public client never", `{"client_name":"old shop","token_endpoint_auth_method":"none",` + uris + `}`, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := newRig(t, func(g *rig) { g.Policy.PKCEExempt = []string{"old shop"} })
			if c := g.stored(t, g.register(t, row.body)); c.PKCEExempt != row.want {
				t.Errorf("exempt: %v", c.PKCEExempt)
			}
		})
	}
	g := newRig(t, func(g *rig) { g.Policy.PKCEExempt = []string{"old shop"} })
	a := g.register(t, `{"client_name":"shop",`+uris+`}`)
	for _, step := range []struct {
		name string
		want bool
	}{{"old shop", true}, {"new shop", false}} {
		body := `{"client_id":"` + a.text("client_id") + `","client_name":"` + step.name + `",` + uris + `}`
		if got := g.manage("PUT", a, body); got.status != 200 {
			t.Fatalf("RFC 7592 §2.2: %d", got.status)
		}
		if c := g.stored(t, a); c.PKCEExempt != step.want {
			t.Errorf("RFC 7592 §2.2 renamed to %s: exempt %v", step.name, c.PKCEExempt)
		}
	}
}
