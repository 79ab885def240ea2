package web

import (
	"errors"
	"net/http"
	"time"

	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/web/words"
)

// deviceAsk is the page that asks about a device.
const deviceAsk = "/device/confirm"

// codeKept is how long a browser keeps a user code while the person signs in.
const codeKept = 30 * time.Minute

// deviceView is the page where people enter a device's code.
type deviceView struct {
	*frame
	Code field
}

// device asks for the code. One that comes with the address (RFC 8628 §3.3.1) is filled in, and nothing else is done with it.
func (s *Site) device(w http.ResponseWriter, r *http.Request) error {
	f, typed := s.begin(r, "", ""), r.URL.Query().Get("user_code")
	code, ok := oauth.NormalUserCode(typed)
	if !ok {
		code = ""
	}
	f.Back = with("/device", "user_code", code)
	return s.drawDevice(w, r, http.StatusOK, f, oauth.ShowUserCode(code))
}

func (s *Site) drawDevice(w http.ResponseWriter, r *http.Request, status int, f *frame, typed string) error {
	f.Title = f.T("connect.title")
	code := f.put(field{Name: "user_code", Label: f.T("field.user_code"), Hint: f.T("user_code.hint"), Value: typed, Autocomplete: "off", Capitalize: "characters",
		Raw: true, Dir: "ltr", Enter: "go", Required: true, Max: 32, Autofocus: true, Live: true, Missing: f.T("user_code.missing")})
	return s.draw(w, r, status, "bow", "device", &deviceView{f, code})
}

// deviceWrong shows the form again, with one text for every cause: nobody learns which codes there are.
func (s *Site) deviceWrong(w http.ResponseWriter, r *http.Request, f *frame, typed string, err error) error {
	f.Back = "/device"
	rec := serve.RecordOf(r.Context())
	if often, ok := errors.AsType[*serve.Throttled](err); ok {
		rec.Outcome = "throttled"
		retryAfter(w, often.RetryAfter)
		f.Errors = []fieldError{{"", f.T("throttled", "wait", f.wait(often.RetryAfter))}}
		return s.drawDevice(w, r, http.StatusTooManyRequests, f, typed)
	}
	if !errors.Is(err, ErrNoDevice) {
		return err
	}
	rec.Outcome = "no_device"
	f.Errors = []fieldError{{"user-code", f.T("user_code.wrong")}}
	return s.drawDevice(w, r, http.StatusUnprocessableEntity, f, typed)
}

// devicePost takes the code. It goes on in a cookie, not in an address: what a link can carry is filled into the form and no further (RFC 8628 §5.4).
func (s *Site) devicePost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f, typed := s.begin(r, "", ""), form.Get("user_code")
	code, ok := oauth.NormalUserCode(typed)
	if !ok {
		return s.deviceWrong(w, r, f, typed, ErrNoDevice)
	}
	_, _, live, err := s.who(r)
	if err != nil {
		return err
	}
	if live { // who is not signed in learns nothing of codes
		if _, err := s.Devices.Look(r, code); err != nil {
			return s.deviceWrong(w, r, f, typed, err)
		}
	}
	s.setCookie(w, "device", code, "/device", codeKept)
	s.see(w, r, deviceAsk)
	return nil
}

// askView asks whether a device may have what it asks for.
type askView struct {
	*frame
	asks
	LoginName, UserCode, When, Ticket string
	// Barred: there is nothing to allow.
	Barred bool
}

func (s *Site) deviceAsk(w http.ResponseWriter, r *http.Request) error {
	a, sess, live, err := s.who(r)
	if err != nil {
		return err
	}
	if !live {
		s.see(w, r, with("/login", "return", deviceAsk))
		return nil
	}
	code := s.cookie(r, "device")
	if code == "" {
		s.see(w, r, "/device")
		return nil
	}
	f := s.begin(r, "", a.Locale)
	d, err := s.Devices.Look(r, code)
	if err == nil && d.Client.SecondFactor && !oauth.TwoFactors(sess.AMR) {
		return s.deviceStepUp(w, r, a, sess)
	}
	if err != nil {
		return s.deviceWrong(w, r, f, oauth.ShowUserCode(words.Plain(code)), err)
	}
	f.about(d.Client)
	f.Back, f.Person, f.Title = deviceAsk, called(a), f.T("connect.ask", "client", f.App.Name)
	v := &askView{frame: f, asks: f.asks(d.Scopes, nil, d.Resources), LoginName: login(a), Ticket: d.Ticket, Barred: d.Barred,
		UserCode: oauth.ShowUserCode(code), When: f.ago(s.now(r).Sub(d.AskedAt))}
	if d.Barred {
		f.Title = f.T("barred.title", "client", f.App.Name)
		return s.draw(w, r, http.StatusForbidden, "bow", "deviceask", v)
	}
	return s.draw(w, r, http.StatusOK, "bow", "deviceask", v)
}

// deviceDecide takes the person's word. Neither button is no word: ask again.
func (s *Site) deviceDecide(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	a, _, live, err := s.who(r)
	if err != nil {
		return err
	}
	decision := form.Get("decision")
	if !live || decision != "allow" && decision != "deny" {
		s.see(w, r, deviceAsk)
		return nil
	}
	if err := s.Devices.Decide(r, form.Get("ticket"), decision == "allow"); err != nil {
		return s.deviceWrong(w, r, s.begin(r, "", a.Locale), "", err)
	}
	s.setCookie(w, "device", "", "/device", -1)
	s.see(w, r, "/device/done?decision="+decision)
	return nil
}

func (s *Site) deviceDone(w http.ResponseWriter, r *http.Request) error {
	f := s.begin(r, "", "")
	v := &messageView{frame: f, Good: true, Text: f.T("connect.allowed.text"), Link: "/account", LinkText: f.T("account.go")}
	f.Title, f.Back = f.T("connect.allowed"), "/device/done"
	if r.URL.Query().Get("decision") != "allow" {
		f.Title, v.Text, v.Good = f.T("connect.refused"), f.T("connect.refused.text"), false
	}
	return s.draw(w, r, http.StatusOK, "bow", "message", v)
}
