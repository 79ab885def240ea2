package web

import (
	"net/http"

	"latchkey/provider/account"
	"latchkey/storage"
)

// termsView asks to accept the terms in force. Version travels through the form: what was not shown is not accepted.
type termsView struct {
	*frame
	Flow, Return, Version string
}

// termsStep is the step that this browser is at; ok is false where it is none about terms, which was answered.
func (s *Site) termsStep(w http.ResponseWriter, r *http.Request, flow, ret string) (v *termsView, ok bool, err error) {
	a, need, err := s.Life.StepAccount(r.Context(), s.cookie(r, "step"))
	if account.IsKind(err, account.StepGone) || err == nil && need != account.NeedTerms {
		s.see(w, r, with(with("/login", "flow", flow), "return", ret))
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return s.termsView(r, a, flow, ret), true, nil
}

func (s *Site) termsView(r *http.Request, a storage.Account, flow, ret string) *termsView {
	f := s.begin(r, "", a.Locale)
	f.Back = with(with("/terms/accept", "flow", flow), "return", ret)
	f.Title, f.Person = f.T("terms.title"), called(a)
	return &termsView{frame: f, Flow: flow, Return: ret, Version: s.Life.TermsVersion()}
}

func (s *Site) terms(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	v, ok, err := s.termsStep(w, r, q.Get("flow"), accountReturn(q.Get("return")))
	if !ok {
		return err
	}
	return s.draw(w, r, http.StatusOK, "bow", "terms", v)
}

func (s *Site) termsPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	v, ok, err := s.termsStep(w, r, form.Get("flow"), accountReturn(form.Get("return")))
	if !ok {
		return err
	}
	got, err := s.Life.AcceptTerms(r.Context(), s.cookie(r, "step"), form.Get("version"), s.caller(r, v.Lang))
	switch {
	case s.step(w, r, err, v.Flow, v.Return):
		return nil
	case account.IsKind(err, account.TermsOld):
		v.Errors = []fieldError{{"", v.T("terms.changed")}}
		return s.draw(w, r, http.StatusUnprocessableEntity, "bow", "terms", v)
	case isGone(err) || account.IsKind(err, account.StepGone) || account.IsKind(err, account.WrongCredentials):
		s.see(w, r, with(with("/login", "flow", v.Flow), "return", v.Return))
		return nil
	case err != nil:
		return err
	}
	s.welcome(w, r, got, v.Flow, v.Return)
	return nil
}

// termsDecline ends the sign-in: nobody is signed in, and an application that waits is told so.
func (s *Site) termsDecline(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f := s.begin(r, "", "")
	s.setCookie(w, "step", "", "/", -1)
	sess, live, err := s.Sessions.Current(r)
	if err != nil {
		return err
	}
	if live {
		if err := s.Account.SignOut(r.Context(), sess.SID, s.caller(r, f.Lang)); err != nil && !isGone(err) {
			return err
		}
		s.Sessions.Clear(w)
	}
	if flow := form.Get("flow"); flow != "" {
		return s.Flows.Deny(w, r, flow)
	}
	s.see(w, r, "/login?notice=declined")
	return nil
}
