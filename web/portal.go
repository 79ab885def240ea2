package web

import (
	"context"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// Portal is what only the account's own pages ask for. [account.Service] has all of it, and says what each promises.
type Portal struct {
	Records   Records
	Browsers  Browsers
	Passwords Passwords
	Leavings  Leavings
	Deletions Deletions
}

// Records is what an account's owner can read of it.
type Records interface {
	Events(ctx context.Context, q storage.EventQuery) ([]storage.AccountEvent, error)
	Export(ctx context.Context, accountID int64, sess storage.Session, c account.Caller) (account.Export, error)
}

// Browsers are those that an account knows.
type Browsers interface {
	Browsers(ctx context.Context, accountID int64, cookie string) ([]account.Browser, error)
	ForgetBrowser(ctx context.Context, accountID int64, id string, c account.Caller) error
}

// Passwords sets passwords by their owner's hand.
type Passwords interface {
	SetOwnPassword(ctx context.Context, accountID int64, in account.OwnPassword, c account.Caller) error
}

// Leavings ends what a person is signed in to.
type Leavings interface {
	SignOutEverywhere(ctx context.Context, sess storage.Session, c account.Caller) (account.Left, error)
	SignOutOf(ctx context.Context, accountID int64, clientID string, c account.Caller) error
	SealLeft(l account.Left) (string, error)
	OpenLeft(ctx context.Context, sealed string) (account.Left, []storage.LogoutNotice, error)
}

// Deletions is the end of an account.
type Deletions interface {
	DeletionGrace() (grace time.Duration, open bool)
	PlanDeletion(ctx context.Context, sess storage.Session, c account.Caller) (account.Left, error)
	KeepAccount(ctx context.Context, ticket string, c account.Caller) (account.SignedIn, error)
}

// PortalOf is the portal over one that has all of it.
func PortalOf(all interface {
	Records
	Browsers
	Passwords
	Leavings
	Deletions
}) Portal {
	return Portal{Records: all, Browsers: all, Passwords: all, Leavings: all, Deletions: all}
}

// whole tells whether nothing is missing.
func (p Portal) whole() bool {
	return p.Records != nil && p.Browsers != nil && p.Passwords != nil && p.Leavings != nil && p.Deletions != nil
}

// portalRoutes are the account's own pages; those of addresses, passkeys and second factors are elsewhere.
func (s *Site) portalRoutes(get, post func(path, endpoint string, h serve.Handler) Route) []Route {
	return []Route{
		get("/account", "page_account", s.home),
		get(profilePage, "page_profile", s.profile),
		post(profilePage, "page_profile", s.profilePost),
		post("/account/profile/more", "page_profile_more", s.morePost),
		get(passwordPage, "page_password", s.password),
		post(passwordPage, "page_password", s.passwordPost),
		get(sessionsPage, "page_sessions", s.sessions),
		post("/account/sessions/end", "page_session_end", s.sessionEnd),
		post("/account/sessions/end-others", "page_sessions_end", s.sessionsEnd),
		post("/account/sessions/forget", "page_browser_forget", s.browserForget),
		get("/account/sessions/everywhere", "page_everywhere", s.everywhereAsk),
		post("/account/sessions/everywhere", "page_everywhere", s.everywherePost),
		get(leftPage, "page_left", s.left),
		get(applicationsPage, "page_applications", s.applications),
		get("/account/applications/remove", "page_application_remove", s.applicationAsk),
		post("/account/applications/remove", "page_application_remove", s.applicationRemove),
		post("/account/applications/sign-out", "page_application_leave", s.applicationLeave),
		get(activityPage, "page_activity", s.activity),
		get("/account/activity.csv", "page_activity_table", s.activityCSV),
		get(dataPage, "page_data", s.data),
		post("/account/data/export", "page_data_export", s.dataExport),
		get(deletePage, "page_data_delete", s.deletion),
		post(deletePage, "page_data_delete", s.deletionPost),
		get(keepPage, "page_data_keep", s.keep),
		post(keepPage, "page_data_keep", s.keepPost),
		post("/account/deletion/leave", "page_data_leave", s.keepDecline),
	}
}
