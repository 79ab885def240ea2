package oauth

import (
	"slices"
	"strings"
	"testing"
)

func TestConsentable(t *testing.T) {
	asked := append(make(Scopes, 0, 4), "openid")
	for _, c := range []struct {
		name      string
		scopes    Scopes
		resources []string
		want      Scopes
	}{
		{"RFC 6749 §3.3 scopes", asked, nil, Scopes{"openid"}},
		{"RFC 8707 §2 resources", asked, []string{"https://a"}, Scopes{"openid", "(resource) https://a"}},
		{"RFC 8707 §2 others", asked, []string{"https://b", "https://c"}, Scopes{"openid", "(resource) https://b", "(resource) https://c"}},
		{"nothing but the sign-in", nil, nil, Scopes{"(sign in)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Consentable(c.scopes, c.resources)
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q", got)
			}
			if scopes, resources := Consented(got); !slices.Equal(scopes, c.scopes) || !slices.Equal(resources, c.resources) {
				t.Errorf("it is told again as %q and %q", scopes, resources)
			}
			for _, s := range got.Without(c.scopes) {
				if !strings.Contains(s, " ") {
					t.Errorf("a client can ask for %q", s)
				}
			}
		})
	}
}
