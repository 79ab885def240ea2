package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/provider/audit"
	"latchkey/storage"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// The bounds of the profile, in characters, pieces and years.
const (
	maxFullName   = 100
	minGivenName  = 2
	maxGivenName  = 50
	maxSkills     = 50
	maxSkill      = 50
	maxExperience = 80
)

// UpdateProfile changes what change names. Refusals: Invalid, Gone.
func (s *Service) UpdateProfile(ctx context.Context, accountID int64, change Profile, caller Caller) (storage.Account, error) {
	a, err := s.active(ctx, accountID)
	if err != nil {
		return storage.Account{}, err
	}
	var changed bool
	before := a
	a, err = s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		var refused error
		changed, refused = change.apply(a)
		if refused == nil && !changed {
			return storage.Effects{}, errUnchanged
		}
		return storage.Effects{}, refused
	})
	if errors.Is(err, errUnchanged) {
		return before, nil
	}
	if err != nil {
		return storage.Account{}, gone("update profile", err)
	}
	s.record(ctx, audit.ProfileChanged, caller, audit.Event{AccountID: accountID})
	return a, nil
}

var errUnchanged = errors.New("nothing was named")

// edit is a change of an account under way.
type edit struct {
	a       *storage.Account
	r       *Refusal
	changed bool
}

// text sets a field, where in names it, to what normal makes of it.
func (e *edit) text(field string, in, out *string, normal func(string) (string, Problem)) {
	if in == nil {
		return
	}
	e.changed = true
	v, p := normal(*in)
	if p != "" {
		e.r.add(field, p)
		return
	}
	*out = v
}

func (e *edit) refused() error {
	if len(e.r.Fields) > 0 {
		return e.r
	}
	return nil
}

// clearable takes "" too.
func clearable(f func(string) (string, Problem)) func(string) (string, Problem) {
	return func(v string) (string, Problem) {
		if v == "" {
			return "", ""
		}
		return f(v)
	}
}

// apply checks and sets. Nothing of a is to be used where it refuses.
func (c Profile) apply(a *storage.Account) (changed bool, err error) {
	e := &edit{a: a, r: &Refusal{Kind: Invalid}}
	e.text(FieldFullName, c.FullName, &a.FullName, line(maxFullName))
	e.text(FieldFirstName, c.FirstName, &a.FirstName, clearable(givenName))
	e.text(FieldLastName, c.LastName, &a.LastName, clearable(givenName))
	before := a.Phone
	e.text(FieldPhone, c.Phone, &a.Phone, clearable(func(v string) (string, Problem) {
		n, ok := normalPhone(v)
		if !ok {
			return "", Malformed
		}
		return n, ""
	}))
	if a.Phone != before {
		a.PhoneVerified = false // nobody vouched for this one
	}
	if c.ExperienceYears != nil {
		e.changed = true
		if y := *c.ExperienceYears; y != nil && (*y < 0 || *y > maxExperience) {
			e.r.add(FieldExperience, Malformed)
		}
		a.ExperienceYears = *c.ExperienceYears
	}
	if c.Skills != nil {
		e.changed = true
		var p Problem
		if a.Skills, p = normalSkills(*c.Skills); p != "" {
			e.r.add(FieldSkills, p)
		}
	}
	e.text(FieldLocale, c.Locale, &a.Locale, clearable(func(v string) (string, Problem) {
		if l := normalLocale(v); l != "" {
			return l, ""
		}
		return "", Malformed
	}))
	c.applyClaims(e)
	return e.changed, e.refused()
}

// personName is one line of text in NFC without surrounding space.
func personName(v string, least, most int) (string, Problem) {
	if len(v) > 4*1024 || !utf8.ValidString(v) {
		return "", TooLong
	}
	v = strings.TrimSpace(norm.NFC.String(v))
	n := utf8.RuneCountInString(v)
	switch {
	case strings.ContainsFunc(v, hidden):
		return "", Malformed
	case n > most:
		return "", TooLong
	case v == "" && least > 0:
		return "", Missing
	case n < least:
		return "", TooShort
	}
	return v, ""
}

// hidden finds characters that make text look like other text, or break lines: controls, bidirectional overrides, line separators.
func hidden(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029 || r == 0xFEFF
}

// givenName is 2 to 50 letters of any script (with their marks), spaces, periods, hyphens and apostrophes, a letter among them.
func givenName(v string) (string, Problem) {
	v, p := personName(v, minGivenName, maxGivenName)
	if p != "" {
		return "", p
	}
	letters := 0
	for _, r := range v {
		switch {
		case unicode.IsLetter(r):
			letters++
		case unicode.IsMark(r), strings.ContainsRune(" .-'’", r):
		default:
			return "", Malformed
		}
	}
	if letters == 0 {
		return "", Malformed
	}
	return v, ""
}

// normalSkills keeps order and drops duplicates.
func normalSkills(in []string) ([]string, Problem) {
	var out []string
	for _, skill := range in {
		skill, p := personName(skill, 1, maxSkill)
		if p != "" {
			return nil, p
		}
		if !slices.Contains(out, skill) {
			out = append(out, skill)
		}
		if len(out) > maxSkills {
			return nil, TooMany
		}
	}
	return out, ""
}

// normalLocale is a BCP 47 tag in its usual spelling, or "" where v is none.
func normalLocale(v string) string {
	if v == "" || len(v) > 35 {
		return ""
	}
	tag, err := language.Parse(v)
	if err != nil {
		return ""
	}
	return tag.String()
}
