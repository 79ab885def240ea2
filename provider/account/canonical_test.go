package account

import (
	"strings"
	"testing"
)

func TestParseEmail(t *testing.T) {
	for _, c := range []struct{ name, in, address, key string }{
		{"plain", "a@example.org", "a@example.org", "a@example.org"},
		{"RFC 5321 §2.4 case is kept for sending", "Al.Ice+x@Example.ORG", "Al.Ice+x@example.org", "al.ice+x@example.org"},
		{"RFC 5891 domain in another script", "a@bücher.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		{"decomposed umlaut is the same domain", "a@bu\u0308cher.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		{"upper case umlaut is the same domain", "a@BÜCHER.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		{"ASCII form is the same domain", "a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		{"every atext", "!#$%&'*+-/=?^_`{|}~a@example.org", "!#$%&'*+-/=?^_`{|}~a@example.org", "!#$%&'*+-/=?^_`{|}~a@example.org"},
		{"RFC 5321 §4.5.3.1.1 64 octets", strings.Repeat("a", 64) + "@example.org", strings.Repeat("a", 64) + "@example.org", strings.Repeat("a", 64) + "@example.org"},
		{"65 octets", strings.Repeat("a", 65) + "@example.org", "", ""},
		{"over 254 octets", "a@" + strings.Repeat("abcdefghi.", 26) + "org", "", ""},
		{"label over 63", "a@" + strings.Repeat("b", 64) + ".org", "", ""},
		{"full-width at", "a＠example.org", "", ""},
		{"full-width at and a real one", "a＠evil.test@example.org", "", ""},
		{"full-width domain", "a@ｅxample.org", "", ""},
		{"full-width dot", "a@example．org", "", ""},
		{"ideographic dot", "a@example。org", "", ""},
		{"ligature", "a@oﬃce.org", "", ""},
		{"two at", "a@b@example.org", "", ""},
		{"quoted local part", `"a b"@example.org`, "", ""},
		{"RFC 6531 local part", "ä@example.org", "", ""},
		{"Kelvin sign", "\u212A@example.org", "", ""},
		{"display name", "A <a@example.org>", "", ""},
		{"comment", "a(b)@example.org", "", ""},
		{"leading dot", ".a@example.org", "", ""},
		{"two dots", "a..b@example.org", "", ""},
		{"space around", " a@example.org", "", ""},
		{"newline", "a@example.org\n", "", ""},
		{"header injection", "a@example.org\r\nBcc: b@example.org", "", ""},
		{"NUL", "a\x00@example.org", "", ""},
		{"NUL in domain", "a@example.org\x00.evil.test", "", ""},
		{"list", "a@example.org,b@example.org", "", ""},
		{"no domain", "a@", "", ""},
		{"no local part", "@example.org", "", ""},
		{"bare host", "a@localhost", "", ""},
		{"trailing dot", "a@example.org.", "", ""},
		{"leading hyphen", "a@-example.org", "", ""},
		{"address literal", "a@[192.0.2.1]", "", ""},
		{"IPv4", "a@192.0.2.1", "", ""},
		{"underscore in domain", "a@ex_ample.org", "", ""},
		{"percent in domain", "a@example.org%00", "", ""},
		{"bidi override", "a@example\u202E.org", "", ""},
		{"zero width", "a@exam\u200Bple.org", "", ""},
		{"empty", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := ParseEmail(c.in)
			if got != (Email{c.address, c.key}) || ok != (c.key != "") {
				t.Errorf("got %+v, %v", got, ok)
			}
		})
	}
}

func FuzzParseEmail(f *testing.F) {
	f.Add("a@example.org")
	f.Add("A@BÜCHER.example")
	f.Add("a＠example.org")
	f.Fuzz(func(t *testing.T, s string) {
		e, ok := ParseEmail(s)
		if !ok {
			return
		}
		if strings.Count(e.Key, "@") != 1 || len(e.Address) > 254 || strings.ContainsFunc(e.Address, func(r rune) bool { return r <= 0x20 || r > 0x7e }) {
			t.Errorf("%q became %+v", s, e)
		}
		if again, ok := ParseEmail(e.Address); !ok || again != e {
			t.Errorf("%q: sending form %q parses to %+v", s, e.Address, again)
		}
		if again, ok := ParseEmail(e.Key); !ok || again.Key != e.Key {
			t.Errorf("%q: key %q has the key %q", s, e.Key, again.Key)
		}
	})
}

func TestCheckUsername(t *testing.T) {
	for _, c := range []struct {
		d    Dialect
		name string
		want Problem
	}{
		{Platform, "abc", ""}, {Platform, "A_1", ""}, {Platform, strings.Repeat("a", 20), ""},
		{Platform, "ab", Malformed}, {Platform, strings.Repeat("a", 21), Malformed}, {Platform, "a-b", Malformed}, {Platform, "", Missing},
		{Simple, "a-b_1", ""}, {Simple, "ab", TooShort}, {Simple, strings.Repeat("a", 21), TooLong}, {Simple, "a b", Malformed},
		{Simple, "", Missing}, {Page, "a-b", ""},
		{Platform, "a@b", Malformed}, {Simple, "a@b", Malformed}, {Page, "a@b", Malformed}, {Page, "a＠b", Malformed},
		{Platform, "bob\n", Malformed}, {Platform, "bob\x00", Malformed}, {Platform, "bоb", Malformed /* Cyrillic о */}, {Platform, "\u212Aelvin", Malformed},
	} {
		t.Run(string(c.d)+" "+c.name, func(t *testing.T) {
			if got, bad := checkUsername(c.d, c.name); got != c.want || bad != (c.want != "") {
				t.Errorf("got %q, %v; want %q", got, bad, c.want)
			}
		})
	}
}

func TestNormalPhone(t *testing.T) {
	for in, want := range map[string]string{
		"+14155550123": "+14155550123", "+1 (415) 555-0123": "+14155550123", "+44.20.7946.0958": "+442079460958",
		"4155550123": "", "+0123456789": "", "+1234567890123456": "", "+": "", "": "", "+1 415 555 0123 ext 4": "", "+١٢٣٤٥٦٧": "",
		"+1415555\n0123": "", "++14155550123": "",
	} {
		if got, ok := normalPhone(in); ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %q, %v; want %q", in, got, ok, want)
		}
	}
}

func TestAddressKey(t *testing.T) {
	same := func(a, b string, want bool) {
		t.Helper()
		if (AddressKey(a) == AddressKey(b)) != want {
			t.Errorf("%s and %s: %q, %q", a, b, AddressKey(a), AddressKey(b))
		}
	}
	same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)
	same("2001:db8:1:2::1", "2001:db8:1:3::1", false)
	same("192.0.2.1", "192.0.2.2", false)
	same("192.0.2.1", "::ffff:192.0.2.1", true)
	same("fe80::1%eth0", "fe80::2%eth1", true)
	same("no address", "another", false)
	if got := AddressKey(strings.Repeat("x", 500)); len(got) > 64 {
		t.Errorf("key of %d bytes", len(got))
	}
}
