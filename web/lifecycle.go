package web

import (
	"context"
	"net/http"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// Lifecycle is what of an account's life goes by mail or by a wait. [account.Service] has it, and says what each promises.
type Lifecycle interface {
	Emails
	EmailUndos
	Asks
	MailSignIns
	Recoveries
	RecoveryStops
	Resets
	Invitations
	FirstAccounts
}

// Emails moves accounts to another address.
type Emails interface {
	ChangeEmail(ctx context.Context, accountID int64, sid, email string, c account.Caller) error
	PendingEmail(ctx context.Context, accountID int64) (*account.PendingEmail, error)
	CancelEmail(ctx context.Context, accountID int64, c account.Caller) error
	PeekEmail(ctx context.Context, token string) (storage.Account, string, error)
	ConfirmEmail(ctx context.Context, token string, c account.Caller) (storage.Account, error)
}

// EmailUndos brings the former address back.
type EmailUndos interface {
	PeekEmailUndo(ctx context.Context, token string) (string, error)
	UndoEmail(ctx context.Context, token string, c account.Caller) (storage.Account, error)
}

// Asks is what binds a mailed code to the browser that asked for it.
type Asks interface {
	NewAsk(kind account.AskKind, a account.Ask) (account.Ask, string, error)
	SealAsk(kind account.AskKind, a account.Ask) (string, error)
	OpenAsk(kind account.AskKind, ticket string) (account.Ask, error)
	VerifyByCode(ctx context.Context, ask account.Ask, code string, in account.MailEntry) (account.Verified, error)
}

// MailSignIns is the way in by mail.
type MailSignIns interface {
	AskSignIn(ctx context.Context, email string, c account.Caller, flow string) error
	PeekSignIn(ctx context.Context, token string) (storage.Account, error)
	SignInByLink(ctx context.Context, token string, in account.MailEntry) (account.SignedIn, string, error)
	SignInByCode(ctx context.Context, ask account.Ask, code string, in account.MailEntry) (account.SignedIn, error)
}

// Recoveries is the way out for who lost every second factor.
type Recoveries interface {
	StepAccount(ctx context.Context, ticket string) (storage.Account, account.StepNeed, error)
	BeginRecovery(ctx context.Context, ticket string, c account.Caller) (account.Recovery, error)
	PendingRecovery(ctx context.Context, accountID int64) (*account.Recovery, error)
	PeekRecovery(ctx context.Context, token string) (storage.Account, error)
	FinishRecovery(ctx context.Context, token string, c account.Caller) (storage.Account, error)
}

// RecoveryStops stops it.
type RecoveryStops interface {
	StopRecovery(ctx context.Context, accountID int64, c account.Caller) error
	PeekRecoveryStop(ctx context.Context, token string) (storage.Account, error)
	StopRecoveryByMail(ctx context.Context, token string, c account.Caller) error
}

// Resets is what pages can do beside [account.Verbs].
type Resets interface {
	ResetPasswordOnly(ctx context.Context, token, password string, c account.Caller) (storage.Account, error)
	StopByMail(ctx context.Context, token string, c account.Caller) error
}

// Invitations is the first visit of somebody who was invited, and what everybody must have accepted.
type Invitations interface {
	PeekInvite(ctx context.Context, token string) (storage.Account, error)
	AcceptInvite(ctx context.Context, token, fullName, password string, in account.MailEntry) (account.Verified, error)
	TermsVersion() string
	AcceptTerms(ctx context.Context, ticket, version string, c account.Caller) (account.SignedIn, error)
}

// FirstAccounts makes the first account.
type FirstAccounts interface {
	SetupOpen(ctx context.Context) (bool, error)
	SetUp(ctx context.Context, in account.FirstAccount) (storage.Account, error)
}

// lifecycleRoutes are the pages of all that.
func (s *Site) lifecycleRoutes(get, post func(path, endpoint string, h serve.Handler) Route) []Route {
	routes := []Route{
		get("/account/email", "page_email", s.email),
		post("/account/email", "page_email", s.emailPost),
		get("/account/email/change", "page_email_change", s.emailChange),
		post("/account/email/cancel", "page_email_cancel", s.emailCancel),
		get("/email/confirm", "page_email_confirm", s.emailConfirm),
		post("/email/confirm", "page_email_confirm", s.emailConfirmPost),
		get("/email/undo", "page_email_undo", s.emailUndo),
		post("/email/undo", "page_email_undo", s.emailUndoPost),
		post("/signup/code", "page_signup_code", s.signUpCode),
		get("/login/lost", "page_lost", s.lost),
		post("/login/lost", "page_lost", s.lostPost),
		post("/account/recovery/stop", "page_recovery_stop", s.recoveryStopHere),
		get("/recovery/stop", "page_recovery_stop", s.recoveryStop),
		post("/recovery/stop", "page_recovery_stop", s.recoveryStopPost),
		get("/recovery/finish", "page_recovery_finish", s.recoveryFinish),
		post("/recovery/finish", "page_recovery_finish", s.recoveryFinishPost),
		get("/invite", "page_invite", s.invite),
		post("/invite", "page_invite", s.invitePost),
		get("/terms/accept", "page_terms", s.terms),
		post("/terms/accept", "page_terms", s.termsPost),
		post("/terms/decline", "page_terms", s.termsDecline),
		get("/setup", "page_setup", s.setup),
		post("/setup", "page_setup", s.setupPost),
	}
	if s.MailSignIn {
		routes = append(routes,
			get("/login/mail", "page_login_mail", s.mailAsk), post("/login/mail", "page_login_mail", s.mailAskPost),
			get("/login/mail/sent", "page_login_mail", s.mailSent), post("/login/mail/again", "page_login_mail", s.mailAgain),
			post("/login/mail/code", "page_login_mail", s.mailCode),
			get("/login/mail/link", "page_login_mail", s.mailLink), post("/login/mail/link", "page_login_mail", s.mailLinkPost))
	}
	return routes
}

// MailSignInOpen tells templates whether people can sign in by mail.
func (f *frame) MailSignInOpen() bool { return f.s.MailSignIn }

// RecoveryOpen tells templates whether there is a way out for who lost every second factor.
func (f *frame) RecoveryOpen() bool { return f.s.RecoveryWait > 0 }

// codeField asks for a code that was mailed.
func (f *frame) codeField() field {
	return f.put(field{Name: "code", Label: f.T("mailcode.label"), Autocomplete: "one-time-code", InputMode: "numeric", Raw: true, Dir: "ltr", Enter: "go",
		Required: true, Max: 16, Digits: 8, Pattern: "[0-9 -]*", Missing: f.T("mailcode.missing")})
}

// codeRefused puts what is wrong with a mailed code into the frame.
func (f *frame) codeRefused(w http.ResponseWriter, r *http.Request, err error) (int, bool) {
	return f.refuse(w, r, err, map[account.Kind]fieldError{
		account.BadToken: {"code", f.T("mailcode.wrong")}, account.CodeVoid: {"code", f.T("mailcode.void")},
		account.WrongCredentials: {"code", f.T("mailcode.wrong")},
	})
}

// again is what a page says about sending a mail again: when that can be.
func (f *frame) again(a account.Ask, now time.Time) string {
	if left := a.Again(now); left > 0 {
		return f.T("again.wait", "time", f.wait(left))
	}
	return f.T("again.now")
}

// tooSoon refuses to send a mail again so soon.
func (f *frame) tooSoon(w http.ResponseWriter, a account.Ask, now time.Time) bool {
	left := a.Again(now)
	if left <= 0 {
		return false
	}
	retryAfter(w, left)
	f.Errors = []fieldError{{"", f.T("again.soon", "time", f.wait(left))}}
	return true
}
