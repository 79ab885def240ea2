package oauth

import (
	"slices"
	"strings"
	"testing"
)

func TestParseResponseType(t *testing.T) {
	for in, want := range map[string]string{
		"code": TypeCode, " code ": TypeCode, "token id_token": TypeIDTokenToken, "id_token code": TypeCodeIDToken, "token code": TypeCodeToken,
		"token id_token code": TypeCodeIDTokenToken, "id_token": TypeIDToken, "": "", "code code": "code code", "token": "token", "Code": "Code",
	} {
		if got := ParseResponseType(in); got != want {
			t.Errorf("Multiple Response Types §3: %q is read as %q", in, got)
		}
	}
	for _, rt := range ResponseTypes() {
		if ParseResponseType(rt) != rt {
			t.Errorf("%q is not in canonical order", rt)
		}
	}
}

func TestParseResponseMode(t *testing.T) {
	for _, c := range []struct {
		name, mode, responseType string
		want                     ResponseMode
		err                      Code
	}{
		{"Multiple Response Types §2.1 code", "", TypeCode, ModeQuery, ""},
		{"Multiple Response Types §5 code id_token", "", TypeCodeIDToken, ModeFragment, ""},
		{"Multiple Response Types §5 code token", "", TypeCodeToken, ModeFragment, ""},
		{"OpenID Connect Core §3.2.2.5 id_token", "", TypeIDToken, ModeFragment, ""},
		{"RFC 6749 §4.2.2.1 an unknown type with token", "", "foo token", ModeFragment, ""},
		{"Multiple Response Types §2.1 nothing", "", "", ModeQuery, ""},
		{"Multiple Response Types §5 query with tokens: the error leaves by the fragment", "query", TypeIDTokenToken, ModeFragment, InvalidRequest},
		{"Multiple Response Types §2.1 query", "query", TypeCode, ModeQuery, ""},
		{"Multiple Response Types §2.1 fragment", "fragment", TypeCode, ModeFragment, ""},
		{"Form Post Response Mode §2", "form_post", TypeCodeIDTokenToken, ModeFormPost, ""},
		{"Multiple Response Types §2.1 unknown", "web_message", TypeIDToken, ModeFragment, InvalidRequest},
		{"Multiple Response Types §2.1 unknown, code", "web_message", TypeCode, ModeQuery, InvalidRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := ParseResponseMode(c.mode, c.responseType); got != c.want || code(err) != c.err {
				t.Errorf("got %q %v", got, err)
			}
		})
	}
}

func FuzzResponse(f *testing.F) {
	f.Add("query", "token code")
	f.Add("", "id_token")
	f.Fuzz(func(t *testing.T, mode, responseType string) {
		rt := ParseResponseType(responseType)
		m, err := ParseResponseMode(mode, rt)
		if Fronted(rt) && m == ModeQuery {
			t.Errorf("%q leaves by %q", rt, m)
		}
		if err == nil && mode != "" && string(m) != mode {
			t.Errorf("%q became %q", mode, m)
		}
		if slices.Contains(ResponseTypes(), rt) && strings.Join(strings.Fields(rt), " ") != rt {
			t.Errorf("%q", rt)
		}
	})
}
