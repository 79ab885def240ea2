package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/serve"
)

// The pages of a sign-in's second step.
const (
	otpPage      = "/login/otp"
	recoveryPage = "/login/recovery"
	enrolPage    = "/login/enrol"
)

// stepped is what every page of a step finds out first.
type stepped struct {
	fl     Flow
	ret    string
	ticket string
	about  account.StepView
}

// stepView asks for a second factor: by a code, a recovery code, or a passkey.
type stepView struct {
	*frame
	Flow      Flow
	Return    string
	LoginName string
	Code      field
	// TOTP, Recovery: there are such codes. Passkey is the block where there is one.
	TOTP, Recovery bool
	Passkey        *passkeyForm
	// Trust is how long this browser could stand in for it, in words; Trusted: the box is ticked.
	Trust   string
	Trusted bool
	// Again is the way back: to the sign-in page, or, where somebody is signed in, a refusal to prove more.
	Again   string
	Decline bool
}

// stepAt opens the browser's step. ok is false where it answered: an expired step begins again.
func (s *Site) stepAt(w http.ResponseWriter, r *http.Request, v url.Values, need account.StepNeed) (in stepped, ok bool, err error) {
	if in.fl, ok = s.flow(w, r, v); !ok {
		return in, false, nil
	}
	in.ret, in.ticket = accountReturn(v.Get("return")), s.cookie(r, "step")
	in.about, err = s.Second.PeekStep(r.Context(), in.ticket, s.caller(r, ""))
	if account.IsKind(err, account.StepGone) {
		s.stepGone(w, r, in)
		return in, false, nil
	}
	if err != nil {
		return in, false, err
	}
	if in.about.Need != need {
		s.see(w, r, with(with(stepPage(in.about.Need), "flow", in.fl.Sealed), "return", in.ret))
		return in, false, nil
	}
	serve.RecordOf(r.Context()).AccountID = in.about.Account.ID
	return in, true, nil
}

// stepGone begins the sign-in again, and says why.
func (s *Site) stepGone(w http.ResponseWriter, r *http.Request, in stepped) {
	serve.RecordOf(r.Context()).Outcome = string(account.StepGone)
	s.setCookie(w, "step", "", "/", -1)
	s.see(w, r, with(with("/login?notice=step_gone", "flow", in.fl.Sealed), "return", in.ret))
}

// has tells whether the account has a method.
func (in stepped) has(m account.Method) bool { return slices.Contains(in.about.Methods, m) }

// begun is the frame of a step's page.
func (s *Site) begun(r *http.Request, in stepped, title string) *frame {
	f := s.begin(r, in.fl.UILocales, in.about.Account.Locale)
	f.Back = with(f.Back, "return", in.ret)
	f.forFlow(in.fl)
	f.Title = f.T(title)
	return f
}

func (s *Site) stepFrame(r *http.Request, in stepped, title string) *stepView {
	v := &stepView{frame: s.begun(r, in, title), Flow: in.fl, Return: in.ret, LoginName: login(in.about.Account), TOTP: in.has(account.MethodTOTP),
		Recovery: in.has(account.MethodRecovery), Decline: in.about.Replace != "" && in.fl.StepUp}
	v.Person = called(in.about.Account)
	v.Again = with(with("/login", "flow", in.fl.Sealed), "return", in.ret)
	if in.about.Replace != "" && !v.Decline { // somebody who is signed in was asked again
		v.Again = "/account"
	}
	if in.about.Trust > 0 {
		v.Trust = v.T("otp.trust", "n", int(in.about.Trust/(24*time.Hour)))
	}
	return v
}

// otpTitle is the heading of the page that asks for a second factor: there is a code to enter where there is an app.
func (in stepped) otpTitle() string {
	if in.has(account.MethodTOTP) {
		return "otp.title"
	}
	return "otp.title.passkey"
}

func (s *Site) otp(w http.ResponseWriter, r *http.Request) error {
	in, ok, err := s.stepAt(w, r, r.URL.Query(), account.NeedSecond)
	if !ok {
		return err
	}
	return s.drawOTP(w, r, http.StatusOK, s.stepFrame(r, in, in.otpTitle()), in)
}

