package account

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
)

func TestStandardClaims(t *testing.T) {
	r := newRig(t)
	r.alice()
	a := must(r.UpdateProfile(t.Context(), 1, Profile{
		MiddleName: ptr(" Pleasance "), Nickname: ptr("Al"), ProfileURL: ptr("https://alice.example/~me?x=1#top"), Website: ptr("http://alice.example"), Gender: ptr("female"),
		Birthdate: ptr("0000-02-29"), Zoneinfo: ptr("Europe/London"),
		Address: ptr(&storage.Address{StreetAddress: "Christ Church\r\n\r\n St Aldate's ", Locality: "Oxford", PostalCode: "OX1 1DP", Country: "England"}),
	}, here))(t)
	want := storage.Account{MiddleName: "Pleasance", Nickname: "Al", ProfileURL: "https://alice.example/~me?x=1#top", Website: "http://alice.example", Gender: "female", Birthdate: "0000-02-29",
		Zoneinfo: "Europe/London", Address: &storage.Address{StreetAddress: "Christ Church\nSt Aldate's", Locality: "Oxford", PostalCode: "OX1 1DP", Country: "England"}}
	claims := func(a storage.Account) storage.Account {
		return storage.Account{MiddleName: a.MiddleName, Nickname: a.Nickname, ProfileURL: a.ProfileURL, Website: a.Website, Gender: a.Gender, Birthdate: a.Birthdate, Zoneinfo: a.Zoneinfo, Address: a.Address}
	}
	if diff := cmp.Diff(want, claims(a)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, claims(must(r.UpdateProfile(t.Context(), 1, Profile{Nickname: ptr("Al")}, here))(t))); diff != "" {
		t.Errorf("absent fields changed:\n%s", diff)
	}
	none := must(r.UpdateProfile(t.Context(), 1, Profile{MiddleName: ptr(""), Nickname: ptr(" "), ProfileURL: ptr(""), Website: ptr(""), Gender: ptr(""), Birthdate: ptr(""), Zoneinfo: ptr(""),
		Address: ptr(&storage.Address{Locality: " "})}, here))(t)
	if diff := cmp.Diff(storage.Account{}, claims(none)); diff != "" {
		t.Errorf("not cleared:\n%s", diff)
	}
	must(r.UpdateProfile(t.Context(), 1, Profile{Address: ptr(&storage.Address{Country: "Wonderland"})}, here))(t)
	if a := must(r.UpdateProfile(t.Context(), 1, Profile{Address: ptr((*storage.Address)(nil))}, here))(t); a.Address != nil {
		t.Errorf("address %+v", a.Address)
	}
}

