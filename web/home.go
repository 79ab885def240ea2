package web

import (
	"net/http"
	"net/url"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// homeEvents is how many events the first page of the account shows.
const homeEvents = 3

// homeView is the account's first page: who one is here, what could be safer, and what happened last.
type homeView struct {
	*frame
	A          storage.Account
	Name       string
	PictureURL string
	// Checks are what makes the account safe; Open counts those that are not done.
	Checks []homeCheck
	Open   int
	Events []eventRow
	// Pending is an address that waits to be confirmed, "" for none; Until when. Ready is when a recovery that waits can be finished, "" for none.
	Pending, Until, Ready string
}

// homeCheck is one thing that makes an account safer. Link is where to do it.
type homeCheck struct {
	Text, Link, LinkText string
	Done                 bool
}

func (s *Site) home(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, "/account")
	if !ok {
		return err
	}
	two, err := s.RecoveryCodes.TwoStep(r.Context(), a)
	if err != nil {
		return s.orGone(w, r, err)
	}
	events, err := s.Portal.Records.Events(r.Context(), storage.EventQuery{AccountID: a.ID, Limit: homeEvents})
	if err != nil {
		return err
	}
	v := s.homeView(f, a, two, events, s.names(r, f), s.now(r))
	if err := v.waiting(r, a); err != nil {
		return err
	}
	return s.draw(w, r, http.StatusOK, "portal", "home", v)
}

// waiting finds what waits to be confirmed or stopped.
func (v *homeView) waiting(r *http.Request, a storage.Account) error {
	change, err := v.s.Life.PendingEmail(r.Context(), a.ID)
	if err != nil {
		return err
	}
	if change != nil {
		v.Pending, v.Until = change.Email, v.Moment(change.ExpiresAt)
	}
	recovery, err := v.s.Life.PendingRecovery(r.Context(), a.ID)
	if recovery != nil {
		v.Ready = v.Moment(recovery.ReadyAt)
	}
	return err
}

func (s *Site) homeView(f *frame, a storage.Account, two account.TwoStep, events []storage.AccountEvent, name func(string) string, now time.Time) *homeView {
	f.Title = f.T("home.title")
	v := &homeView{frame: f, A: a, Name: called(a)}
	if a.Picture != nil {
		v.PictureURL = s.path("/media/" + url.PathEscape(a.Picture.ID))
	}
	v.checks(two)
	for _, c := range v.Checks {
		if !c.Done {
			v.Open++
		}
	}
	for _, e := range events {
		v.Events = append(v.Events, f.eventRow(e, name, now))
	}
	return v
}

// checks lists what there is to do, of what the pages here can do.
func (v *homeView) checks(two account.TwoStep) {
	add := func(there, done bool, key, page string, args ...any) {
		if !there {
			return
		}
		c := homeCheck{Text: v.T("home."+key+".open", args...), Link: page, LinkText: v.T("home." + key + ".go"), Done: done}
		if done {
			c.Text = v.T("home."+key+".done", args...)
		}
		v.Checks = append(v.Checks, c)
	}
	mail := profilePage
	if v.s.has("/account/email") {
		mail = "/account/email"
	}
	add(v.A.Email != "", v.A.EmailVerified, "email", mail)
	add(v.s.has(passkeysPage), two.Passkeys > 0, "passkey", passkeysPage)
	add(v.s.has("/account/two-step") && (two.CanAdd && two.Passkeys == 0 || two.On()), two.On(), "two_step", "/account/two-step") // a passkey does without
	add(v.s.has("/account/two-step") && two.On(), two.Codes > 2, "codes", "/account/two-step", "n", two.Codes)
}
