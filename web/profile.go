package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"latchkey/provider/account"
	"latchkey/storage"
)

// profilePage is where people say who they are.
const profilePage = "/account/profile"

// profileView is that page.
type profileView struct {
	*frame
	A                                           storage.Account
	FullName, FirstName, LastName, Phone, Years field
	Skills                                      field
	Locales                                     []choice
	More                                        more
	PictureURL, ResumeSize, ResumeName          string
	// SeenProfile and SeenEmail are for what is no field.
	SeenProfile, SeenEmail string
	// ResumeMax and PictureMax are the largest uploads, in words.
	ResumeMax, PictureMax string
	// ResumeError and PictureError are what is wrong with an upload.
	ResumeError, PictureError string
}

func (f *frame) nameField(name, auto, value string, maxRunes int) field {
	return f.put(field{Name: name, Label: f.T("field." + name), Value: value, Autocomplete: auto, Capitalize: "words", Raw: true, Enter: "next",
		Optional: true, Max: maxRunes, Live: true})
}

func (s *Site) profile(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, profilePage)
	if !ok {
		return err
	}
	return s.drawProfile(w, r, http.StatusOK, f, a, typedOf(a))
}

// typed is what stands in the forms, by the names of fields: from the account, or as the person typed it.
type typed map[string]string

// aboutFields are those of the first form.
var aboutFields = []string{account.FieldFullName, account.FieldFirstName, account.FieldLastName, account.FieldPhone, account.FieldExperience, account.FieldSkills, account.FieldLocale}

func typedOf(a storage.Account) typed {
	t := typed{account.FieldFullName: a.FullName, account.FieldFirstName: a.FirstName, account.FieldLastName: a.LastName, account.FieldPhone: a.Phone,
		account.FieldSkills: strings.Join(a.Skills, "\n"), account.FieldLocale: a.Locale}
	if a.ExperienceYears != nil {
		t[account.FieldExperience] = strconv.Itoa(*a.ExperienceYears)
	}
	t.more(a)
	return t
}

// in puts what was typed into the fields of one form over what the account has.
func (t typed) in(v url.Values, fields []string) typed {
	for _, name := range fields {
		t[name] = strings.TrimSpace(v.Get(name))
	}
	return t
}

// text is what stands in a field, for a change.
func (t typed) text(name string) *string { v := t[name]; return &v }

func (s *Site) drawProfile(w http.ResponseWriter, r *http.Request, status int, f *frame, a storage.Account, t typed) error {
	return s.draw(w, r, status, "portal", "profile", s.profileView(f, a, t))
}

func (s *Site) profileView(f *frame, a storage.Account, t typed) *profileView {
	f.Title = f.T("profile.title")
	f.Back = profilePage
	v := &profileView{frame: f, A: a, ResumeMax: f.largest(account.FieldResume), PictureMax: f.largest(account.FieldPicture),
		FullName:  f.nameField(account.FieldFullName, "name", t[account.FieldFullName], 100),
		FirstName: f.nameField(account.FieldFirstName, "given-name", t[account.FieldFirstName], 50),
		LastName:  f.nameField(account.FieldLastName, "family-name", t[account.FieldLastName], 50),
		Phone: f.put(field{Name: account.FieldPhone, Type: "tel", InputMode: "tel", Label: f.T("field.phone"), Hint: f.T("phone.hint"), Value: t[account.FieldPhone],
			Autocomplete: "tel", Dir: "ltr", Optional: true, Max: 32, Pattern: `\+[0-9 .\(\)\-]{7,30}`, Live: true, Malformed: f.T("phone.malformed")}),
		Years: f.put(field{Name: account.FieldExperience, InputMode: "numeric", Label: f.T("field.experience_years"), Hint: f.T("experience_years.hint"), Value: t[account.FieldExperience], Autocomplete: "off",
			Optional: true, Max: 2, Pattern: "[0-9]|[1-7][0-9]|80", Live: true, Malformed: f.T("experience_years.malformed")}),
		Skills: f.put(field{Name: account.FieldSkills, Label: f.T("field.skills"), Hint: f.T("skills.hint"), Value: t[account.FieldSkills], Autocomplete: "off", Optional: true, Rows: 4}),
		More:   f.more(t),
	}
	for _, e := range f.Errors {
		switch e.Field {
		case account.FieldResume:
			v.ResumeError = e.Text
		case account.FieldPicture:
			v.PictureError = e.Text
		}
	}
	for _, d := range []*field{&v.FullName, &v.FirstName, &v.LastName} {
		d.Seen = f.T("seen.profile")
	}
	v.Phone.Seen, v.Years.Seen, v.Skills.Seen = f.T("seen.phone"), f.T("seen.none"), f.T("seen.none")
	v.SeenProfile, v.SeenEmail = f.T("seen.profile"), f.T("seen.email")
	v.Locales = append(v.Locales, choice{"", f.T("locale.auto"), t[account.FieldLocale] == ""})
	for _, l := range f.Langs {
		v.Locales = append(v.Locales, choice{l.Value, l.Label, l.Value == t[account.FieldLocale]})
	}
	if a.Picture != nil {
		v.PictureURL = s.path("/media/" + url.PathEscape(a.Picture.ID))
	}
	if a.Resume != nil {
		v.ResumeName, v.ResumeSize = a.Resume.Filename, f.size(a.Resume.Size)
	}
	return v
}

func (s *Site) profilePost(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, profilePage)
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	t := typedOf(a).in(form, aboutFields)
	years, skills := (*int)(nil), splitSkills(t[account.FieldSkills])
	if typed := t[account.FieldExperience]; typed != "" {
		n, err := strconv.Atoi(typed)
		if err != nil {
			f.Errors = []fieldError{{fieldID(account.FieldExperience), f.T("experience_years.malformed")}}
			return s.drawProfile(w, r, http.StatusUnprocessableEntity, f, a, t)
		}
		years = &n
	}
	change := account.Profile{FullName: t.text(account.FieldFullName), FirstName: t.text(account.FieldFirstName), LastName: t.text(account.FieldLastName),
		Phone: t.text(account.FieldPhone), ExperienceYears: &years, Skills: &skills, Locale: t.text(account.FieldLocale)}
	return s.changeProfile(w, r, f, a, t, change)
}

// changeProfile makes the change that one of the forms asks for, or shows the page again with what was typed.
func (s *Site) changeProfile(w http.ResponseWriter, r *http.Request, f *frame, a storage.Account, t typed, change account.Profile) error {
	if _, err := s.Account.UpdateProfile(r.Context(), a.ID, change, s.caller(r, f.Lang)); err != nil {
		status, ok := f.refuse(w, r, err, nil)
		if !ok {
			return s.orGone(w, r, err)
		}
		return s.drawProfile(w, r, status, f, a, t)
	}
	s.see(w, r, profilePage+"?notice=saved")
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
	f, a, _, ok, err := s.portal(w, r, profilePage)
	if !ok {
		return err
	}
	if a.Email == "" || a.EmailVerified {
		s.see(w, r, profilePage)
		return nil
	}
	if err := s.Account.ResendVerification(r.Context(), a.Email, s.caller(r, f.Lang), ""); err != nil {
		status, ok := f.refuse(w, r, err, nil)
		if !ok {
			return s.orGone(w, r, err)
		}
		return s.drawProfile(w, r, status, f, a, typedOf(a))
	}
	s.see(w, r, profilePage+"?notice=verification_sent")
	return nil
}
