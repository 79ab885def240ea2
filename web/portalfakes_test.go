package web

import (
	"context"
	"io"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// fakePortal is [Portal] as function fields; a nil one that is called panics, which a test must see.
type fakePortal struct {
	events     func(storage.EventQuery) ([]storage.AccountEvent, error)
	export     func() (account.Export, error)
	browsers   func(cookie string) ([]account.Browser, error)
	forget     func(id string) error
	own        func(account.OwnPassword) error
	everywhere func() (account.Left, error)
	leave      func(clientID string) error
	open       func(sealed string) (account.Left, []storage.LogoutNotice, error)
	grace      func() (time.Duration, bool)
	plan       func() (account.Left, error)
	keep       func(ticket string) (account.SignedIn, error)
}

func newFakePortal(now time.Time) *fakePortal {
	left := account.Left{AccountID: 7, At: now, SID: "s1", Here: storage.Session{SID: "s1"}, Untold: []string{"tide-tables"}}
	return &fakePortal{
		events: func(storage.EventQuery) ([]storage.AccountEvent, error) { return sampleEvents(), nil },
		export: func() (account.Export, error) {
			return func(_ context.Context, w io.Writer) error { _, err := w.Write([]byte("PK")); return err }, nil
		},
		browsers:   func(string) ([]account.Browser, error) { return sampleBrowsers(), nil },
		forget:     func(string) error { return nil },
		own:        func(account.OwnPassword) error { return nil },
		everywhere: func() (account.Left, error) { return left, nil },
		leave:      func(string) error { return nil },
		open: func(sealed string) (account.Left, []storage.LogoutNotice, error) {
			if sealed != "sealed" {
				return account.Left{}, nil, refusal(account.StepGone)
			}
			return left, sampleNotices(), nil
		},
		grace: func() (time.Duration, bool) { return 7 * 24 * time.Hour, true },
		plan:  func() (account.Left, error) { l := left; l.DeleteAt = now.Add(7 * 24 * time.Hour); return l, nil },
		keep: func(string) (account.SignedIn, error) {
			return account.SignedIn{Account: ada(), Session: storage.Session{SID: "s1"}}, nil
		},
	}
}

func (f *fakePortal) Events(_ context.Context, q storage.EventQuery) ([]storage.AccountEvent, error) {
	return f.events(q)
}
func (f *fakePortal) Export(context.Context, int64, storage.Session, account.Caller) (account.Export, error) {
	return f.export()
}
func (f *fakePortal) Browsers(_ context.Context, _ int64, cookie string) ([]account.Browser, error) {
	return f.browsers(cookie)
}
func (f *fakePortal) ForgetBrowser(_ context.Context, _ int64, id string, _ account.Caller) error {
	return f.forget(id)
}
func (f *fakePortal) SetOwnPassword(_ context.Context, _ int64, in account.OwnPassword, _ account.Caller) error {
	return f.own(in)
}
func (f *fakePortal) SignOutEverywhere(context.Context, storage.Session, account.Caller) (account.Left, error) {
	return f.everywhere()
}
func (f *fakePortal) SignOutOf(_ context.Context, _ int64, clientID string, _ account.Caller) error {
	return f.leave(clientID)
}
func (f *fakePortal) SealLeft(account.Left) (string, error) { return "sealed", nil }
func (f *fakePortal) OpenLeft(_ context.Context, sealed string) (account.Left, []storage.LogoutNotice, error) {
	return f.open(sealed)
}
func (f *fakePortal) DeletionGrace() (time.Duration, bool) { return f.grace() }
func (f *fakePortal) PlanDeletion(context.Context, storage.Session, account.Caller) (account.Left, error) {
	return f.plan()
}
func (f *fakePortal) KeepAccount(_ context.Context, ticket string, _ account.Caller) (account.SignedIn, error) {
	return f.keep(ticket)
}
