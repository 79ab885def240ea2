package web

import (
	"net/http"
	"strings"

	"latchkey/provider/account"
	"latchkey/provider/serve"
)

// firstView makes the first account of an issuer.
type firstView struct {
	*frame
	Code, Email, FullName, Secret field
}

// setupOpen answers 404 where there is nothing to set up.
func (s *Site) setupOpen(w http.ResponseWriter, r *http.Request) (bool, error) {
	open, err := s.Life.SetupOpen(r.Context())
	if err == nil && !open {
		s.fail(w, r, serve.Problem{Status: http.StatusNotFound, Kind: "not_found"})
	}
	return open, err
}

func (s *Site) setup(w http.ResponseWriter, r *http.Request) error {
	if ok, err := s.setupOpen(w, r); !ok {
		return err
	}
	return s.drawSetup(w, r, http.StatusOK, s.begin(r, "", ""), account.FirstAccount{})
}

func (s *Site) drawSetup(w http.ResponseWriter, r *http.Request, status int, f *frame, in account.FirstAccount) error {
	return s.draw(w, r, status, "bow", "setup", f.firstView(in))
}

func (f *frame) firstView(in account.FirstAccount) *firstView {
	f.Title = f.T("first.title", "brand", f.Brand)
	return &firstView{frame: f, Email: f.emailField(in.Email, "email", ""), FullName: f.fullNameField(in.FullName), Secret: f.newPasswordField(f.T("field.newpassword")),
		Code: f.put(field{Name: account.FieldSetup, Label: f.T("first.code"), Hint: f.T("first.hint"), Value: in.Code, Autocomplete: "off", Capitalize: "characters", Raw: true,
			Dir: "ltr", Enter: "next", Required: true, Max: 40, Missing: f.T("first.missing")})}
}

func (s *Site) setupPost(w http.ResponseWriter, r *http.Request) error {
	if ok, err := s.setupOpen(w, r); !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f := s.begin(r, "", "")
	in := account.FirstAccount{Code: strings.TrimSpace(form.Get("code")), Email: strings.TrimSpace(form.Get("email")), FullName: strings.TrimSpace(form.Get("full_name")),
		Password: form.Get("password"), Caller: s.caller(r, f.Lang)}
	if _, err := s.Life.SetUp(r.Context(), in); err != nil {
		if isGone(err) {
			s.fail(w, r, serve.Problem{Status: http.StatusNotFound, Kind: "not_found"})
			return nil
		}
		status, ok := f.refuse(w, r, err, map[account.Kind]fieldError{account.SetupTaken: {"", f.T("first.taken")}})
		if !ok {
			return err
		}
		return s.drawSetup(w, r, status, f, in)
	}
	s.see(w, r, "/login?notice=setup")
	return nil
}
