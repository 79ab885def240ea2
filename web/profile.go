package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"latchkey/provider/account"
	"latchkey/storage"
)

// profileView is the account's first page: who one is here.
type profileView struct {
	*frame
	A                                           storage.Account
	FullName, FirstName, LastName, Phone, Years field
	Skills                                      field
	Locales                                     []choice
	PictureURL, ResumeSize, ResumeName          string
	// ResumeMax and PictureMax are the largest uploads, in words.
	ResumeMax, PictureMax string
}

func (f *frame) nameField(name, auto, value string, maxRunes int) field {
	return f.put(field{Name: name, Label: f.T("field." + name), Value: value, Autocomplete: auto, Capitalize: "words", Raw: true, Enter: "next",
		Optional: true, Max: maxRunes, Live: true})
}

func (s *Site) profile(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, "/account")
	if !ok {
		return err
	}
	return s.drawProfile(w, r, http.StatusOK, f, a, typedOf(a))
}

// typed is what stands in the form: from the account, or as the person typed it.
type typed struct{ fullName, firstName, lastName, phone, years, skills, locale string }

func typedOf(a storage.Account) typed {
	t := typed{a.FullName, a.FirstName, a.LastName, a.Phone, "", strings.Join(a.Skills, "\n"), a.Locale}
	if a.ExperienceYears != nil {
		t.years = strconv.Itoa(*a.ExperienceYears)
	}
	return t
}

func typedIn(v url.Values) typed {
	g := func(k string) string { return strings.TrimSpace(v.Get(k)) }
	return typed{g("full_name"), g("first_name"), g("last_name"), g("phone"), g("experience_years"), v.Get("skills"), g("locale")}
}

func (s *Site) drawProfile(w http.ResponseWriter, r *http.Request, status int, f *frame, a storage.Account, t typed) error {
	f.Title = f.T("profile.title")
	f.Back = "/account"
	v := &profileView{frame: f, A: a, ResumeMax: f.largest(account.FieldResume), PictureMax: f.largest(account.FieldPicture),
		FullName:  f.nameField(account.FieldFullName, "name", t.fullName, 100),
		FirstName: f.nameField(account.FieldFirstName, "given-name", t.firstName, 50),
		LastName:  f.nameField(account.FieldLastName, "family-name", t.lastName, 50),
		Phone: f.put(field{Name: account.FieldPhone, Type: "tel", InputMode: "tel", Label: f.T("field.phone"), Hint: f.T("phone.hint"), Value: t.phone,
			Autocomplete: "tel", Dir: "ltr", Optional: true, Max: 32, Pattern: `\+[0-9 .\(\)\-]{7,30}`, Live: true, Malformed: f.T("phone.malformed")}),
		Years: f.put(field{Name: account.FieldExperience, InputMode: "numeric", Label: f.T("field.experience_years"), Hint: f.T("experience_years.hint"), Value: t.years, Autocomplete: "off",
			Optional: true, Max: 2, Pattern: "[0-9]|[1-7][0-9]|80", Live: true, Malformed: f.T("experience_years.malformed")}),
		Skills: f.put(field{Name: account.FieldSkills, Label: f.T("field.skills"), Hint: f.T("skills.hint"), Value: t.skills, Autocomplete: "off", Optional: true, Rows: 4}),
	}
	v.Locales = append(v.Locales, choice{"", f.T("locale.auto"), t.locale == ""})
	for _, l := range f.Langs {
		v.Locales = append(v.Locales, choice{l.Value, l.Label, l.Value == t.locale})
	}
	if a.Picture != nil {
		v.PictureURL = s.path("/media/" + url.PathEscape(a.Picture.ID))
	}
	if a.Resume != nil {
		v.ResumeName, v.ResumeSize = a.Resume.Filename, f.size(a.Resume.Size)
	}
	return s.draw(w, r, status, "portal", "profile", v)
}

// size says how large a file is.
func (f *frame) size(n int64) string {
	if n < 1<<20 {
		return f.T("size.kb", "n", int((n+1023)/1024))
	}
	return f.T("size.mb", "n", int((n+1<<20-1)>>20))
}

func (s *Site) profilePost(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, "/account")
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	t := typedIn(form)
	years, skills := (*int)(nil), splitSkills(t.skills)
	if t.years != "" {
		n, err := strconv.Atoi(t.years)
		if err != nil {
			f.Errors = []fieldError{{fieldID(account.FieldExperience), f.T("experience_years.malformed")}}
			return s.drawProfile(w, r, http.StatusUnprocessableEntity, f, a, t)
		}
		years = &n
	}
	change := account.Profile{FullName: &t.fullName, FirstName: &t.firstName, LastName: &t.lastName, Phone: &t.phone,
		ExperienceYears: &years, Skills: &skills, Locale: &t.locale}
	if _, err := s.Account.UpdateProfile(r.Context(), a.ID, change, s.caller(r, f.Lang)); err != nil {
		status, ok := f.refuse(w, r, err, nil)
		if !ok {
			return s.orGone(w, r, err)
		}
		return s.drawProfile(w, r, status, f, a, t)
	}
	s.see(w, r, "/account?notice=saved")
	return nil
}

// splitSkills reads one skill a line, or several with commas.
func splitSkills(text string) []string {
	skills := []string{}
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' }) {
		if part = strings.TrimSpace(part); part != "" {
			skills = append(skills, part)
		}
	}
	return skills
}

// resendOwn sends the verification mail of the person who is signed in.
func (s *Site) resendOwn(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, "/account")
	if !ok {
		return err
	}
	if a.Email == "" || a.EmailVerified {
		s.see(w, r, "/account")
		return nil
	}
	if err := s.Account.ResendVerification(r.Context(), a.Email, s.caller(r, f.Lang), ""); err != nil {
		status, ok := f.refuse(w, r, err, nil)
		if !ok {
			return s.orGone(w, r, err)
		}
		return s.drawProfile(w, r, status, f, a, typedOf(a))
	}
	s.see(w, r, "/account?notice=verification_sent")
	return nil
}
