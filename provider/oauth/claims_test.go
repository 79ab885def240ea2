package oauth

import (
	"bytes"
	"strings"
	"testing"
)

func TestParseClaims(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		err            Code
	}{
		{"OpenID Connect Core §5.5 none", "", "", ""},
		{"OpenID Connect Core §5.5.1 null is voluntary", `{"userinfo":{"name":null}}`, `{"userinfo":{"name":{}}}`, ""},
		{"OpenID Connect Core §5.5.1 essential", `{"id_token": {"acr": {"essential": true, "values": ["1", "2"]}}}`, `{"id_token":{"acr":{"essential":true,"values":["1","2"]}}}`, ""},
		{"OpenID Connect Core §5.5.1 value of any type", `{"id_token":{"a":{"value":{"b": [1, null]}}}}`, `{"id_token":{"a":{"value":{"b":[1,null]}}}}`, ""},
		{"OpenID Connect Core §5.5.1 value null is none", `{"id_token":{"a":{"value":null,"essential":false}}}`, `{"id_token":{"a":{}}}`, ""},
		{"OpenID Connect Core §5.5 members not understood", `{"other":1,"userinfo":{"a":{"purpose":"x","Essential":true}}}`, `{"userinfo":{"a":{}}}`, ""},
		{"OpenID Connect Core §5.5 both in order", `{"id_token":{"b":null,"a":null},"userinfo":{"c":null}}`, `{"userinfo":{"c":{}},"id_token":{"a":{},"b":{}}}`, ""},
		{"OpenID Connect Core §5.5 empty members ask for nothing", `{"userinfo":{},"id_token":null}`, "", ""},
		{"OpenID Connect Core §5.5 no object", `[]`, "", InvalidRequest},
		{"OpenID Connect Core §5.5 null", `null`, "", InvalidRequest},
		{"OpenID Connect Core §5.5 no JSON", `{`, "", InvalidRequest},
		{"OpenID Connect Core §5.5 two values", `{}{}`, "", InvalidRequest},
		{"OpenID Connect Core §5.5.1 a claim that is no object", `{"userinfo":{"name":true}}`, "", InvalidRequest},
		{"OpenID Connect Core §5.5.1 essential no boolean", `{"id_token":{"a":{"essential":"true"}}}`, "", InvalidRequest},
		{"OpenID Connect Core §5.5.1 values no array", `{"id_token":{"a":{"values":"1"}}}`, "", InvalidRequest},
		{"too many", `{"userinfo":{` + manyMembers(MaxClaims+1) + `}}`, "", InvalidRequest},
		{"too long", strings.Repeat(" ", MaxClaimsBytes) + "{}", "", InvalidRequest},
		{"too long once it is written again", `{"userinfo":{"` + strings.Repeat("\u2028", MaxClaimsBytes/5) + `":null}}`, "", InvalidRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseClaims(c.in)
			if code(err) != c.err || string(got.Encode()) != c.want {
				t.Errorf("got %s %v", got.Encode(), err)
			}
		})
	}
}

func manyMembers(n int) string {
	var all []string
	for i := range n {
		all = append(all, `"`+strings.Repeat("c", i+1)+`":null`)
	}
	return strings.Join(all, ",")
}

func TestClaimValues(t *testing.T) {
	c, err := ParseClaims(`{"id_token":{"a":{"value":"x","values":["y",1]},"b":{},"c":{"value":7}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if s, named := c.IDToken["a"].Strings(); strings.Join(s, " ") != "y x" || !named {
		t.Errorf("OpenID Connect Core §5.5.1 value and values: %q", s)
	}
	if s, named := c.IDToken["b"].Strings(); s != nil || named {
		t.Errorf("OpenID Connect Core §5.5.1 neither: %q", s)
	}
	if s, named := c.IDToken["c"].Strings(); s != nil || !named {
		t.Errorf("OpenID Connect Core §5.5.1 no string: %q", s)
	}
	for _, row := range []struct {
		claim string
		value any
		want  bool
	}{{"a", "x", true}, {"a", "y", true}, {"a", 1, true}, {"a", "z", false}, {"b", "anything", true}, {"c", 7.0, true}, {"c", "7", false}} {
		if c.IDToken[row.claim].Allows(row.value) != row.want {
			t.Errorf("OpenID Connect Core §5.5.1 %s: %v", row.claim, row.value)
		}
	}
}

func FuzzClaims(f *testing.F) {
	for _, s := range []string{"", "{}", `{"userinfo":{"name":null,"sub":{"value":"x"}}}`, `{"id_token":{"acr":{"essential":true,"values":["1",2,null]}}}`, `{"userinfo":{"a<&>":{"value":"<\u2028"}}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseClaims(s)
		if err != nil {
			if code(err) != InvalidRequest || !c.IsZero() {
				t.Errorf("%v", err)
			}
			return
		}
		kept := c.Encode()
		again, err := ParseClaims(string(kept))
		if err != nil || !bytes.Equal(again.Encode(), kept) {
			t.Errorf("%q is kept as %q, then as %q, %v", s, kept, again.Encode(), err)
		}
	})
}
