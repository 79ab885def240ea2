package web

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// The pages of two-step sign-in in the account.
const (
	twoStepPage = "/account/two-step"
	codesPage   = "/account/two-step/codes"
	appPage     = "/account/two-step/app"
	offPage     = "/account/two-step/off"
)

// keptAge is how long new recovery codes wait in a browser to be written down.
const keptAge = 30 * time.Minute

// twoStepView is how the account stands.
type twoStepView struct {
	*frame
	account.TwoStep
	// Low: few recovery codes are left. Kept: new ones wait to be written down.
	Low, Kept bool
	// Onward is where a sign-in that led here goes on, "" for nowhere.
	Onward string
	// Asked: off is asked about.
	Asked bool
}

func (s *Site) twoStep(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, twoStepPage)
	if !ok {
		return err
	}
	v := &twoStepView{frame: f}
	if fl, ret := r.URL.Query().Get("flow"), accountReturn(r.URL.Query().Get("return")); fl != "" {
		v.Onward, f.Back = s.Flows.Resume(fl), with(f.Back, "flow", fl)
	} else if ret != "" {
		v.Onward, f.Back = s.path(ret), with(f.Back, "return", ret)
	}
	return s.drawTwoStep(w, r, http.StatusOK, v, a)
}

func (s *Site) drawTwoStep(w http.ResponseWriter, r *http.Request, status int, v *twoStepView, a storage.Account) (err error) {
	v.Title = v.T("twostep.title")
	if v.TwoStep, err = s.RecoveryCodes.TwoStep(r.Context(), a); err != nil {
		return s.orGone(w, r, err)
	}
	v.Low = v.On() && v.Codes <= codesLow
	_, err = s.RecoveryCodes.KeptCodes(a, s.cookie(r, "kept"))
	v.Kept = err == nil
	return s.draw(w, r, status, "portal", "twostep", v)
}

// appView is an app that is being set up, in the account.
type appView struct {
	*frame
	Setup setupView
}

func (s *Site) app(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, twoStepPage)
	if !ok || !s.recent(w, r, a, sess, appPage) {
		return err
	}
	setup, err := s.Authenticators.BeginTOTP(a)
	if account.IsKind(err, account.NoMethod) {
		s.see(w, r, twoStepPage)
		return nil
	}
	if err != nil {
		return err
	}
	return s.drawApp(w, r, http.StatusOK, f, setup)
}

func (s *Site) drawApp(w http.ResponseWriter, r *http.Request, status int, f *frame, setup account.TOTPSetup) (err error) {
	v := &appView{frame: f}
	f.Title = f.T("setup.title")
	if v.Setup, err = f.setupView(setup); err != nil {
		return err
	}
	return s.draw(w, r, status, "portal", "app", v)
}

func (s *Site) appPost(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, twoStepPage)
	if !ok || !s.recent(w, r, a, sess, appPage) {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f.Back = appPage
	setup, err := s.Authenticators.ResumeTOTP(a, form.Get("setup"))
	if account.IsKind(err, account.StepGone) { // it took too long: another key
		s.see(w, r, appPage)
		return nil
	}
	if err != nil {
		return err
	}
	kept, err := s.Authenticators.ConfirmTOTP(r.Context(), a, sess, setup.Ticket, form.Get("code"), s.caller(r, f.Lang))
	if account.IsKind(err, account.FactorExists) || account.IsKind(err, account.StepGone) {
		s.see(w, r, twoStepPage)
		return nil
	}
	if err != nil {
		status, ok := f.refuse(w, r, err, map[account.Kind]fieldError{account.WrongCode: {"code", f.T("otp.wrong")}})
		if !ok {
			return s.orGone(w, r, err)
		}
		return s.drawApp(w, r, status, f, setup)
	}
	s.setCookie(w, "kept", kept, twoStepPage, keptAge)
	s.see(w, r, codesPage)
	return nil
}

// codesView shows recovery codes that were just made.
type codesView struct {
	*frame
	Codes        []string
	Flow, Return string
}

