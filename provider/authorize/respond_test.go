package authorize

import (
	"testing"

	"latchkey/provider/oauth"
	"latchkey/provider/serve"
)

func TestWithParams(t *testing.T) {
	ps := []serve.Param{{Name: "code", Value: "a b&c"}, {Name: "state", Value: "é"}}
	const enc = "code=a+b%26c&state=%C3%A9"
	for _, c := range []struct {
		name, uri string
		mode      oauth.ResponseMode
		want      string
	}{
		{"RFC 6749 §4.1.2", "https://a/cb", oauth.ModeQuery, "https://a/cb?" + enc},
		{"RFC 6749 §3.1.2 a query is kept", "https://a/cb?bar=foo", oauth.ModeQuery, "https://a/cb?bar=foo&" + enc},
		{"RFC 6749 §3.1.2 an empty query", "https://a/cb?", oauth.ModeQuery, "https://a/cb?" + enc},
		{"Multiple Response Types §2.1", "https://a/cb?bar=foo", oauth.ModeFragment, "https://a/cb?bar=foo#" + enc},
		{"RFC 8252 §7.1", "com.example.app:/cb", oauth.ModeQuery, "com.example.app:/cb?" + enc},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := withParams(c.uri, ps, c.mode); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
