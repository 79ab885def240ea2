package web

import (
	"net/http"
	"net/url"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// lostView is the page for who can use no second factor.
type lostView struct {
	*frame
	Flow, Wait, Masked string
}

// begunView says that the wait has begun. Flow is what an application waits for of somebody who is signed in, and can be told that it will not come.
type begunView struct {
	*frame
	Text string
	Flow Flow
}

// recoveryView is the warning on every page of the account while a recovery waits.
type recoveryView struct{ Text, Stop string }

// warn puts the warning into the frame of a page of the account.
func (s *Site) warn(r *http.Request, f *frame, a storage.Account) error {
	waits, err := s.Life.PendingRecovery(r.Context(), a.ID)
	if err != nil || waits == nil {
		return err
	}
	f.Warning = f.recoveryWarning(waits.ReadyAt)
	return nil
}

func (f *frame) recoveryWarning(ready time.Time) *recoveryView {
	return &recoveryView{Text: f.T("recovery.warning", "when", f.Moment(ready)), Stop: f.T("recovery.stop")}
}

// whose is the person of the step that this browser is at, who has to prove a second factor. ok is false where that was answered.
func (s *Site) whose(w http.ResponseWriter, r *http.Request, flow string) (a storage.Account, ok bool, err error) {
	a, need, err := s.Life.StepAccount(r.Context(), s.cookie(r, "step"))
	if account.IsKind(err, account.StepGone) || err == nil && need != account.NeedSecond {
		s.see(w, r, with("/login", "flow", flow))
		return a, false, nil
	}
	return a, err == nil, err
}

func (s *Site) lost(w http.ResponseWriter, r *http.Request) error {
	flow := r.URL.Query().Get("flow")
	a, ok, err := s.whose(w, r, flow)
	if !ok {
		return err
	}
	f := s.begin(r, "", a.Locale)
	f.Back = with(f.Back, "flow", flow)
	f.Title = f.T("lost.title")
	switch waits, err := s.Life.PendingRecovery(r.Context(), a.ID); {
	case err != nil:
		return err
	case waits != nil:
		return s.recoveryBegun(w, r, f, *waits, a, flow)
	case !f.RecoveryOpen():
		return s.draw(w, r, http.StatusOK, "bow", "message", &messageView{frame: f, Text: f.T("lost.closed"), Link: with("/login/otp", "flow", flow), LinkText: f.T("lost.back")})
	case !a.EmailVerified:
		return s.lostNobody(w, r, f, flow)
	}
	return s.draw(w, r, http.StatusOK, "bow", "lost", &lostView{frame: f, Flow: flow, Wait: f.lasting(s.RecoveryWait), Masked: mask(a.Email)})
}

// lostNobody: nobody could be told, and so there is no such way.
func (s *Site) lostNobody(w http.ResponseWriter, r *http.Request, f *frame, flow string) error {
	return s.draw(w, r, http.StatusOK, "bow", "message", &messageView{frame: f, Text: f.T("lost.noaddress"), Link: with("/login/otp", "flow", flow), LinkText: f.T("lost.back")})
}

func (s *Site) recoveryBegun(w http.ResponseWriter, r *http.Request, f *frame, waits account.Recovery, a storage.Account, flow string) error {
	f.Title, f.Back = f.T("lost.begun"), "/login"
	v := &begunView{frame: f, Text: f.T("lost.begun_text", "when", f.Moment(waits.ReadyAt), "email", mask(a.Email))}
	_, live, err := s.Sessions.Current(r)
	if err != nil {
		return err
	}
	if live && flow != "" {
		var ok bool
		if v.Flow, ok = s.flow(w, r, url.Values{"flow": {flow}}); !ok {
			return nil
		}
		f.about(v.Flow.Client)
	}
	return s.draw(w, r, http.StatusOK, "bow", "lostbegun", v)
}

func (s *Site) lostPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	flow := form.Get("flow")
	a, ok, err := s.whose(w, r, flow)
	if !ok {
		return err
	}
	f := s.begin(r, "", a.Locale)
	f.Title = f.T("lost.title")
	waits, err := s.Life.BeginRecovery(r.Context(), s.cookie(r, "step"), s.caller(r, f.Lang))
	switch {
	case account.IsKind(err, account.NoAddress):
		return s.lostNobody(w, r, f, flow)
	case isGone(err) || account.IsKind(err, account.StepGone):
		s.see(w, r, with("/login", "flow", flow))
		return nil
	case err != nil:
		return s.plainly(w, r, f, err)
	}
	s.setCookie(w, "step", "", "/", -1)
	return s.recoveryBegun(w, r, f, waits, a, flow)
}