func (s *Site) codes(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, twoStepPage)
	if !ok {
		return err
	}
	q := r.URL.Query()
	v := &codesView{frame: f, Flow: q.Get("flow"), Return: accountReturn(q.Get("return"))}
	if v.Codes, err = s.RecoveryCodes.KeptCodes(a, s.cookie(r, "kept")); err != nil { // they were seen, or nobody made any
		s.goOnTo(w, r, v.Flow, v.Return, twoStepPage)
		return nil
	}
	f.Title, f.Back = f.T("codes.title"), with(with(f.Back, "flow", v.Flow), "return", v.Return)
	return s.draw(w, r, http.StatusOK, "portal", "codes", v)
}

// goOnTo is goOn with another page than the account's first.
func (s *Site) goOnTo(w http.ResponseWriter, r *http.Request, flow, ret, otherwise string) {
	if flow == "" && ret == "" {
		ret = otherwise
	}
	s.goOn(w, r, flow, ret)
}

// codesSaved is "I saved them": the browser forgets them.
func (s *Site) codesSaved(w http.ResponseWriter, r *http.Request) error {
	_, _, _, ok, err := s.portal(w, r, twoStepPage)
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	s.setCookie(w, "kept", "", twoStepPage, -1)
	s.goOnTo(w, r, form.Get("flow"), accountReturn(form.Get("return")), twoStepPage+"?notice=codes_saved")
	return nil
}

// codesFile is the same as a file.
func (s *Site) codesFile(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, twoStepPage)
	if !ok {
		return err
	}
	list, err := s.RecoveryCodes.KeptCodes(a, s.cookie(r, "kept"))
	if err != nil {
		s.see(w, r, twoStepPage)
		return nil
	}
	text := f.T("codes.file", "brand", f.Brand, "login", login(a)) + "\r\n\r\n" + strings.Join(list, "\r\n") + "\r\n"
	setHeaders(w.Header(), policy{secure: s.secure})
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="recovery-codes.txt"`)
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = fmt.Fprint(w, text) //nolint:gosec // plain text, an attachment with nosniff; nobody is left to tell if it fails
	}
	return nil
}

func (s *Site) codesNew(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, twoStepPage)
	if !ok || !s.recent(w, r, a, sess, twoStepPage) {
		return err
	}
	kept, err := s.RecoveryCodes.RenewRecoveryCodes(r.Context(), a, s.caller(r, f.Lang))
	if account.IsKind(err, account.NoMethod) {
		s.see(w, r, twoStepPage)
		return nil
	}
	if err != nil {
		return s.orGone(w, r, err)
	}
	s.setCookie(w, "kept", kept, twoStepPage, keptAge)
	s.see(w, r, codesPage)
	return nil
}

// twoStepOff asks whether two-step sign-in is to end.
func (s *Site) twoStepOff(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, twoStepPage)
	if !ok || !s.recent(w, r, a, sess, offPage) {
		return err
	}
	if a.TOTP == nil {
		s.see(w, r, twoStepPage)
		return nil
	}
	return s.drawTwoStep(w, r, http.StatusOK, &twoStepView{frame: f, Asked: true}, a)
}

func (s *Site) twoStepOffPost(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, twoStepPage)
	if !ok || !s.recent(w, r, a, sess, offPage) {
		return err
	}
	err = s.Authenticators.RemoveTOTP(r.Context(), a, s.caller(r, f.Lang))
	if account.IsKind(err, account.FactorRequired) {
		f.Back, f.Errors = twoStepPage, []fieldError{{"", f.T("twostep.required")}}
		return s.drawTwoStep(w, r, http.StatusUnprocessableEntity, &twoStepView{frame: f}, a)
	}
	if err != nil {
		return s.orGone(w, r, err)
	}
	s.see(w, r, twoStepPage+"?notice=twostep_off")
	return nil
}

// Link opens an app on this device with the key.
func (v *appView) Link() template.URL { return template.URL(v.Setup.URI) } // #nosec G203 -- otpauth:, made by us, every part escaped
