package web

import (
	"net/http"

	"latchkey/provider/account"
)

func (s *Site) recovery(w http.ResponseWriter, r *http.Request) error {
	in, ok, err := s.stepAt(w, r, r.URL.Query(), account.NeedSecond)
	if !ok {
		return err
	}
	return s.drawRecovery(w, r, http.StatusOK, s.stepFrame(r, in, "recovery.title"))
}

func (s *Site) drawRecovery(w http.ResponseWriter, r *http.Request, status int, v *stepView) error {
	v.Code = v.recoveryField()
	return s.draw(w, r, status, "bow", "recovery", v)
}

func (f *frame) recoveryField() field {
	return f.put(field{Name: "code", Label: f.T("field.recovery"), Hint: f.T("recovery.hint"), Autocomplete: "off", Capitalize: "characters", Raw: true, Dir: "ltr", Enter: "go",
		Required: true, Max: 32, Autofocus: true, Live: true, Missing: f.T("recovery.missing")})
}

// codesLow is how many recovery codes are so few that their owner is told.
const codesLow = 2

func (s *Site) recoveryPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	in, ok, err := s.stepAt(w, r, form, account.NeedSecond)
	if !ok {
		return err
	}
	v := s.stepFrame(r, in, "recovery.title")
	if form.Get("code") == "" {
		v.Errors = []fieldError{{"code", v.T("recovery.missing")}}
		return s.drawRecovery(w, r, http.StatusUnprocessableEntity, v)
	}
	got, err := s.Second.ProveSecond(r.Context(), in.ticket, account.Proof{Code: form.Get("code"), Method: account.MethodRecovery, Caller: s.caller(r, v.Lang)})
	if done, status, err := s.proved(w, r, v.frame, in, err, "recovery.wrong"); done || err != nil {
		return err
	} else if status != 0 {
		return s.drawRecovery(w, r, status, v)
	}
	left, err := s.RecoveryCodes.TwoStep(r.Context(), got.Account)
	if err != nil {
		return err
	}
	if left.Codes <= codesLow {
		s.remember(w, r, got)
		s.see(w, r, with(with(twoStepPage, "flow", in.fl.Sealed), "return", in.ret))
		return nil
	}
	s.welcome(w, r, got, in.fl.Sealed, in.ret)
	return nil
}