// TestClaimForms: rows of one claim each, by what is typed.
func TestClaimForms(t *testing.T) {
	for name, c := range map[string]struct {
		form      func(string) (string, Problem)
		good, bad []string
	}{
		"OpenID Connect Core §5.1 birthdate": {birthdate, []string{"1852", "1852-05-04", "0000-12-31", "0000-02-29", "2000-02-29"},
			[]string{"0000", "52", "1852-05", "1852-5-4", "04.05.1852", "1852-13-01", "1852-02-30", "1900-02-29", "1852-05-04T00:00:00", "-1852-05-04", "１８５２"}},
		"OpenID Connect Core §5.1 zoneinfo": {zoneinfo, []string{"Europe/Paris", "America/Los_Angeles", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+3"},
			[]string{"Local", "Europe/Berlinn", "europe paris", "../../etc/passwd", "/etc/passwd", "Europe/../UTC", "posix/Europe/Paris", "right/UTC", "+02:00", "Europe", strings.Repeat("A", 101)}},
		"OpenID Connect Core §5.1 website": {page, []string{"https://a.example", "http://a.example:8080/x?y=z#w", "https://[::1]/", "HTTPS://A.EXAMPLE/"},
			[]string{"a.example", "//a.example", "javascript:alert(1)", "https://", "https:///x", "https://user:pw@a.example", "ftp://a.example", "data:text/html,x", "https://a.example/ x", "https://a.example/\x00", "https://a.example/\u202e",
				"https:a.example"}},
		"OpenID Connect Core §5.1.1 street_address": {lines(20), []string{"one", "one\ntwo", strings.Repeat("ä", 20)}, []string{strings.Repeat("ä", 21), "a\x1bb", "a\u2028b", strings.Repeat("a\n", 11), "\xff"}},
		"OpenID Connect Core §5.1 nickname":         {line(5), []string{"Al", "李明", "ÄÖÜßé"}, []string{"Alices", "a\nb", "a\tb", "a\u202eb", "\xff"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range c.good {
				got, p := c.form(v)
				if again, q := c.form(got); p != "" || got == "" || q != "" || again != got {
					t.Errorf("%q: %q %s", v, got, p)
				}
			}
			for _, v := range c.bad {
				if got, p := c.form(v); p == "" {
					t.Errorf("%q is taken as %q", v, got)
				}
			}
		})
	}
}

func TestStandardClaimsRefused(t *testing.T) {
	r := newRig(t)
	before := r.alice().Account
	_, err := r.UpdateProfile(t.Context(), 1, Profile{MiddleName: ptr(strings.Repeat("a", 101)), Nickname: ptr("a\x00"), ProfileURL: ptr("x"), Website: ptr("https://a/" + strings.Repeat("a", 512)),
		Gender: ptr(strings.Repeat("a", 51)), Birthdate: ptr("today"), Zoneinfo: ptr("Mars"), Address: ptr(&storage.Address{Formatted: strings.Repeat("a", 501), StreetAddress: "\x01",
			Locality: "\x01", Region: "\x01", PostalCode: "\x01", Country: strings.Repeat("a", 101)})}, here)
	want := map[string]Problem{FieldMiddleName: TooLong, FieldNickname: Malformed, FieldProfileURL: Malformed, FieldWebsite: TooLong, FieldGender: TooLong, FieldBirthdate: Malformed, FieldZoneinfo: Malformed,
		FieldFormatted: TooLong, FieldStreet: Malformed, FieldLocality: Malformed, FieldRegion: Malformed, FieldPostalCode: Malformed, FieldCountry: TooLong}
	if diff := cmp.Diff(want, wantKind(t, err, Invalid).Fields); diff != "" {
		t.Error(diff)
	}
	if after := must(r.Account(t.Context(), 1))(t); after.Version != before.Version {
		t.Error("a refusal was written")
	}
}

// TestVouched: only an operator says that a phone number or an address is proven, and another number is proven no more.
func TestVouched(t *testing.T) {
	r := newRig(t)
	r.alice()
	_, err := r.SetClaims(t.Context(), 1, Profile{}, Vouched{PhoneVerified: ptr(true)}, Caller{})
	if diff := cmp.Diff(map[string]Problem{FieldPhoneVerified: Missing}, wantKind(t, err, Invalid).Fields); diff != "" {
		t.Error(diff)
	}
	a := must(r.SetClaims(t.Context(), 1, Profile{Phone: ptr("+1 415 555 0123")}, Vouched{PhoneVerified: ptr(true), EmailVerified: ptr(true)}, Caller{}))(t)
	if !a.PhoneVerified || !a.EmailVerified || a.Phone != "+14155550123" {
		t.Errorf("account %+v", a)
	}
	if a = must(r.UpdateProfile(t.Context(), 1, Profile{Phone: ptr("+1-415-555-0123")}, here))(t); !a.PhoneVerified {
		t.Error("the same number, and not proven any more")
	}
	if a = must(r.UpdateProfile(t.Context(), 1, Profile{Phone: ptr("+1 415 555 0124")}, here))(t); a.PhoneVerified {
		t.Error("OpenID Connect Core §5.1: another number, and proven")
	}
	a = must(r.SetClaims(t.Context(), 1, Profile{}, Vouched{PhoneVerified: ptr(true)}, Caller{}))(t)
	if a = must(r.UpdateProfile(t.Context(), 1, Profile{Phone: ptr("")}, here))(t); a.PhoneVerified || !a.EmailVerified {
		t.Errorf("no number, and proven: %+v", a)
	}
	must(r.SetDisabled(t.Context(), 1, true, Caller{}))(t)
	if a = must(r.SetClaims(t.Context(), 1, Profile{Nickname: ptr("Al")}, Vouched{EmailVerified: ptr(false)}, Caller{}))(t); a.Nickname != "Al" || a.EmailVerified || !a.Disabled {
		t.Errorf("disabled account %+v", a)
	}
	_, err = r.SetClaims(t.Context(), 9, Profile{}, Vouched{}, Caller{})
	wantKind(t, err, Gone)
}

func FuzzClaims(f *testing.F) {
	for _, s := range []string{"1852-05-04", "Europe/Paris", "https://a.example/?x#y", "a\r\nb", "", "\xff", "0000-02-29"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, v string) {
		for name, form := range map[string]func(string) (string, Problem){"birthdate": birthdate, "zoneinfo": zoneinfo, "page": page, "line": line(maxClaim), "lines": lines(maxStreet)} {
			got, p := form(v)
			if p != "" {
				continue
			}
			if again, q := form(got); got != "" && (q != "" || again != got) {
				t.Errorf("%s: %q becomes %q, and that %q %s", name, v, got, again, q)
			}
			if strings.ContainsFunc(got, func(r rune) bool { return hidden(r) && (name != "lines" || r != '\n') }) {
				t.Errorf("%s keeps hidden characters of %q", name, v)
			}
		}
	})
}
