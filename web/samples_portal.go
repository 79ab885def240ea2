package web

import (
	"net/http"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/storage"
)

// sampleEvents are what happened to the account of the samples, the newest first; the last has no words.
func sampleEvents() []storage.AccountEvent {
	now, sessions := sampleTime(), sampleSessions()
	at := func(id string, ago time.Duration, name audit.Name, detail, client string, sess storage.Session) storage.AccountEvent {
		return storage.AccountEvent{ID: id, AccountID: 7, At: now.Add(-ago), Name: string(name), Detail: detail, ClientID: client, Address: sess.Address, UserAgent: sess.UserAgent}
	}
	return []storage.AccountEvent{
		at("e9", 20*time.Second, audit.SignIn, "page", "", sessions[0]), at("e8", 3*time.Minute, audit.SignInFailed, "page", "", sessions[2]),
		at("e7", 2*time.Hour, audit.ConsentGiven, "", "harbour-notes", sessions[0]), at("e6", 26*time.Hour, audit.ProfileChanged, "picture", "", sessions[0]),
		at("e5", 50*time.Hour, audit.SessionsEnded, "everywhere", "", sessions[2]), at("e4", 9*24*time.Hour, "tide.turned", "twice", "", storage.Session{}),
	}
}

// sampleBrowsers are those that the account of the samples knows.
func sampleBrowsers() []account.Browser {
	now, sessions := sampleTime(), sampleSessions()
	return []account.Browser{
		{ID: "b1", UserAgent: sessions[0].UserAgent, KnownAt: now.Add(-26 * time.Hour), TrustedUntil: now.Add(29 * 24 * time.Hour), This: true},
		{ID: "b2", UserAgent: sessions[2].UserAgent, KnownAt: now.Add(-30 * 24 * time.Hour)},
	}
}

// sampleNotices are what became of telling applications.
func sampleNotices() []storage.LogoutNotice {
	one := func(client string) storage.LogoutNotice {
		return storage.LogoutNotice{NoticeKey: storage.NoticeKey{SID: "s1", ClientID: client}, AccountID: 7, EndedAt: sampleTime()}
	}
	told, waits, failed := one("harbour-notes"), one("harbour-tv"), one("gone-app")
	told.DeliveredAt, failed.GivenUpAt = sampleTime(), sampleTime()
	return []storage.LogoutNotice{told, waits, failed}
}

// sampleName is what an application of the samples is called.
func sampleName(f *frame) func(id string) string {
	return func(id string) string {
		c := sampleClients()[id]
		c.ID = id
		return f.app(c).Name
	}
}

// portalSamples are the account's own pages that are not of one thing.
func portalSamples() []Sample {
	home := func(name string, a storage.Account, two account.TwoStep, change func(v *homeView)) Sample {
		return Sample{name, http.StatusOK, "portal", "home", func(f *frame) view {
			f.Here = "/account"
			v := f.s.homeView(f, a, two, sampleEvents()[:homeEvents], sampleName(f), sampleTime())
			change(v)
			return v
		}}
	}
	safe, bare := ada(), storage.Account{ID: 7, Username: "ada_b"}
	safe.EmailVerified = true
	activity := func(name, kind string, events []storage.AccountEvent, before string) Sample {
		return Sample{name, http.StatusOK, "portal", "activity", func(f *frame) view {
			f.Here = activityPage
			return f.s.activityView(f, events, kind, before, sampleName(f), sampleTime())
		}}
	}
	many := make([]storage.AccountEvent, activityRows+1)
	for i := range many {
		many[i] = sampleEvents()[i%5]
	}
	return append([]Sample{
		home("home", ada(), account.TwoStep{CanAdd: true}, func(*homeView) {}),
		home("home-set", safe, account.TwoStep{Since: sampleTime(), Passkeys: 2, Codes: 9}, func(*homeView) {}),
		home("home-bare", bare, account.TwoStep{}, func(v *homeView) { v.Events = nil }),
		home("home-waiting", ada(), account.TwoStep{Since: sampleTime(), Codes: 1}, func(v *homeView) {
			v.Pending, v.Until, v.Ready = "ada@new.example", v.Moment(sampleTime().Add(20*time.Hour)), v.Moment(sampleTime().Add(60*time.Hour))
		}),
		home("home-kept", ada(), account.TwoStep{}, func(v *homeView) { v.well("notice.kept") }),
		activity("activity", "", sampleEvents(), ""), activity("activity-none", "apps", nil, ""), activity("activity-many", "signin", many, "e1"),
	}, endSamples()...)
}

// endSamples are the pages by which people leave.
func endSamples() []Sample {
	left := func(name string, change func(l *account.Left, v *leftView)) Sample {
		return Sample{name, http.StatusOK, "bow", "left", func(f *frame) view {
			l := account.Left{Untold: []string{"tide-tables"}}
			change(&l, &leftView{})
			v := f.s.leftView(f, l, sampleNotices(), nil, sampleName(f))
			change(&l, v)
			return v
		}}
	}
	data := func(name string, ready, open bool) Sample {
		return Sample{name, http.StatusOK, "portal", "data", func(f *frame) view {
			f.titled("data.title").Here = dataPage
			return &dataView{frame: f, Ready: ready, Confirm: "/reauth?return=%2Faccount%2Fdata", CanDelete: open, Grace: f.lasting(7 * 24 * time.Hour)}
		}}
	}
	ending := func(name string, status int, grace bool, typed string) Sample {
		return Sample{name, status, "portal", "delete", func(f *frame) view {
			f.titled("delete.title").Here = dataPage
			if typed != "" {
				f.wrong("word", "delete.word.wrong", "word", f.T("delete.word"))
			}
			v := &dataView{frame: f, Ready: true, CanDelete: true}
			if grace {
				v.Grace = f.lasting(7 * 24 * time.Hour)
			}
			v.Word = f.wordField(typed)
			return v
		}}
	}
	return []Sample{
		left("left", func(*account.Left, *leftView) {}),
		left("left-waiting", func(_ *account.Left, v *leftView) { v.Again = true }),
		left("left-planned", func(l *account.Left, _ *leftView) { l.DeleteAt = sampleTime().Add(7 * 24 * time.Hour) }),
		left("left-deleted", func(l *account.Left, _ *leftView) { l.Deleted = true }),
		{"everywhere", http.StatusOK, "portal", "everywhere", func(f *frame) view {
			f.titled("everywhere.title").Here = sessionsPage
			return &everywhereView{f}
		}},
		{"appremove", http.StatusOK, "portal", "appremove", func(f *frame) view {
			f.Here = applicationsPage
			row := f.s.allowedRow(f, sampleClients()["harbour-notes"], storage.Consent{Scopes: notes().Scopes, GrantedAt: sampleTime().Add(-3 * 24 * time.Hour)}, sampleTime())
			f.Title = f.T("applications.ask", "client", row.Name)
			return &appRemoveView{f, row}
		}},
		data("data", true, true), data("data-asked", false, true), data("data-kept", false, false),
		ending("delete", http.StatusOK, true, ""), ending("delete-now", http.StatusOK, false, ""), ending("delete-wrong", http.StatusUnprocessableEntity, true, "no"),
		{"keep", http.StatusOK, "bow", "keep", func(f *frame) view {
			f.titled("keep.title")
			a := ada()
			a.DeleteAt = sampleTime().Add(6 * 24 * time.Hour)
			return f.s.keepView(f, a, "sample", "")
		}},
	}
}
