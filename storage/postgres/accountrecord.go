package postgres

import (
	"cmp"
	"encoding/json"
	"fmt"

	"latchkey/storage"
)

func accountColumns(a *storage.Account) (c columns) {
	c.int("id", &a.ID)
	c.text("sub", &a.Sub)
	c.text("username", &a.Username)
	c.key("username_key", &a.UsernameKey)
	c.text("email", &a.Email)
	c.key("email_key", &a.EmailKey)
	c.bool("email_verified", &a.EmailVerified)
	c.text("full_name", &a.FullName)
	c.text("first_name", &a.FirstName)
	c.text("last_name", &a.LastName)
	c.text("middle_name", &a.MiddleName)
	c.text("nickname", &a.Nickname)
	c.text("phone", &a.Phone)
	c.bool("phone_verified", &a.PhoneVerified)
	c.text("profile_url", &a.ProfileURL)
	c.text("website", &a.Website)
	c.text("gender", &a.Gender)
	c.text("birthdate", &a.Birthdate)
	c.text("zoneinfo", &a.Zoneinfo)
	c.text("locale", &a.Locale)
	addressColumn(&c, &a.Address)
	c.maybe("experience_years", &a.ExperienceYears)
	c.texts("skills", &a.Skills)
	c.text("password_hash", &a.PasswordHash)
	c.texts("password_history", &a.PasswordHistory)
	c.moment("password_set_at", &a.PasswordSetAt)
	totpColumns(&c, &a.TOTP)
	c.text("terms_version", &a.TermsVersion)
	c.moment("terms_at", &a.TermsAt)
	c.moment("delete_at", &a.DeleteAt)
	c.texts("groups", &a.Groups)
	c.bool("disabled", &a.Disabled)
	c.time("created_at", &a.CreatedAt)
	c.time("updated_at", &a.UpdatedAt)
	c.int("version", &a.Version)
	return c
}

func totpColumns(c *columns, p **storage.TOTP) {
	totp := cmp.Or(*p, &storage.TOTP{})
	sealed := totp.Sealed
	if *p != nil && sealed == nil {
		sealed = []byte{} // NULL: there is none
	}
	c.bytes("totp_sealed", &sealed)
	c.moment("totp_confirmed_at", &totp.ConfirmedAt)
	c.after(func() error {
		if *p = nil; sealed != nil {
			totp.Sealed, *p = sealed, totp
		}
		return nil
	})
}

// address is a postal address as JSON, with the names of OpenID Connect Core §5.1.1.
type address struct {
	Formatted     jsonText `json:"formatted,omitempty"`
	StreetAddress jsonText `json:"street_address,omitempty"`
	Locality      jsonText `json:"locality,omitempty"`
	Region        jsonText `json:"region,omitempty"`
	PostalCode    jsonText `json:"postal_code,omitempty"`
	Country       jsonText `json:"country,omitempty"`
}

func addressColumn(c *columns, p **storage.Address) {
	var arg any
	if a := *p; a != nil {
		arg = asJSON(address{
			jsonText(a.Formatted), jsonText(a.StreetAddress), jsonText(a.Locality), jsonText(a.Region), jsonText(a.PostalCode), jsonText(a.Country),
		})
	}
	var raw []byte
	c.add("address", arg, &raw)
	c.after(func() error {
		if *p = nil; raw == nil {
			return nil
		}
		var a address
		if err := json.Unmarshal(raw, &a); err != nil {
			return fmt.Errorf("%w: %w", storage.ErrCorrupt, err)
		}
		*p = &storage.Address{
			Formatted: string(a.Formatted), StreetAddress: string(a.StreetAddress), Locality: string(a.Locality),
			Region: string(a.Region), PostalCode: string(a.PostalCode), Country: string(a.Country),
		}
		return nil
	})
}

// jsonText is a string in a jsonb column, which can hold no more than text can.
type jsonText string

// MarshalText implements [encoding.TextMarshaler].
func (t jsonText) MarshalText() ([]byte, error) { return []byte(toText(string(t))), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *jsonText) UnmarshalText(b []byte) error {
	*t = jsonText(fromText(string(b)))
	return nil
}

// asJSON encodes what cannot fail to be encoded: structs and maps of text, bytes and times of this package.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// personColumns are those of an account, as a, with its files, as resume and picture.
func personColumns(a *storage.Account) (c columns) {
	c = accountColumns(a)
	for i := range c {
		c[i].name = "a." + c[i].name
	}
	describedFile(&c, "resume", &a.Resume)
	describedFile(&c, "picture", &a.Picture)
	return c
}

// people is what personColumns are read from.
const people = ` FROM accounts a
	LEFT JOIN files resume ON resume.account_id = a.id AND resume.kind = 'resume'
	LEFT JOIN files picture ON picture.account_id = a.id AND picture.kind = 'picture' `

func describedFile(c *columns, alias string, p **storage.FileInfo) {
	info := &storage.FileInfo{}
	c.key(alias+".id", &info.ID)
	c.key(alias+".filename", &info.Filename)
	c.key(alias+".content_type", &info.ContentType)
	c.account(alias+".size", &info.Size)
	c.moment(alias+".uploaded_at", &info.UploadedAt)
	c.after(func() error {
		if *p = nil; info.ID != "" {
			*p = info
		}
		return nil
	})
}
