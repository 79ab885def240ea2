package token

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
)

// odd are texts that JSON writes in its own way.
var odd = []string{"", "plain", `"quoted"`, `back\slash`, "<&>", "line\nfeed", "\x00\x1f\x7f", "ünï\u2028", "\xff\xfe", "a/b+c=~"}

// TestEncode: the bytes are those of encoding/json, whatever stands in the members.
func TestEncode(t *testing.T) {
	same := func(v any, got []byte, err error) {
		t.Helper()
		want, standard := json.Marshal(v)
		if (err == nil) != (standard == nil) {
			t.Errorf("%+v: %v, encoding/json says %v", v, err, standard)
		}
		if err == nil && !bytes.Equal(got, want) {
			t.Errorf("%s\nencoding/json: %s", got, want)
		}
	}
	access := func(c Access) {
		t.Helper()
		got, err := c.encode()
		same(c, got, err)
	}
	id := func(c ID) {
		t.Helper()
		got, err := c.encode()
		same(c, got, err)
	}
	for _, s := range odd {
		for _, n := range []int64{0, 1, -1, math.MaxInt64} {
			for _, l := range [][]string{nil, {}, {s}, {s, "x"}} {
				access(Access{Issuer: s, Subject: s, Audience: l, ClientID: s, IssuedAt: n, Expires: n, ID: s, SID: s, Scope: s, AuthTime: n, ACR: s, AMR: l, Groups: l,
					UserID: n, Username: s})
				id(ID{Issuer: s, Subject: s, Audience: l, Expires: n, IssuedAt: n, AuthTime: n, Nonce: s, ACR: s, AMR: l, Authorized: s, AtHash: s, CHash: s, SID: s})
			}
			a := Answer{AccessToken: s, TokenType: s, ExpiresIn: n, RefreshToken: s, Scope: s, IDToken: s}
			got, err := a.Encode()
			same(a, got, err)
		}
	}
	for _, cnf := range []string{"", `{"jkt": "x<y"}`, "null", "{"} {
		access(Access{Confirmation: json.RawMessage(cnf)})
	}
	more := ID{Issuer: "i", More: map[string]any{"name": "N", "a": []int{1}}}
	if got, err := more.encode(); err != nil || !bytes.HasSuffix(got, []byte(`,"a":[1],"name":"N"}`)) {
		t.Errorf("%s %v", got, err)
	}
	more.More["bad"] = func() {}
	if _, err := more.encode(); err == nil {
		t.Error("a function was encoded")
	}
}

func BenchmarkEncode(b *testing.B) {
	c := Access{Issuer: "https://id.example.test", Subject: "0b7e9f1c-6c58-4a53-9c4f-7e5c9d3f1a11", Audience: Audience{"https://api.example.test"}, ClientID: "app", IssuedAt: 1, Expires: 2,
		ID: "0123456789012345678901.012345678901", SID: "0123456789012345678901", Scope: "openid profile", AuthTime: 1, ACR: "1", AMR: []string{"pwd"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.encode(); err != nil {
			b.Fatal(err)
		}
	}
}
