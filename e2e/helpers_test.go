package e2e

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"net/url"
	"strings"
	"testing"

	"latchkey/e2e/harness"
)

// form makes a form of pairs.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// chunk is a PNG chunk.
func chunk(kind string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	body := append([]byte(kind), data...)
	out = append(out, body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
}

// jwtPart decodes the header (0) or the claims (1) of a JWT without any check.
func jwtPart(t testing.TB, jwt string, n int) object {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %d parts", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err != nil {
		t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// tokens are what a code bought.
type tokens struct {
	access, refresh, id string
	flow                *harness.Flow
}

// signInToClient runs the code flow in a browser that is signed in, with a client that needs no consent.
func signInToClient(t testing.TB, s *harness.Server, b *harness.Browser, scope string) tokens {
	t.Helper()
	f := harness.NewFlow(harness.QuietID, harness.QuietSecret, true)
	if err := f.Answer(b.Open(f.Path(scope, nil)).Left(harness.Callback), s.Issuer); err != nil {
		t.Fatal(err)
	}
	r, err := f.Redeem(s.API())
	if err != nil {
		t.Fatal(err)
	}
	r.Want(t, 200)
	return tokens{r.S("access_token"), r.S("refresh_token"), r.S("id_token"), f}
}