func (s *Site) drawOTP(w http.ResponseWriter, r *http.Request, status int, v *stepView, in stepped) error {
	v.Code = v.otpField(v.TOTP)
	if s.Passkeys != nil && in.has(account.MethodPasskey) {
		v.Passkey = v.getForm("/login/otp/passkey", with(passkeyOptions, "for", "step"), hidden{"flow", in.fl.Sealed}, hidden{"return", in.ret})
		v.Passkey.Or, v.Passkey.Primary = v.TOTP, !v.TOTP
		if v.TOTP {
			v.Passkey.Button = v.T("otp.passkey")
		}
	}
	return s.draw(w, r, status, "bow", "otp", v)
}

// otpField is one field: people paste, and password managers fill it.
func (f *frame) otpField(autofocus bool) field {
	return f.put(field{Name: "code", Label: f.T("field.otp"), Hint: f.T("otp.hint"), InputMode: "numeric", Autocomplete: "one-time-code", Pattern: "[0-9 ]{6,8}", Dir: "ltr", Enter: "go",
		Required: true, Max: 8, Digits: 6, Raw: true, Autofocus: autofocus, Live: true, Missing: f.T("otp.malformed"), Malformed: f.T("otp.malformed")})
}

func (s *Site) otpPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	in, ok, err := s.stepAt(w, r, form, account.NeedSecond)
	if !ok {
		return err
	}
	v := s.stepFrame(r, in, in.otpTitle())
	v.Trusted = form.Get("trust") == "1"
	code := strings.ReplaceAll(form.Get("code"), " ", "")
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		v.Errors = []fieldError{{"code", v.T("otp.malformed")}}
		return s.drawOTP(w, r, http.StatusUnprocessableEntity, v, in)
	}
	got, err := s.Second.ProveSecond(r.Context(), in.ticket, account.Proof{Code: code, Method: account.MethodTOTP, Trust: v.Trusted, Caller: s.caller(r, v.Lang)})
	if done, status, err := s.proved(w, r, v.frame, in, err, "otp.wrong"); done || err != nil {
		return err
	} else if status != 0 {
		return s.drawOTP(w, r, status, v, in)
	}
	s.welcome(w, r, got, in.fl.Sealed, in.ret)
	return nil
}

// proved deals with what came of a proof: done where it answered, a status where the page is to be drawn again, neither where all is well.
func (s *Site) proved(w http.ResponseWriter, r *http.Request, f *frame, in stepped, err error, wrong string) (done bool, status int, fault error) {
	switch {
	case err == nil:
		return false, 0, nil
	case s.step(w, r, err, in.fl.Sealed, in.ret):
		return true, 0, nil
	case account.IsKind(err, account.StepGone), account.IsKind(err, account.WrongCredentials), account.IsKind(err, account.Gone):
		s.stepGone(w, r, in)
		return true, 0, nil
	}
	status, ok := f.refuse(w, r, err, map[account.Kind]fieldError{account.WrongCode: {"code", f.T(wrong)}})
	if !ok {
		return false, 0, err
	}
	return false, status, nil
}

func (s *Site) otpPasskey(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	in, ok, err := s.stepAt(w, r, form, account.NeedSecond)
	if !ok {
		return err
	}
	v := s.stepFrame(r, in, in.otpTitle())
	v.Trusted = form.Get("trust") == "1"
	got, err := s.Passkeys.SignInPasskey(r.Context(), account.PasskeySignIn{PasskeyAnswer: s.passkeyAnswer(r, v.Lang), Step: in.ticket, Trust: v.Trusted})
	if s.step(w, r, err, in.fl.Sealed, in.ret) {
		return nil
	}
	if err != nil {
		status, ok := v.refusePasskey(w, r, err)
		if !ok {
			return err
		}
		return s.drawOTP(w, r, status, v, in)
	}
	s.welcome(w, r, got, in.fl.Sealed, in.ret)
	return nil
}

// declinePost is "Cancel" where more was to be proved: the application is told where it cannot do without, and gets what there is otherwise.
func (s *Site) declinePost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	fl, ok := s.flow(w, r, form)
	if !ok {
		return nil
	}
	s.setCookie(w, "step", "", "/", -1)
	if fl.Sealed == "" {
		s.see(w, r, "/login")
		return nil
	}
	_, sess, live, err := s.who(r)
	if err != nil {
		return err
	}
	sid := ""
	if live {
		sid = sess.SID
	}
	again, err := s.Flows.Decline(r, fl.Sealed, sid)
	if err != nil {
		return err
	}
	s.resume(w, r, again)
	return nil
}

// stepQuery keeps flow and return in an address.
func stepQuery(flow, ret string) string { return with(with("", "flow", flow), "return", ret) }

// Query is for templates.
func (v *stepView) Query() string { return stepQuery(v.Flow.Sealed, v.Return) }
