package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
	"latchkey/web/words"
)

const sessionsPage = "/account/sessions"

type sessionsView struct {
	*frame
	Rows []sessionRow
	// Browsers are those that are known.
	Browsers []browserRow
}

// sessionRow is one sign-in.
type sessionRow struct {
	SID, Device, Address, Apps, How string
	Mobile, This                    bool
	SeenText, SinceText             string
	Seen, Since                     time.Time
}

// browserRow is a browser that is known. Trusted is until when it stands in for the second factor, "" for not.
type browserRow struct {
	ID, Device, SinceText, Trusted string
	Since                          time.Time
	Mobile, This                   bool
}

func (s *Site) sessions(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, sessionsPage)
	if !ok {
		return err
	}
	list, err := s.Account.Sessions(r.Context(), a.ID)
	if err != nil {
		return s.orGone(w, r, err)
	}
	known, err := s.Portal.Browsers.Browsers(r.Context(), a.ID, s.cookie(r, "known"))
	if err != nil {
		return s.orGone(w, r, err)
	}
	return s.draw(w, r, http.StatusOK, "portal", "sessions", s.sessionsView(f, list, known, sess.SID, s.names(r, f), s.now(r)))
}

func (s *Site) sessionsView(f *frame, list []storage.Session, known []account.Browser, this string, name func(string) string, now time.Time) *sessionsView {
	f.Title = f.T("sessions.title")
	v := &sessionsView{frame: f}
	for _, one := range list {
		row := sessionRow{SID: one.SID, This: one.SID == this, Device: f.device(one), Address: words.Plain(one.Address), How: f.how(one.AMR),
			Mobile: strings.Contains(one.UserAgent, "Mobile"), SeenText: f.ago(now.Sub(one.LastSeenAt)), Seen: one.LastSeenAt,
			SinceText: f.ago(now.Sub(one.CreatedAt)), Since: one.CreatedAt}
		var apps []string
		for _, id := range one.Clients {
			apps = append(apps, shorten(name(id), 40))
		}
		row.Apps = strings.Join(apps, ", ")
		v.Rows = append(v.Rows, row)
	}
	storage.SortStable(v.Rows, func(a, b sessionRow) int { return cmp.Compare(rank(a.This), rank(b.This)) })
	for _, b := range known {
		row := browserRow{ID: b.ID, Device: f.device(storage.Session{UserAgent: b.UserAgent, Kind: string(account.Page)}), Since: b.KnownAt, SinceText: f.ago(now.Sub(b.KnownAt)),
			Mobile: strings.Contains(b.UserAgent, "Mobile"), This: b.This}
		if !b.TrustedUntil.IsZero() {
			row.Trusted = f.Day(b.TrustedUntil)
		}
		v.Browsers = append(v.Browsers, row)
	}
	storage.SortStable(v.Browsers, func(a, b browserRow) int { return cmp.Compare(rank(a.This), rank(b.This)) })
	return v
}

func rank(this bool) int {
	if this {
		return 0
	}
	return 1
}

// how says how somebody proved who they are (RFC 8176 §2).
func (f *frame) how(amr []string) string {
	var out []string
	for _, v := range []struct{ amr, word string }{{"pwd", "how.password"}, {"pop", "how.passkey"}, {"otp", "how.code"}} {
		if slices.Contains(amr, v.amr) {
			out = append(out, f.T(v.word))
		}
	}
	switch len(out) {
	case 0:
		return ""
	case 1:
		return out[0]
	}
	return f.T("how.and", "one", out[0], "two", strings.Join(out[1:], ", "))
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
	f, a, sess, ok, err := s.portal(w, r, sessionsPage)
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
	s.see(w, r, sessionsPage+"?notice=session_ended")
	return nil
}

func (s *Site) sessionsEnd(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, sessionsPage)
	if !ok {
		return err
	}
	if _, err := s.Account.EndOtherSessions(r.Context(), a.ID, sess.SID, s.caller(r, f.Lang)); err != nil {
		return s.orGone(w, r, err)
	}
	s.see(w, r, sessionsPage+"?notice=sessions_ended")
	return nil
}

func (s *Site) browserForget(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, sessionsPage)
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	if err := s.Portal.Browsers.ForgetBrowser(r.Context(), a.ID, form.Get("id"), s.caller(r, f.Lang)); err != nil && !isGone(err) {
		return err
	}
	s.see(w, r, sessionsPage+"?notice=browser_forgotten")
	return nil
}
