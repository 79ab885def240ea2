package web

import (
	"net/http"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// accountSamples are the pages of the account, and those of the development mode.
func accountSamples() []Sample {
	password := func(name string, status int, a storage.Account, change func(f *frame)) Sample {
		return Sample{name, status, "portal", "password", func(f *frame) view {
			f.Here = passwordPage
			change(f)
			return f.s.passwordView(f, a, false)
		}}
	}
	profile := func(name string, status int, a storage.Account, change func(f *frame)) Sample {
		return Sample{name, status, "portal", "profile", func(f *frame) view {
			f.Here = profilePage
			change(f)
			return f.s.profileView(f, a, typedOf(a))
		}}
	}
	return []Sample{
		profile("profile", http.StatusOK, ada(), func(*frame) {}),
		profile("profile-saved", http.StatusOK, ada(), func(f *frame) { f.well("notice.saved") }),
		profile("profile-bare", http.StatusOK, storage.Account{ID: 7, Email: ada().Email, EmailVerified: true}, func(*frame) {}),
		profile("profile-wrong", http.StatusUnprocessableEntity, ada(), func(f *frame) {
			f.wrong("phone", "phone.malformed").wrong("experience-years", "experience_years.malformed")
		}),
		password("password", http.StatusOK, ada(), func(*frame) {}),
		password("password-first", http.StatusOK, storage.Account{ID: 7, Email: ada().Email}, func(*frame) {}),
		password("password-wrong", http.StatusUnprocessableEntity, ada(), func(f *frame) { f.wrong("current", "current.wrong").wrong("password", "password.reused") }),
		{"sessions", http.StatusOK, "portal", "sessions", func(f *frame) view {
			f.Here = sessionsPage
			return f.s.sessionsView(f, sampleSessions(), sampleBrowsers(), "s1", sampleName(f), sampleTime())
		}},
		{"sessions-one", http.StatusOK, "portal", "sessions", func(f *frame) view {
			f.well("notice.sessions_ended").Here = sessionsPage
			return f.s.sessionsView(f, sampleSessions()[:1], nil, "s1", sampleName(f), sampleTime())
		}},
		{"applications", http.StatusOK, "portal", "applications", func(f *frame) view {
			f.titled("applications.title").well("notice.access_removed").Here = "/account/applications"
			given := sampleTime().Add(-3 * 24 * time.Hour)
			one := f.s.applicationRow(f, sampleClients()["harbour-notes"], notes().Scopes, notes().Resources)
			one.Since, one.SinceText, one.Used, one.UsedText = given, f.ago(sampleTime().Sub(given)), given, f.ago(2*time.Hour)
			return &applicationsView{frame: f, Rows: []applicationRow{one, f.s.applicationRow(f, sampleClients()["tide-tables"], []string{"openid", "email"}, nil)}}
		}},
		{"applications-none", http.StatusOK, "portal", "applications", func(f *frame) view {
			f.titled("applications.title").Here = "/account/applications"
			return &applicationsView{frame: f}
		}},
		{"mailbox", http.StatusOK, "portal", "mailbox", func(f *frame) view {
			f.titled("mailbox.title").Person = ""
			sent := sampleTime().Add(-3 * time.Minute)
			return &mailboxView{frame: f, Rows: []mailRow{{ID: 1, To: ada().Email, Subject: f.T("mail." + account.MailReset + ".subject"), When: f.ago(3 * time.Minute), At: sent}}}
		}},
		{"mailbox-none", http.StatusOK, "portal", "mailbox", func(f *frame) view {
			f.titled("mailbox.title").Person = ""
			return &mailboxView{frame: f}
		}},
		{"demo", http.StatusOK, "portal", "demo", func(f *frame) view {
			f.titled("demo.title").Person = ""
			return &demoView{frame: f, Issuer: f.s.Issuer, ClientID: "sample"}
		}},
	}
}
