package account

import (
	"net/url"
	"strings"
	"time"

	"latchkey/provider/zones"
	"latchkey/storage"
)

// The bounds of the standard claims, in characters; addresses of pages in bytes.
const (
	maxClaim     = 100
	maxGender    = 50
	maxPage      = 512
	maxStreet    = 200
	maxFormatted = 500
	maxLines     = 10
)

// applyClaims checks and sets the standard claims that sign-up does not ask for (OpenID Connect Core §5.1).
func (c Profile) applyClaims(e *edit) {
	e.text(FieldMiddleName, c.MiddleName, &e.a.MiddleName, line(maxClaim))
	e.text(FieldNickname, c.Nickname, &e.a.Nickname, line(maxClaim))
	e.text(FieldProfileURL, c.ProfileURL, &e.a.ProfileURL, clearable(page))
	e.text(FieldWebsite, c.Website, &e.a.Website, clearable(page))
	e.text(FieldGender, c.Gender, &e.a.Gender, line(maxGender))
	e.text(FieldBirthdate, c.Birthdate, &e.a.Birthdate, clearable(birthdate))
	e.text(FieldZoneinfo, c.Zoneinfo, &e.a.Zoneinfo, clearable(zoneinfo))
	if c.Address != nil {
		e.changed = true
		e.address(*c.Address)
	}
}

// address sets the whole address (OpenID Connect Core §5.1.1); one without any part is none.
func (e *edit) address(in *storage.Address) {
	if in == nil {
		e.a.Address = nil
		return
	}
	out := *in
	e.text(FieldFormatted, &in.Formatted, &out.Formatted, lines(maxFormatted))
	e.text(FieldStreet, &in.StreetAddress, &out.StreetAddress, lines(maxStreet))
	e.text(FieldLocality, &in.Locality, &out.Locality, line(maxClaim))
	e.text(FieldRegion, &in.Region, &out.Region, line(maxClaim))
	e.text(FieldPostalCode, &in.PostalCode, &out.PostalCode, line(maxClaim))
	e.text(FieldCountry, &in.Country, &out.Country, line(maxClaim))
	e.a.Address = nil
	if out != (storage.Address{}) {
		e.a.Address = &out
	}
}

// line is one line of text, at most so many characters long, or none.
func line(most int) func(string) (string, Problem) {
	return func(v string) (string, Problem) { return personName(v, 0, most) }
}

// lines is text of several lines, which end in a line feed each (OpenID Connect Core §5.1.1). Empty ones are left out.
func lines(most int) func(string) (string, Problem) {
	return func(v string) (string, Problem) {
		var out []string
		for one := range strings.SplitSeq(strings.ReplaceAll(v, "\r\n", "\n"), "\n") {
			one, p := personName(one, 0, most)
			if p != "" {
				return "", p
			}
			if one != "" {
				out = append(out, one)
			}
		}
		whole := strings.Join(out, "\n")
		if len(out) > maxLines || len([]rune(whole)) > most {
			return "", TooLong
		}
		return whole, ""
	}
}

// page is the address of a web page: absolute, http or https, without user and password.
func page(v string) (string, Problem) {
	v = strings.TrimSpace(v)
	if len(v) > maxPage {
		return "", TooLong
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || hidden(r) }) {
		return "", Malformed
	}
	return v, ""
}

var birthForm = shape(`^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$`)

// birthdate is YYYY-MM-DD, 0000-MM-DD where the year is not told, or YYYY alone (OpenID Connect Core §5.1).
func birthdate(v string) (string, Problem) {
	v = strings.TrimSpace(v)
	if !birthForm().MatchString(v) || v == "0000" {
		return "", Malformed
	}
	if len(v) == 4 {
		return v, ""
	}
	if _, err := time.Parse(time.DateOnly, v); err != nil { // a day that there is; the year 0 is a leap year
		return "", Malformed
	}
	return v, ""
}

var zoneForm = shape(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$`)

// zoneinfo is a name of the time zone database, such as Europe/Paris (OpenID Connect Core §5.1).
func zoneinfo(v string) (string, Problem) {
	v = strings.TrimSpace(v)
	first, _, _ := strings.Cut(v, "/")
	if len(v) > maxClaim || !zoneForm().MatchString(v) || first == "Local" || first == "posix" || first == "right" { // folders of some machines, and no zones
		return "", Malformed
	}
	if _, err := zones.Load(v); err != nil {
		return "", Malformed
	}
	return v, ""
}
