package endpoint

import (
	"encoding/json"
	"testing"

	"latchkey/provider/token"
)

// The bytes are those of encoding/json, whatever stands in the members.
func TestIntrospectionEncode(t *testing.T) {
	for _, s := range []string{"", "plain", `"\`, "<&>", "ünï\u2028", "\xff", "\x00\n"} {
		for _, n := range []int64{0, 1, -1} {
			for _, l := range [][]string{nil, {}, {s}, {s, "x"}} {
				for _, cnf := range []string{"", `{"jkt": "x<y"}`, "null", "{"} {
					a := introspection{Active: n != 0, Scope: s, ClientID: s, Username: s, TokenType: s, Expires: n, IssuedAt: n, Subject: s, Audience: token.Audience(l),
						Issuer: s, ID: s, SID: s, AuthTime: n, ACR: s, AMR: l, Confirmation: json.RawMessage(cnf), Groups: l, UserID: n}
					want, wantErr := json.Marshal(a)
					got, err := a.encode()
					if (err == nil) != (wantErr == nil) || err == nil && string(got) != string(want) {
						t.Fatalf("%s %v\nencoding/json: %s %v", got, err, want, wantErr)
					}
				}
			}
		}
	}
}
