package web

import (
	"net/http"
	"time"

	"latchkey/provider/account"
)

// entrySamples are the pages by which people get in: sign-in and sign-up.
func entrySamples() []Sample {
	login := func(name string, status int, change func(v *loginView)) Sample {
		return Sample{Name: name, Status: status, layout: "bow", page: "login", view: func(f *frame) view {
			v := &loginView{frame: f, Flow: f.toNotes()}
			f.titled("login.title", "client", f.App.Name)
			change(v)
			v.Passkey, v.Able = v.samplePasskey(), true
			v.Login = v.loginField(v.LoginName, v.LoginName == "")
			v.Password = v.passwordField("password", v.T("field.password"))
			return v
		}}
	}
	signUp := func(name string, status int, in account.SignUp, change func(f *frame)) Sample {
		return Sample{Name: name, Status: status, layout: "bow", page: "signup", view: func(f *frame) view {
			v := &signUpView{frame: f.titled("signup.title"), Flow: f.toNotes()}
			change(f)
			v.FullName, v.Username = f.nameField(account.FieldFullName, "name", in.FullName, 100), f.usernameField(in.Username)
			v.Email, v.Secret = f.emailField(in.Email, "email", f.T("email.ok")), f.newPasswordField(f.T("field.newpassword"))
			return v
		}}
	}
	return []Sample{
		login("login", http.StatusOK, func(*loginView) {}),
		login("login-plain", http.StatusOK, func(v *loginView) {
			v.Flow, v.App = Flow{}, nil
			v.titled("login.title", "client", v.Brand).well("notice.signed_out")
		}),
		login("login-wrong", http.StatusUnprocessableEntity, func(v *loginView) { v.LoginName = "ada@example.com"; v.wrong("", "login.wrong") }),
		login("login-empty", http.StatusUnprocessableEntity, func(v *loginView) {
			v.wrong("username", "login.missing").wrong("password", "password.missing")
		}),
		login("login-throttled", http.StatusTooManyRequests, func(v *loginView) {
			v.LoginName = "ada@example.com"
			v.wrong("", "throttled", "wait", v.wait(40*time.Second))
		}),
		login("reauth", http.StatusOK, func(v *loginView) {
			v.Known, v.Person, v.LoginName = true, "Ada Byron", ada().Email
			v.titled("reauth.title")
		}),
		{"choose", http.StatusOK, "bow", "choose", func(f *frame) view {
			v := &loginView{frame: f.titled("choose.title"), Flow: f.toNotes(), Known: true, LoginName: ada().Email}
			v.Person = "Ada Byron"
			return v
		}},
		signUp("signup", http.StatusOK, account.SignUp{}, func(*frame) {}),
		signUp("signup-wrong", http.StatusUnprocessableEntity, account.SignUp{FullName: "Ada Byron", Email: "ada@", Username: "a"}, func(f *frame) {
			f.wrong("email", "email.malformed").wrong("username", "username.too_short").wrong("password", "password.too_short", "n", f.s.PasswordMin)
		}),
		message("signup-closed", http.StatusForbidden, func(f *frame) *messageView {
			return &messageView{frame: f.titled("closed.title"), Text: f.T("closed.text"), Link: "/login", LinkText: f.T("login.submit")}
		}),
		{"signup-sent", http.StatusOK, "bow", "sent", func(f *frame) view {
			return &sentView{frame: f.titled("sent.title"), Flow: f.toNotes(), Masked: mask(ada().Email), Lasting: f.lasting(time.Hour), Again: f.T("again.wait", "time", f.wait(42*time.Second)), Email: f.emailField("", "email", ""), Code: f.codeField()}
		}},
		{"signup-again", http.StatusOK, "bow", "sent", func(f *frame) view {
			return &sentView{frame: f.titled("resend.title"), Lasting: f.lasting(time.Hour), Email: f.emailField("", "email", "")}
		}},
	}
}

// mailedSamples are the pages that links in mails lead to, and those that ask for such mails.
func mailedSamples() []Sample {
	return []Sample{
		{"verify", http.StatusOK, "bow", "act", func(f *frame) view {
			return &actView{frame: f.titled("verify.title"), Text: f.T("verify.text"), Strong: ada().Email, Action: "/verify", Button: f.T("verify.submit"), Token: "sample"}
		}},
		message("verify-dead", http.StatusGone, func(f *frame) *messageView {
			return &messageView{frame: f.titled("dead.title"), Text: f.T("verify.dead"), Link: "/signup/sent", LinkText: f.T("verify.again")}
		}),
		message("verify-already", http.StatusOK, func(f *frame) *messageView {
			return &messageView{frame: f.titled("verified.title"), Good: true, Text: f.T("verified.text"), Link: "/account", LinkText: f.T("account.go")}
		}),
		message("verify-disowned", http.StatusOK, func(f *frame) *messageView {
			return &messageView{frame: f.titled("disowned.title"), Good: true, Text: f.T("disowned.text") + " " + f.T("disowned.choose"), Link: "/account/password", LinkText: f.T("disowned.password")}
		}),
		{"forgot", http.StatusOK, "bow", "forgot", func(f *frame) view {
			return &forgotView{frame: f.titled("forgot.title"), Email: f.emailField("", "username", "")}
		}},
		{"forgot-wrong", http.StatusUnprocessableEntity, "bow", "forgot", func(f *frame) view {
			f.titled("forgot.title").wrong("email", "email.malformed")
			return &forgotView{frame: f, Email: f.emailField("ada@", "username", "")}
		}},
		message("forgot-sent", http.StatusOK, func(f *frame) *messageView {
			return &messageView{frame: f.titled("forgotsent.title"), Text: f.T("forgotsent.text", "time", f.lasting(15*time.Minute)), Link: "/login", LinkText: f.T("login.back")}
		}),
		message("forgot-closed", http.StatusForbidden, func(f *frame) *messageView {
			return &messageView{frame: f.titled("noreset.title"), Text: f.T("noreset.text"), Link: "/login", LinkText: f.T("login.submit")}
		}),
		{"reset", http.StatusOK, "bow", "reset", func(f *frame) view {
			return &resetView{frame: f.titled("reset.title"), LoginName: ada().Email, Secret: f.newPasswordField(f.T("field.nextpassword"))}
		}},
		{"reset-wrong", http.StatusUnprocessableEntity, "bow", "reset", func(f *frame) view {
			f.titled("reset.title").wrong("password", "password.common")
			return &resetView{frame: f, LoginName: ada().Email, Secret: f.newPasswordField(f.T("field.nextpassword"))}
		}},
		message("reset-dead", http.StatusGone, func(f *frame) *messageView {
			return &messageView{frame: f.titled("dead.title"), Text: f.T("reset.dead"), Link: "/forgot", LinkText: f.T("reset.again")}
		}),
		{"not-me", http.StatusOK, "bow", "notme", func(f *frame) view {
			return &actView{frame: f.titled("notme.title"), Text: f.T("notme.what"), Button: f.T("notme.submit"), Token: "sample"}
		}},
		message("not-me-done", http.StatusOK, func(f *frame) *messageView {
			return &messageView{frame: f.titled("notme.done"), Good: true, Text: f.T("notme.donetext"), Link: "/forgot", LinkText: f.T("notme.next")}
		}),
	}
}

// message is a row of the page that says something.
func message(name string, status int, make func(f *frame) *messageView) Sample {
	return Sample{Name: name, Status: status, layout: "bow", page: "message", view: func(f *frame) view { return make(f) }}
}
