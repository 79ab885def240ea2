package web

import (
	"strings"
	"testing"

	"latchkey/provider/account"
	"latchkey/provider/activity"
	"latchkey/provider/audit"
	"latchkey/storage"
)

func TestHome(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.second.twoStep = func() (account.TwoStep, error) { return account.TwoStep{CanAdd: true}, nil }
	b.get(t, "/account", signedIn).status(200).says("Ada Byron", "Your email address is not confirmed", "Two-step sign-in is off", "Signed in", "A sign-in failed").
		holds(`src="/media/p1"`, `aria-current="page"`, `href="/account/two-step"`, `href="/account/profile"`).lacks("All set.")
	var asked storage.EventQuery
	b.portal.events = func(q storage.EventQuery) ([]storage.AccountEvent, error) { asked = q; return nil, nil }
	b.second.twoStep = func() (account.TwoStep, error) {
		return account.TwoStep{Since: sampleTime(), Passkeys: 1, Codes: 9}, nil
	}
	b.verbs.account = func(int64) (storage.Account, error) { a := ada(); a.EmailVerified = true; return a, nil }
	b.get(t, "/account", signedIn).status(200).says("All set.", "Nothing to show.")
	if asked.AccountID != 7 || asked.Limit != homeEvents {
		t.Errorf("asked for %+v", asked)
	}
	b.portal.events = func(storage.EventQuery) ([]storage.AccountEvent, error) { return nil, storage.ErrUnavailable }
	b.get(t, "/account", signedIn).status(500)
}

// TestEventWords: whatever a person's record can have has words of its own, in every language that is whole, and belongs to one kind.
func TestEventWords(t *testing.T) {
	b := newBench(t, sampleIssuer)
	kind := map[audit.Name]string{}
	for _, k := range activityKinds() {
		for _, n := range k.names {
			if kind[n] != "" {
				t.Errorf("%s is of two kinds", n)
			}
			kind[n] = k.word
		}
	}
	for _, tag := range []string{"en", "de"} {
		c, _ := b.words.Get(tag)
		for _, n := range activity.Names() {
			if !c.Has("event." + string(n)) {
				t.Errorf("%s: no words for %s", tag, n)
			}
			if kind[n] == "" {
				t.Errorf("%s is of no kind", n)
			}
		}
	}
	for n := range kind {
		if !strings.Contains(strings.Join(namesOf(kind[n]), " "), string(n)) {
			t.Errorf("%s is not found by its kind", n)
		}
	}
}

func TestActivity(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/account/activity", signedIn).status(200).says("Signed in", "Harbour Notes", "Signed out everywhere", "tide.turned twice", "Chrome on Linux", "192.0.2.17", "9 days ago").
		holds(`<time datetime="2026-11-21T20:59:40Z" title="21 November 2026 at 20:59 GMT">just now</time>`, `href="/account/activity.csv"`).lacks("Older", "Newest")
	var asked storage.EventQuery
	b.portal.events = func(q storage.EventQuery) ([]storage.AccountEvent, error) {
		asked = q
		return make([]storage.AccountEvent, activityRows+1), nil
	}
	b.get(t, "/account/activity?kind=apps&before=e5", signedIn).status(200).says("Older", "Newest").holds(`href="/account/activity?kind=apps"`, `value="apps" selected`)
	if asked.Before != "e5" || len(asked.Names) != 3 || asked.Limit != activityRows+1 || asked.AccountID != 7 {
		t.Errorf("asked for %+v", asked)
	}
	b.get(t, "/account/activity?kind=none", signedIn).status(200)
	if len(asked.Names) != 0 {
		t.Errorf("an unknown kind narrows: %+v", asked)
	}
}

// TestActivityTable: the download has everything, and no cell that a spreadsheet takes for a formula.
func TestActivityTable(t *testing.T) {
	b := newBench(t, sampleIssuer)
	turns := 0
	b.portal.events = func(q storage.EventQuery) ([]storage.AccountEvent, error) {
		turns++
		if q.Before != "" {
			return []storage.AccountEvent{{ID: "z", Name: "=cmd()", UserAgent: "@evil\r\n", At: sampleTime()}}, nil
		}
		all := make([]storage.AccountEvent, storage.EventsListed)
		for i := range all {
			all[i] = storage.AccountEvent{ID: "a", Name: string(audit.ConsentGiven), ClientID: "harbour-notes", At: sampleTime()}
		}
		return all, nil
	}
	v := b.get(t, "/account/activity.csv?kind=apps", signedIn).status(200)
	lines := strings.Split(strings.TrimSpace(v.Body.String()), "\r\n")
	if len(lines) != storage.EventsListed+2 || turns != 2 {
		t.Fatalf("%d lines in %d turns", len(lines), turns)
	}
	if lines[1] != "2026-11-21T21:00:00Z,consent.given,Harbour Notes was allowed access,harbour-notes,," || !strings.HasPrefix(lines[len(lines)-1], "2026-11-21T21:00:00Z,'=cmd(),'=cmd(),,,'@evil") {
		t.Errorf("%q\n%q", lines[1], lines[len(lines)-1])
	}
	if h := v.Header(); h.Get("Content-Disposition") != `attachment; filename="activity.csv"` || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", h)
	}
}

func TestBrowserForget(t *testing.T) {
	b := newBench(t, sampleIssuer)
	had := ""
	b.portal.browsers = func(cookie string) ([]account.Browser, error) { had = cookie; return sampleBrowsers(), nil }
	b.get(t, "/account/sessions", signedIn, "lk_known=token")
	if had != "token" {
		t.Errorf("the browser is looked for by %q", had)
	}
	b.get(t, "/account/sessions", signedIn).status(200).says("Browsers that are known", "This browser", "Is not asked for a second factor until 20 December 2026").holds(`name="id" value="b1"`)
	var id string
	b.portal.forget = func(i string) error { id = i; return nil }
	b.post(t, "/account/sessions/forget", form("id", "b2"), signedIn).goes("/account/sessions?notice=browser_forgotten")
	if id != "b2" {
		t.Errorf("forgot %q", id)
	}
	b.portal.forget = func(string) error { return refusal(account.Gone) }
	b.post(t, "/account/sessions/forget", form("id", "b2"), signedIn).goes("/account/sessions?notice=browser_forgotten")
	b.portal.forget = func(string) error { return storage.ErrUnavailable }
	b.post(t, "/account/sessions/forget", form("id", "b2"), signedIn).status(500)
}
