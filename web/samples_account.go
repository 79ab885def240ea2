package web

import (
	"net/http"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// accountSamples are the pages of the account, and those of the development mode.
func accountSamples() []Sample {
	password := func(name string, status int, change func(f *frame)) Sample {
		return Sample{name, status, "portal", "password", func(f *frame) view {
			f.titled("password.title").Here = "/account/password"
			change(f)
			return &passwordView{frame: f, LoginName: ada().Email, Current: f.passwordField("current", f.T("field.current")), Secret: f.newPasswordField(f.T("field.nextpassword"))}
		}}
	}
	profile := func(name string, status int, a storage.Account, change func(f *frame)) Sample {
		return Sample{name, status, "portal", "profile", func(f *frame) view {
			f.Here = "/account"
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
		password("password", http.StatusOK, func(*frame) {}),
		password("password-wrong", http.StatusUnprocessableEntity, func(f *frame) { f.wrong("current", "current.wrong").wrong("password", "password.reused") }),
		{"sessions", http.StatusOK, "portal", "sessions", func(f *frame) view {
			f.titled("sessions.title").Here = "/account/sessions"
			v := &sessionsView{frame: f}
			for _, one := range sampleSessions() {
				v.Rows = append(v.Rows, sessionRow{SID: one.SID, This: one.SID == "s1", Device: f.device(one), Address: one.Address, Apps: "Harbour Notes", Mobile: one.SID == "s2",
					Seen: one.LastSeenAt, SeenText: f.ago(sampleTime().Sub(one.LastSeenAt)), Since: one.CreatedAt, SinceText: f.ago(sampleTime().Sub(one.CreatedAt))})
			}
			return v
		}},
		{"applications", http.StatusOK, "portal", "applications", func(f *frame) view {
			f.titled("applications.title").well("notice.access_removed").Here = "/account/applications"
			given := sampleTime().Add(-3 * 24 * time.Hour)
			one := f.s.applicationRow(f, sampleClients()["harbour-notes"], notes().Scopes, notes().Resources)
			one.Since, one.SinceText = given, f.ago(sampleTime().Sub(given))
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
