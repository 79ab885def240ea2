package web

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/provider/serve"
	"latchkey/storage"
	"latchkey/web/words"
)

// lingers is how long the page that tells other applications stays once they have loaded, where no script takes the browser on at once.
const lingers = 3 * time.Second

type signOutView struct {
	*frame
	V serve.SignOutView
	// Account is the person, Client who asked, Apps who is told, by their names.
	Account, Client string
	Apps            []string
	Action          string
	// Link is checked by us: native applications have schemes of their own (RFC 8252 §7.1).
	Link template.URL
	Host string
}

// signOut ends the session of this browser.
func (s *Site) signOut(w http.ResponseWriter, r *http.Request) error {
	sess, ok, err := s.Sessions.Current(r)
	if err != nil {
		return err
	}
	if ok {
		if err := s.Account.SignOut(r.Context(), sess.SID, s.caller(r, "")); err != nil && !isGone(err) {
			return err
		}
	}
	return s.bye(w, r, sess)
}

// bye takes this browser's cookie away, and shows the page that tells applications where some of them are told by the browser
// (Front-Channel Logout §3). sess is the session that ended; the zero value where there was none.
func (s *Site) bye(w http.ResponseWriter, r *http.Request, sess storage.Session) error {
	s.Sessions.Clear(w)
	if s.Told != nil {
		if apps, frames := s.Told(r.Context(), sess); len(frames) > 0 {
			return s.SignedOut(w, r, serve.SignOutView{Apps: apps, Frames: frames})
		}
	}
	s.see(w, r, "/login?notice=signed_out")
	return nil
}

// SignOutConfirm asks whether to sign out (OIDC RP-Initiated Logout §2).
func (s *Site) SignOutConfirm(w http.ResponseWriter, r *http.Request, v serve.SignOutView) error {
	view := s.signOutView(r, v)
	view.Title, view.Back, view.Action = view.T("signout.title"), "/account", s.path(s.rel(r))
	return s.draw(w, r, http.StatusOK, "bow", "signout", view)
}

func (s *Site) signOutView(r *http.Request, v serve.SignOutView) *signOutView {
	view := &signOutView{frame: s.begin(r, v.UILocales, ""), V: v, Account: words.Plain(v.Account)}
	if v.Client.ID != "" {
		view.Client = view.app(v.Client).Name
	}
	for _, c := range v.Apps {
		view.Apps = append(view.Apps, view.app(c).Name)
	}
	return view
}

// SignedOut says that it is done, and loads the frames by which applications are told. Once they have loaded it goes on, if it is to:
// browsers start the time of a Refresh header when all is loaded, and the script, where there is one, also ends the wait for a slow frame.
func (s *Site) SignedOut(w http.ResponseWriter, r *http.Request, v serve.SignOutView) error {
	view := s.signOutView(r, v)
	view.Title, view.Back = view.T("signedout.title"), "/login"
	if u, err := target(v.ReturnTo); err == nil && (v.Onward || u.Scheme == "https" || u.Scheme == "http") {
		view.Link, view.Host = template.URL(u.String()), u.Host //nolint:gosec // checked by target
	}
	if view.Client == "" {
		view.Client = view.Host
	}
	view.V.Onward = v.Onward && view.Link != ""
	var origins []string
	view.V.Frames, origins = frames(v.Frames)
	var b bytes.Buffer
	if err := s.pages["signedout"].ExecuteTemplate(&b, "bow", view); err != nil {
		return fmt.Errorf("draw page signedout: %w", err)
	}
	setHeaders(w.Header(), policy{secure: s.secure, frames: origins})
	if view.V.Onward {
		w.Header().Set("Refresh", strconv.Itoa(int(lingers/time.Second))+"; url="+string(view.Link))
	}
	s.html(w, r, http.StatusOK, b.Bytes())
	return nil
}

// frames keeps the addresses that can stand in a frame, and lists their origins for the page's policy.
func frames(addresses []string) (kept, origins []string) {
	for _, a := range addresses {
		u, err := target(a)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || !plainHost(u) {
			continue
		}
		kept = append(kept, u.String())
		if o := storage.Origin(u); !slices.Contains(origins, o) {
			origins = append(origins, o)
		}
	}
	return kept, origins
}

// plainHost tells whether the host can stand in a policy: what separates the words of one would begin another.
func plainHost(u *url.URL) bool { return !strings.ContainsAny(u.Host, ";, '\"*") }
