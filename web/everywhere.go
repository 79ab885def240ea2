package web

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

const (
	// leftPage is what follows once everything was left: nobody is signed in there, and the browser's cookie says what it may see.
	leftPage   = "/signed-out"
	leftCookie = "left"
	leftAge    = 15 * time.Minute
	// looksEvery is how often that page looks again while applications wait to be told, and looksFor how long.
	looksEvery, looksFor = 3 * time.Second, 2 * time.Minute
)

// everywhereAsk says what is about to happen.
func (s *Site) everywhereAsk(w http.ResponseWriter, r *http.Request) error {
	f, _, _, ok, err := s.portal(w, r, sessionsPage)
	if !ok {
		return err
	}
	f.Title = f.T("everywhere.title")
	return s.draw(w, r, http.StatusOK, "portal", "everywhere", &everywhereView{frame: f})
}

type everywhereView struct{ *frame }

func (s *Site) everywherePost(w http.ResponseWriter, r *http.Request) error {
	f, _, sess, ok, err := s.portal(w, r, sessionsPage)
	if !ok {
		return err
	}
	left, err := s.Portal.Leavings.SignOutEverywhere(r.Context(), sess, s.caller(r, f.Lang))
	if err != nil {
		return s.orGone(w, r, err)
	}
	return s.leaveAll(w, r, left)
}

// leaveAll ends this browser's part, and goes on to the page that says who is told.
func (s *Site) leaveAll(w http.ResponseWriter, r *http.Request, left account.Left) error {
	sealed, err := s.Portal.Leavings.SealLeft(left)
	if err != nil {
		return err
	}
	s.Sessions.Clear(w)
	s.setCookie(w, leftCookie, sealed, leftPage, leftAge)
	s.see(w, r, leftPage+"?tell=1")
	return nil
}

// leftView says who was told of the end of everything.
type leftView struct {
	*frame
	Rows   []toldRow
	Frames []string
	// Waiting counts those that are still to be told; Again: the page looks again by itself.
	Waiting int
	Again   bool
	// Date is when the account will be deleted, "" where it will not. Deleted: it is.
	Date    string
	Deleted bool
}

// toldRow is an application and whether it knows. State is told, waiting, failed, browser or never.
type toldRow struct{ Name, State string }

// left is the page that follows. Its frames tell applications that listen in browsers, on the first look only; it looks again while others wait.
func (s *Site) left(w http.ResponseWriter, r *http.Request) error {
	l, notices, err := s.Portal.Leavings.OpenLeft(r.Context(), s.cookie(r, leftCookie))
	if account.IsKind(err, account.StepGone) {
		s.see(w, r, "/login?notice=signed_out")
		return nil
	}
	if err != nil {
		return err
	}
	f := s.begin(r, "", "")
	f.Back = leftPage
	var inBrowser []storage.Client
	var addresses []string
	if s.Told != nil {
		inBrowser, addresses = s.Told(r.Context(), l.Here)
	}
	v := s.leftView(f, l, notices, inBrowser, s.names(r, f))
	var origins []string
	if r.URL.Query().Get("tell") != "" {
		v.Frames, origins = frames(addresses)
	}
	v.Again = v.Waiting > 0 && s.now(r).Before(l.At.Add(looksFor))
	var b bytes.Buffer
	if err := s.pages["left"].ExecuteTemplate(&b, "bow", v); err != nil {
		return fmt.Errorf("draw page left: %w", err)
	}
	setHeaders(w.Header(), policy{secure: s.secure, frames: origins})
	if v.Again {
		w.Header().Set("Refresh", strconv.Itoa(int(looksEvery/time.Second))+"; url="+s.path(leftPage))
	}
	s.html(w, r, http.StatusOK, b.Bytes())
	return nil
}

func (s *Site) leftView(f *frame, l account.Left, notices []storage.LogoutNotice, inBrowser []storage.Client, name func(string) string) *leftView {
	f.Title = f.T("left.title")
	v := &leftView{frame: f, Deleted: l.Deleted}
	if l.Deleted {
		f.Title = f.T("left.deleted")
	} else if !l.DeleteAt.IsZero() {
		f.Title, v.Date = f.T("left.planned"), f.Moment(l.DeleteAt)
	}
	states := map[string]string{}
	for _, n := range notices {
		if state := noticeState(n); worse(state, states[n.ClientID]) {
			states[n.ClientID] = state
		}
	}
	for _, c := range inBrowser {
		if states[c.ID] == "" {
			states[c.ID] = "browser"
		}
	}
	for _, id := range l.Untold {
		if states[id] == "" {
			states[id] = "never"
		}
	}
	for id, state := range states {
		v.Rows = append(v.Rows, toldRow{shorten(name(id), 60), state})
		if state == "waiting" {
			v.Waiting++
		}
	}
	storage.Sort(v.Rows, func(a, b toldRow) int { return compareNames(a.Name, b.Name) })
	return v
}

// noticeState is what came of a notice.
func noticeState(n storage.LogoutNotice) string {
	switch {
	case !n.DeliveredAt.IsZero():
		return "told"
	case !n.GivenUpAt.IsZero():
		return "failed"
	}
	return "waiting"
}

// worse tells whether a state says more than another of the same application's: one session that it does not know to be over is enough.
func worse(state, than string) bool {
	order := []string{"", "told", "failed", "waiting"}
	return slices.Index(order, state) > slices.Index(order, than)
}
