package web

import (
	"net/http"
	"strings"

	"latchkey/provider/account"
	"latchkey/storage"
)

// more is the form of the other standard claims (OpenID Connect Core §5.1): what applications may see with the scopes profile and address.
type more struct {
	MiddleName, Nickname, ProfileURL, Website, Gender, Birthdate, Zoneinfo field
	Street, PostalCode, Locality, Region, Country                          field
}

// moreFields are those of the form.
var moreFields = []string{account.FieldMiddleName, account.FieldNickname, account.FieldProfileURL, account.FieldWebsite, account.FieldGender, account.FieldBirthdate, account.FieldZoneinfo,
	account.FieldStreet, account.FieldPostalCode, account.FieldLocality, account.FieldRegion, account.FieldCountry}

func (t typed) more(a storage.Account) {
	t[account.FieldMiddleName], t[account.FieldNickname], t[account.FieldGender] = a.MiddleName, a.Nickname, a.Gender
	t[account.FieldProfileURL], t[account.FieldWebsite] = a.ProfileURL, a.Website
	t[account.FieldBirthdate], t[account.FieldZoneinfo] = a.Birthdate, a.Zoneinfo
	if home := a.Address; home != nil {
		t[account.FieldStreet], t[account.FieldPostalCode], t[account.FieldLocality] = home.StreetAddress, home.PostalCode, home.Locality
		t[account.FieldRegion], t[account.FieldCountry] = home.Region, home.Country
	}
}

func (f *frame) more(t typed) more {
	plain := func(name, auto string) field {
		return f.put(field{Name: name, Label: f.T("field." + name), Value: t[name], Autocomplete: auto, Raw: true, Enter: "next", Optional: true, Max: 100})
	}
	page := func(name, auto string) field {
		return f.put(field{Name: name, Type: "url", InputMode: "url", Label: f.T("field." + name), Value: t[name], Autocomplete: auto, Raw: true, Dir: "ltr", Enter: "next", Optional: true, Max: 512,
			Pattern: "https?://.+", Live: true, Malformed: f.T(name + ".malformed")})
	}
	form := func(name, auto, pattern string) field {
		return f.put(field{Name: name, Label: f.T("field." + name), Hint: f.T(name + ".hint"), Value: t[name], Autocomplete: auto, Raw: true, Dir: "ltr", Enter: "next", Optional: true, Max: 100,
			Pattern: pattern, Live: true, Malformed: f.T(name + ".malformed")})
	}
	street := plain(account.FieldStreet, "street-address")
	street.Rows, street.Max = 2, 200
	out := more{
		MiddleName: plain(account.FieldMiddleName, "additional-name"), Nickname: plain(account.FieldNickname, "nickname"), Gender: plain(account.FieldGender, "sex"),
		ProfileURL: page(account.FieldProfileURL, "off"), Website: page(account.FieldWebsite, "url"),
		Birthdate: form(account.FieldBirthdate, "bday", `[0-9]{4}(-[0-9]{2}-[0-9]{2})?`), Zoneinfo: form(account.FieldZoneinfo, "off", `[A-Za-z0-9_+\-]+(\/[A-Za-z0-9_+\-]+)*`),
		Street: street, PostalCode: plain(account.FieldPostalCode, "postal-code"), Locality: plain(account.FieldLocality, "address-level2"),
		Region: plain(account.FieldRegion, "address-level1"), Country: plain(account.FieldCountry, "country-name"),
	}
	for _, d := range []*field{&out.MiddleName, &out.Nickname, &out.ProfileURL, &out.Website, &out.Gender, &out.Birthdate, &out.Zoneinfo} {
		d.Seen = f.T("seen.profile")
	}
	for _, d := range []*field{&out.Street, &out.PostalCode, &out.Locality, &out.Region, &out.Country} {
		d.Seen = f.T("seen.address")
	}
	return out
}

func (s *Site) morePost(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, profilePage)
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	t := typedOf(a).in(form, moreFields)
	home := &storage.Address{StreetAddress: t[account.FieldStreet], PostalCode: t[account.FieldPostalCode], Locality: t[account.FieldLocality], Region: t[account.FieldRegion], Country: t[account.FieldCountry]}
	change := account.Profile{MiddleName: t.text(account.FieldMiddleName), Nickname: t.text(account.FieldNickname), ProfileURL: t.text(account.FieldProfileURL), Website: t.text(account.FieldWebsite),
		Gender: t.text(account.FieldGender), Birthdate: t.text(account.FieldBirthdate), Zoneinfo: t.text(account.FieldZoneinfo)}
	if sameHome(a.Address, *home) { // also its formatted form, which is not in the form and belongs to these parts
		home = a.Address
	}
	change.Address = &home
	return s.changeProfile(w, r, f, a, t, change)
}

// sameHome tells whether what was typed is the address that is stored.
func sameHome(stored *storage.Address, typed storage.Address) bool {
	if stored == nil {
		return typed == storage.Address{}
	}
	typed.Formatted, typed.StreetAddress = stored.Formatted, strings.ReplaceAll(typed.StreetAddress, "\r\n", "\n")
	return typed == *stored
}
