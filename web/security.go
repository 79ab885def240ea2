package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
	"latchkey/web/words"
)

type passwordView struct {
	*frame
	LoginName       string
	Current, Secret field
}

func (s *Site) password(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, "/account/password")
	if !ok {
		return err
	}
	return s.drawPassword(w, r, http.StatusOK, f, a)
}

func (s *Site) drawPassword(w http.ResponseWriter, r *http.Request, status int, f *frame, a storage.Account) error {
	f.Title = f.T("password.title")
	v := &passwordView{frame: f, LoginName: login(a), Current: f.passwordField("current", f.T("field.current")), Secret: f.newPasswordField(f.T("field.nextpassword"))}
	v.Current.Enter = "next"
	return s.draw(w, r, status, "portal", "password", v)
}

func (s *Site) passwordPost(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, "/account/password")
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	if form.Get("current") == "" {
		f.Errors = append(f.Errors, fieldError{"current", f.T("current.missing")})
	}
	if form.Get("password") == "" {
		f.Errors = append(f.Errors, fieldError{"password", f.T("password.new.missing")})
	}
	if len(f.Errors) > 0 {
		return s.drawPassword(w, r, http.StatusUnprocessableEntity, f, a)
	}
	if err := s.Account.ChangePassword(r.Context(), a.ID, form.Get("current"), form.Get("password"), sess.SID, s.caller(r, f.Lang)); err != nil {
		wrong := fieldError{"current", f.T("current.wrong")}
		status, ok := f.refuse(w, r, err, map[account.Kind]fieldError{account.WrongPassword: wrong, account.WrongCredentials: wrong})
		if !ok {
			return s.orGone(w, r, err)
		}
		return s.drawPassword(w, r, status, f, a)
	}
	s.see(w, r, "/account/password?notice=password_changed")
	return nil
}

type sessionsView struct {
	*frame
	Rows []sessionRow
}

// sessionRow is one sign-in.
type sessionRow struct {
	SID, Device, Address, Apps string
	Mobile, This               bool
	SeenText, SinceText        string
	Seen, Since                time.Time
}

func (s *Site) sessions(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, "/account/sessions")
	if !ok {
		return err
	}
	list, err := s.Account.Sessions(r.Context(), a.ID)
	if err != nil {
		return s.orGone(w, r, err)
	}
	f.Title = f.T("sessions.title")
	v, now := &sessionsView{frame: f}, s.now(r)
	for _, one := range list {
		row := sessionRow{SID: one.SID, This: one.SID == sess.SID, Device: f.device(one), Address: words.Plain(one.Address),
			Mobile: strings.Contains(one.UserAgent, "Mobile"), SeenText: f.ago(now.Sub(one.LastSeenAt)), Seen: one.LastSeenAt,
			SinceText: f.ago(now.Sub(one.CreatedAt)), Since: one.CreatedAt}
		var apps []string
		for _, id := range one.Clients {
			apps = append(apps, shorten(f.app(s.client(r.Context(), id)).Name, 40))
		}
		row.Apps = strings.Join(apps, ", ")
		v.Rows = append(v.Rows, row)
	}
	slices.SortStableFunc(v.Rows, func(a, b sessionRow) int { return cmp.Compare(rank(a), rank(b)) })
	return s.draw(w, r, http.StatusOK, "portal", "sessions", v)
}

func rank(row sessionRow) int {
	if row.This {
		return 0
	}
	return 1
}

// device names browser and system of a session, as far as its User-Agent header tells.
func (f *frame) device(sess storage.Session) string {
	ua := sess.UserAgent
	first := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(ua, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := first("Edg/", "Edge", "OPR/", "Opera", "SamsungBrowser/", "Samsung Internet", "Firefox/", "Firefox", "FxiOS/", "Firefox",
		"CriOS/", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari", "curl/", "curl")
	system := first("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS X", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	switch {
	case browser != "" && system != "":
		return f.T("device.both", "browser", browser, "system", system)
	case browser+system != "":
		return browser + system
	case sess.Kind != string(account.Page) && sess.Kind != "":
		return f.T("device.api")
	}
	return f.T("device.unknown")
}

func (s *Site) sessionEnd(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, "/account/sessions")
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	sid := form.Get("sid")
	if err := s.Account.EndSession(r.Context(), a.ID, sid, s.caller(r, f.Lang)); err != nil && !isGone(err) {
		return fmt.Errorf("end session: %w", err)
	}
	if sid == sess.SID {
		return s.bye(w, r, sess)
	}
	s.see(w, r, "/account/sessions?notice=session_ended")
	return nil
}

func (s *Site) sessionsEnd(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, "/account/sessions")
	if !ok {
		return err
	}
	if _, err := s.Account.EndOtherSessions(r.Context(), a.ID, sess.SID, s.caller(r, f.Lang)); err != nil {
		return s.orGone(w, r, err)
	}
	s.see(w, r, "/account/sessions?notice=sessions_ended")
	return nil
}

// orGone sends whoever lost their account or session meanwhile to sign in; every other refusal becomes a page, and faults go up.
func (s *Site) orGone(w http.ResponseWriter, r *http.Request, err error) error {
	ref, refused := errors.AsType[*account.Refusal](err)
	if !refused {
		return err
	}
	serve.RecordOf(r.Context()).Outcome = string(ref.Kind)
	if ref.Kind != account.Gone {
		return s.plainly(w, r, s.begin(r, "", ""), err)
	}
	s.Sessions.Clear(w)
	s.see(w, r, "/login")
	return nil
}
