package web

import (
	"net/http"
	"time"

	"latchkey/provider/account"
)

// lifecycleSamples are the pages of what goes by mail or by a wait.
func lifecycleSamples() []Sample {
	email := func(name string, status int, change func(v *emailView)) Sample {
		return Sample{Name: name, Status: status, layout: "portal", page: "email", view: func(f *frame) view {
			v := &emailView{frame: f.titled("email.title"), Current: ada().Email, Verified: true, Ready: true}
			f.Here = "/account/email"
			change(v)
			v.New = v.emailField("", "email", "")
			v.New.Label = f.T("email.new")
			return v
		}}
	}
	act := func(name, title, text, strong, button string, args ...any) Sample {
		return Sample{Name: name, Status: http.StatusOK, layout: "bow", page: "act", view: func(f *frame) view {
			return &actView{frame: f.titled(title, "brand", f.Brand), Text: f.T(text, args...), Strong: strong, Action: "/", Button: f.T(button), Token: "sample"}
		}}
	}
	said := func(name string, status int, title, text string, args ...any) Sample {
		return message(name, status, func(f *frame) *messageView {
			return &messageView{frame: f.titled(title), Good: status == http.StatusOK, Text: f.T(text, args...), Link: "/login", LinkText: f.T("login.submit")}
		})
	}
	rows := []Sample{
		email("email", http.StatusOK, func(*emailView) {}),
		email("email-asks-first", http.StatusOK, func(v *emailView) { v.Ready, v.Verified = false, false }),
		email("email-pending", http.StatusOK, func(v *emailView) {
			v.well("notice.email_asked")
			v.Pending, v.Until = "ada@lovelace.example", v.Moment(sampleTime().Add(24*time.Hour))
		}),
		email("email-wrong", http.StatusUnprocessableEntity, func(v *emailView) { v.wrong("email", "email.same") }),
		email("email-recovery", http.StatusOK, func(v *emailView) { v.Warning = v.recoveryWarning(sampleTime().Add(70 * time.Hour)) }),
		act("email-confirm", "emailconfirm.title", "emailconfirm.text", "ada@lovelace.example", "emailconfirm.submit", "account", mask(ada().Email)),
		act("email-undo", "emailundo.title", "emailundo.text", ada().Email, "emailundo.submit"),
		said("email-changed", http.StatusOK, "emailchanged.title", "emailchanged.text", "email", "ada@lovelace.example"),
		said("email-undone", http.StatusOK, "emailundone.title", "emailundone.text", "email", ada().Email),
		said("email-taken", http.StatusGone, "emailtaken.title", "emailtaken.text"),
		said("email-dead", http.StatusGone, "dead.title", "email.dead"),
		act("mail-link", "maillink.title", "maillink.text", ada().Email, "login.submit"),
		said("mail-link-dead", http.StatusGone, "dead.title", "maillink.dead"),
		act("recovery-stop", "recoverystop.title", "recoverystop.text", mask(ada().Email), "recovery.stop"),
		act("recovery-finish", "recoveryfinish.title", "recoveryfinish.text", ada().Email, "recoveryfinish.submit"),
		said("recovery-stopped", http.StatusOK, "recoverystopped.title", "recoverystopped.text"),
		said("recovery-early", http.StatusConflict, "recoveryearly.title", "recoveryearly.text"),
		said("recovery-done", http.StatusOK, "recoverydone.title", "recoverydone.text"),
		said("invite-dead", http.StatusGone, "dead.title", "invite.dead"),
		said("signup-invite-only", http.StatusForbidden, "closed.title", "closed.invite"),
		lostBegun("lost-begun", func(*frame) Flow { return Flow{} }),
		lostBegun("lost-begun-stepup", (*frame).toNotes),
		{"lost", http.StatusOK, "bow", "lost", func(f *frame) view {
			return &lostView{frame: f.titled("lost.title"), Flow: "sample", Wait: f.lasting(72 * time.Hour), Masked: mask(ada().Email)}
		}},
	}
	return append(rows, firstSamples()...)
}

// firstSamples are the first visits, and what signs in by mail.
func firstSamples() []Sample {
	sent := func(name string, status int, change func(v *mailView)) Sample {
		return Sample{Name: name, Status: status, layout: "bow", page: "mailsent", view: func(f *frame) view {
			v := &mailView{frame: f, Flow: f.toNotes(), Masked: mask(ada().Email), Lasting: f.lasting(15 * time.Minute), Again: f.T("again.wait", "time", f.wait(42*time.Second))}
			f.titled("sent.title")
			change(v)
			v.Code = v.codeField()
			return v
		}}
	}
	invite := func(name string, status int, change func(f *frame)) Sample {
		return Sample{Name: name, Status: status, layout: "bow", page: "invite", view: func(f *frame) view {
			f.titled("invite.title", "brand", f.Brand)
			change(f)
			return &inviteView{frame: f, LoginName: ada().Email, FullName: f.fullNameField("Ada Byron"), Secret: f.newPasswordField(f.T("field.newpassword"))}
		}}
	}
	return []Sample{
		{"mail-ask", http.StatusOK, "bow", "mailsignin", func(f *frame) view {
			v := &mailView{frame: f, Flow: f.toNotes()}
			f.titled("mailsign.title")
			v.Email = v.emailField("", "username", "")
			return v
		}},
		sent("mail-sent", http.StatusOK, func(*mailView) {}),
		sent("mail-sent-wrong", http.StatusUnprocessableEntity, func(v *mailView) { v.wrong("code", "mailcode.wrong") }),
		sent("mail-sent-void", http.StatusUnprocessableEntity, func(v *mailView) { v.wrong("code", "mailcode.void") }),
		sent("mail-sent-soon", http.StatusTooManyRequests, func(v *mailView) { v.wrong("", "again.soon", "time", v.wait(42*time.Second)) }),
		invite("invite", http.StatusOK, func(*frame) {}),
		invite("invite-wrong", http.StatusUnprocessableEntity, func(f *frame) {
			f.wrong("full-name", "full_name.missing").wrong("password", "password.too_short", "n", f.s.PasswordMin)
		}),
		{"terms", http.StatusOK, "bow", "terms", func(f *frame) view {
			f.titled("terms.title").Person, f.TermsURL = "Ada Byron", "https://harbour.example/terms"
			return &termsView{frame: f, Flow: "sample", Version: "2026-11"}
		}},
		{"setup", http.StatusOK, "bow", "setup", func(f *frame) view { return f.firstView(account.FirstAccount{}) }},
		{"setup-wrong", http.StatusUnprocessableEntity, "bow", "setup", func(f *frame) view {
			return f.wrong("code", "code.wrong").wrong("full-name", "full_name.missing").firstView(account.FirstAccount{Code: "AAAA-BBBB", Email: ada().Email})
		}},
	}
}

// lostBegun is the page of a wait that has begun.
func lostBegun(name string, flow func(*frame) Flow) Sample {
	return Sample{name, http.StatusOK, "bow", "lostbegun", func(f *frame) view {
		fl := flow(f)
		return &begunView{frame: f.titled("lost.begun"), Text: f.T("lost.begun_text", "when", f.Moment(sampleTime().Add(72*time.Hour)), "email", mask(ada().Email)), Flow: fl}
	}}
}
