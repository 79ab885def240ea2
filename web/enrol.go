package web

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"

	"latchkey/provider/account"
	"latchkey/storage"
)

// enrolView lets somebody set up the second factor that they need: a choice, or an app.
type enrolView struct {
	*frame
	Flow    Flow
	Return  string
	TOTP    bool
	Passkey *passkeyForm
	Setup   setupView
	// Decline: the application is told, where somebody will not.
	Decline bool
}

// setupView is an app that is being set up.
type setupView struct {
	// Secret is the key in groups of four, Bare without spaces.
	Ticket, Secret, Bare, URI string
	QR                        qrCode
	Code                      field
}

func (f *frame) setupView(setup account.TOTPSetup) (setupView, error) {
	code, err := newQR(setup.URI, f.T("setup.qr"))
	return setupView{Ticket: setup.Ticket, Secret: groups(setup.Secret), Bare: setup.Secret, URI: setup.URI, QR: code, Code: f.otpField(false)}, err
}

func (s *Site) enrolFrame(r *http.Request, in stepped) *enrolView {
	v := &enrolView{frame: s.begun(r, in, "enrol.title"), Flow: in.fl, Return: in.ret, TOTP: in.has(account.MethodTOTP), Decline: in.fl.MustTwo}
	v.Person = called(in.about.Account)
	if s.Passkeys != nil && slices.Contains(in.about.Methods, account.MethodPasskey) {
		v.Passkey = v.createForm("/login/enrol/passkey", hidden{"flow", in.fl.Sealed}, hidden{"return", in.ret})
		v.Passkey.Options, v.Passkey.Or, v.Passkey.Primary = with(passkeyOptions, "for", "enrol"), v.TOTP, !v.TOTP
	}
	return v
}

func (s *Site) enrol(w http.ResponseWriter, r *http.Request) error {
	in, ok, err := s.stepAt(w, r, r.URL.Query(), account.NeedEnrol)
	if !ok {
		return err
	}
	return s.draw(w, r, http.StatusOK, "bow", "enrol", s.enrolFrame(r, in))
}

func (s *Site) enrolPasskey(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	in, ok, err := s.stepAt(w, r, form, account.NeedEnrol)
	if !ok {
		return err
	}
	v := s.enrolFrame(r, in)
	got, err := s.Passkeys.EnrolPasskey(r.Context(), in.ticket, s.passkeyAnswer(r, v.Lang), v.device(storage.Session{UserAgent: r.UserAgent()}))
	if s.step(w, r, err, in.fl.Sealed, in.ret) {
		return nil
	}
	if err != nil {
		status, ok := v.refusePasskey(w, r, err)
		if !ok {
			return fmt.Errorf("enrol passkey: %w", err)
		}
		return s.draw(w, r, status, "bow", "enrol", v)
	}
	s.welcome(w, r, got, in.fl.Sealed, in.ret)
	return nil
}

func (s *Site) enrolApp(w http.ResponseWriter, r *http.Request) error {
	in, ok, err := s.stepAt(w, r, r.URL.Query(), account.NeedEnrol)
	if !ok {
		return err
	}
	setup, err := s.Authenticators.BeginTOTP(in.about.Account)
	if err != nil {
		return err
	}
	return s.drawEnrolApp(w, r, http.StatusOK, s.enrolFrame(r, in), setup)
}

func (s *Site) drawEnrolApp(w http.ResponseWriter, r *http.Request, status int, v *enrolView, setup account.TOTPSetup) (err error) {
	v.Title = v.T("setup.title")
	if v.Setup, err = v.setupView(setup); err != nil {
		return err
	}
	return s.draw(w, r, status, "bow", "enrolapp", v)
}

func (s *Site) enrolAppPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	in, ok, err := s.stepAt(w, r, form, account.NeedEnrol)
	if !ok {
		return err
	}
	v := s.enrolFrame(r, in)
	setup, err := s.Authenticators.ResumeTOTP(in.about.Account, form.Get("setup"))
	if account.IsKind(err, account.StepGone) {
		s.stepGone(w, r, in)
		return nil
	}
	if err != nil {
		return err
	}
	got, kept, err := s.Authenticators.EnrolTOTP(r.Context(), in.ticket, setup.Ticket, account.Proof{Code: form.Get("code"), Caller: s.caller(r, v.Lang)})
	if kept != "" {
		s.setCookie(w, "kept", kept, twoStepPage, keptAge)
	}
	if done, status, err := s.proved(w, r, v.frame, in, err, "otp.wrong"); done || err != nil {
		return err
	} else if status != 0 {
		return s.drawEnrolApp(w, r, status, v, setup)
	}
	s.remember(w, r, got)
	s.see(w, r, with(with(codesPage, "flow", in.fl.Sealed), "return", in.ret))
	return nil
}

// Query is for templates.
func (v *enrolView) Query() string { return stepQuery(v.Flow.Sealed, v.Return) }

// Link opens an app on this device with the key.
func (v *enrolView) Link() template.URL { return template.URL(v.Setup.URI) } // #nosec G203 -- otpauth:, made by us, every part escaped