// recoveryStopHere is the button of the warning.
func (s *Site) recoveryStopHere(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, "/account")
	if !ok {
		return err
	}
	if err := s.Life.StopRecovery(r.Context(), a.ID, s.caller(r, f.Lang)); err != nil {
		return s.orGone(w, r, err)
	}
	s.see(w, r, "/account/password?notice=recovery_stopped")
	return nil
}

// recoveryStop is the link in the mails to every address.
func (s *Site) recoveryStop(w http.ResponseWriter, r *http.Request) error {
	f, token := s.mailed(r, "/recovery/stop")
	a, err := s.Life.PeekRecoveryStop(r.Context(), token)
	if err != nil {
		return s.recoveryDead(w, r, f, err)
	}
	f.Title = f.T("recoverystop.title")
	return s.draw(w, r, http.StatusOK, "bow", "act", &actView{frame: f, Text: f.T("recoverystop.text"), Strong: mask(a.Email), Action: "/recovery/stop", Button: f.T("recovery.stop"), Token: token})
}

func (s *Site) recoveryDead(w http.ResponseWriter, r *http.Request, f *frame, err error) error {
	if account.IsKind(err, account.TooEarly) {
		f.Title = f.T("recoveryearly.title")
		return s.draw(w, r, http.StatusConflict, "bow", "message", &messageView{frame: f, Text: f.T("recoveryearly.text"), Link: "/login", LinkText: f.T("login.submit")})
	}
	if !isGone(err) {
		return s.plainly(w, r, f, err)
	}
	return s.dead(w, r, f, f.T("recovery.dead"), "/login", f.T("login.submit"))
}

func (s *Site) recoveryStopPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f := s.begin(r, "", "")
	if err := s.Life.StopRecoveryByMail(r.Context(), form.Get("token"), s.caller(r, f.Lang)); err != nil {
		return s.recoveryDead(w, r, f, err)
	}
	f.Title, f.Back = f.T("recoverystopped.title"), "/login"
	link, text := "/login", "login.submit"
	if s.ResetOpen { // whoever began it knew the first factor
		link, text = "/forgot", "notme.next"
	}
	return s.draw(w, r, http.StatusOK, "bow", "message", &messageView{frame: f, Good: true, Text: f.T("recoverystopped.text"), Link: link, LinkText: f.T(text)})
}

// recoveryFinish is the link in the mail at the end of the wait.
func (s *Site) recoveryFinish(w http.ResponseWriter, r *http.Request) error {
	f, token := s.mailed(r, "/recovery/finish")
	a, err := s.Life.PeekRecovery(r.Context(), token)
	if err != nil {
		return s.recoveryDead(w, r, f, err)
	}
	f.Title = f.T("recoveryfinish.title")
	return s.draw(w, r, http.StatusOK, "bow", "act", &actView{frame: f, Text: f.T("recoveryfinish.text"), Strong: login(a), Action: "/recovery/finish", Button: f.T("recoveryfinish.submit"), Token: token})
}

func (s *Site) recoveryFinishPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f := s.begin(r, "", "")
	if _, err := s.Life.FinishRecovery(r.Context(), form.Get("token"), s.caller(r, f.Lang)); err != nil {
		return s.recoveryDead(w, r, f, err)
	}
	s.Sessions.Clear(w) // every session of the account has ended
	f.Title, f.Back = f.T("recoverydone.title"), "/login"
	return s.draw(w, r, http.StatusOK, "bow", "message", &messageView{frame: f, Good: true, Text: f.T("recoverydone.text"), Link: "/login", LinkText: f.T("login.submit")})
}
