package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"latchkey/provider/account"
	"latchkey/storage"
)

// Claims are standard claims by their names in OpenID Connect (Core §5.1). null takes one away; one that does not stand here stays as it is.
type Claims map[string]json.RawMessage

// UserChange changes an account.
type UserChange struct {
	Claims Claims `json:"claims"`
}

// Address is the claim of that name (OpenID Connect Core §5.1.1).
type Address struct {
	Formatted     string `json:"formatted,omitempty"`
	StreetAddress string `json:"street_address,omitempty"`
	Locality      string `json:"locality,omitempty"`
	Region        string `json:"region,omitempty"`
	PostalCode    string `json:"postal_code,omitempty"`
	Country       string `json:"country,omitempty"`
}

// claimText is a claim that is a text: what it is in an account, and how it is changed.
type claimText struct {
	claim, field string
	of           func(*storage.Account) *string
	in           func(*account.Profile) **string
}

// claimTexts lists them in the order in which they are shown.
var claimTexts = []claimText{
	{"name", account.FieldFullName, func(a *storage.Account) *string { return &a.FullName }, func(p *account.Profile) **string { return &p.FullName }},
	{"given_name", account.FieldFirstName, func(a *storage.Account) *string { return &a.FirstName }, func(p *account.Profile) **string { return &p.FirstName }},
	{"family_name", account.FieldLastName, func(a *storage.Account) *string { return &a.LastName }, func(p *account.Profile) **string { return &p.LastName }},
	{"middle_name", account.FieldMiddleName, func(a *storage.Account) *string { return &a.MiddleName }, func(p *account.Profile) **string { return &p.MiddleName }},
	{"nickname", account.FieldNickname, func(a *storage.Account) *string { return &a.Nickname }, func(p *account.Profile) **string { return &p.Nickname }},
	{"profile", account.FieldProfileURL, func(a *storage.Account) *string { return &a.ProfileURL }, func(p *account.Profile) **string { return &p.ProfileURL }},
	{"website", account.FieldWebsite, func(a *storage.Account) *string { return &a.Website }, func(p *account.Profile) **string { return &p.Website }},
	{"gender", account.FieldGender, func(a *storage.Account) *string { return &a.Gender }, func(p *account.Profile) **string { return &p.Gender }},
	{"birthdate", account.FieldBirthdate, func(a *storage.Account) *string { return &a.Birthdate }, func(p *account.Profile) **string { return &p.Birthdate }},
	{"zoneinfo", account.FieldZoneinfo, func(a *storage.Account) *string { return &a.Zoneinfo }, func(p *account.Profile) **string { return &p.Zoneinfo }},
	{"locale", account.FieldLocale, func(a *storage.Account) *string { return &a.Locale }, func(p *account.Profile) **string { return &p.Locale }},
	{"phone_number", account.FieldPhone, func(a *storage.Account) *string { return &a.Phone }, func(p *account.Profile) **string { return &p.Phone }},
}

// claimOf names the claim behind a field, for faults.
func claimOf(field string) string {
	for _, t := range claimTexts {
		if t.field == field {
			return t.claim
		}
	}
	switch field {
	case account.FieldPhoneVerified:
		return "phone_number_verified"
	case account.FieldFormatted, account.FieldStreet, account.FieldLocality, account.FieldRegion, account.FieldPostalCode, account.FieldCountry:
		return "address." + field
	}
	return field
}

// change reads the claims. Errors: *Fault.
func (c Claims) change() (p account.Profile, v account.Vouched, err error) {
	f := &Fault{Code: "invalid", Message: "some claims are not valid", Fields: map[string]string{}}
	for claim, raw := range c {
		if problem := readClaim(claim, raw, &p, &v); problem != "" {
			f.Fields[claim] = problem
		}
	}
	if len(f.Fields) > 0 {
		return p, v, f
	}
	return p, v, nil
}

// readClaim says what is wrong with the claim, "" for nothing.
func readClaim(claim string, raw json.RawMessage, p *account.Profile, v *account.Vouched) string {
	for _, t := range claimTexts {
		if t.claim != claim {
			continue
		}
		text := new(string)
		if json.Unmarshal(raw, text) != nil { // null leaves "", which clears
			return "is neither a text nor null"
		}
		*t.in(p) = text
		return ""
	}
	switch claim {
	case "address":
		var in *Address
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if d.Decode(&in) != nil {
			return "is neither null nor an object of formatted, street_address, locality, region, postal_code and country, each a text"
		}
		to := (*storage.Address)(in)
		p.Address = &to
		return ""
	case "email_verified", "phone_number_verified":
		var yes *bool
		if json.Unmarshal(raw, &yes) != nil || yes == nil {
			return "is neither true nor false"
		}
		if claim == "email_verified" {
			v.EmailVerified = yes
		} else {
			v.PhoneVerified = yes
		}
		return ""
	}
	return "is no claim that can be set here"
}

// claimsOf shows what an account holds, in the form that [Claims] reads.
func claimsOf(a storage.Account) map[string]any {
	out := map[string]any{}
	for _, t := range claimTexts {
		if v := *t.of(&a); v != "" {
			out[t.claim] = v
		}
	}
	if a.Phone != "" {
		out["phone_number_verified"] = a.PhoneVerified
	}
	if a.Address != nil {
		out["address"] = Address(*a.Address)
	}
	return out
}

// claimFault puts a refusal of claims into their names.
func claimFault(err error) error {
	refusal, ok := errors.AsType[*account.Refusal](err)
	if !ok || refusal.Kind != account.Invalid {
		return err
	}
	f := &Fault{Code: "invalid", Message: "some claims are not valid", Fields: map[string]string{}}
	for field, problem := range refusal.Fields {
		f.Fields[claimOf(field)] = string(problem)
	}
	return f
}

func (a api) changeUser(r *http.Request) (any, error) {
	var in UserChange
	if err := read(r, &in); err != nil {
		return nil, err
	}
	found, err := a.user(r)
	if err != nil {
		return nil, err
	}
	return a.setClaims(r, found, in.Claims)
}

func (a api) setClaims(r *http.Request, found storage.Account, claims Claims) (any, error) {
	change, vouched, err := claims.change()
	if err != nil {
		return nil, err
	}
	changed, err := a.SetClaims(r.Context(), found.ID, change, vouched, caller())
	if err != nil {
		return nil, claimFault(err)
	}
	return userOf(changed), nil
}
