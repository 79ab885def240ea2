package account

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// rfcSecret is the one of the test vectors (RFC 4226 appendix D, RFC 6238 appendix B).
const rfcSecret = "12345678901234567890"

func TestHOTP(t *testing.T) {
	for counter, want := range strings.Fields("755224 287082 359152 969429 338314 254676 287922 162583 399871 520489") { // RFC 4226 appendix D
		if got := hotp([]byte(rfcSecret), uint64(counter)); got != want {
			t.Errorf("counter %d: %s, want %s", counter, got, want)
		}
	}
}

func TestTOTPVectors(t *testing.T) {
	for _, c := range []struct {
		at   int64
		want string
	}{ // RFC 6238 appendix B, the last six of eight digits
		{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"}, {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
	} {
		at := time.Unix(c.at, 0)
		if got := hotp([]byte(rfcSecret), uint64(totpStep(at))); got != c.want {
			t.Errorf("at %d: %s, want %s", c.at, got, c.want)
		}
		for _, drift := range []time.Duration{-61 * time.Second, -30 * time.Second, 0, 30 * time.Second, 61 * time.Second} {
			if at.Add(drift).Unix() < 0 {
				continue
			}
			_, ok := matchTOTP([]byte(rfcSecret), c.want, at.Add(drift))
			if near := drift.Abs() <= 30*time.Second; ok != near {
				t.Errorf("code of %d at %v beside it: %v", c.at, drift, ok)
			}
		}
	}
	if _, ok := matchTOTP([]byte(rfcSecret), hotp([]byte(rfcSecret), 0), time.Unix(0, 0)); !ok {
		t.Error("the first step of all is not known")
	}
}

func TestTOTPURI(t *testing.T) {
	for _, c := range []struct{ name, issuer, account string }{
		{"plain", "Latchkey", "ada"},
		{"an address", "Latchkey", "ada@example.com"},
		{"spaces, slashes and questions", "Harbour & Co? 50%/#1", "a b+c"},
		{"a colon divides the two, and stands in neither", "Acme: Co", "a:b"},
		{"letters of any script", "Käse 港", "ada"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := totpURI(c.issuer, c.account, "SECRET")
			u, err := url.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			label := strings.TrimPrefix(u.Path, "/")
			issuer, account, ok := strings.Cut(label, ":")
			want := func(v string) string { return strings.ReplaceAll(v, ":", " ") }
			if u.Scheme != "otpauth" || u.Host != "totp" || !ok || issuer != want(c.issuer) || account != want(c.account) {
				t.Errorf("%s: label %q", raw, label)
			}
			q := u.Query()
			if q.Get("issuer") != issuer || q.Get("secret") != "SECRET" || q.Get("digits") != "6" || q.Get("period") != "30" || q.Get("algorithm") != "SHA1" {
				t.Errorf("%s", raw)
			}
			if strings.Contains(raw, "+") { // apps that do not read forms take it as it is
				t.Errorf("%s has a plus sign", raw)
			}
		})
	}
}

func TestLooksLikeTOTP(t *testing.T) {
	for code, want := range map[string]bool{
		"123456": true, "123 456": true, " 123456 ": true, "123-456": true, "12345": false, "1234567": false, "12345a": false, "": false, "ABCD-EFGH-JKLM-NPQR": false,
		"１２３４５６": false,
	} {
		if got := looksLikeTOTP(code); got != want {
			t.Errorf("%q: %v", code, got)
		}
	}
}
