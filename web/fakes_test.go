package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// fakeVerbs is [account.Verbs] as function fields; a nil one that is called panics, which a test must see.
type fakeVerbs struct {
	signUp       func(account.SignUp) (account.SignedIn, error)
	signIn       func(account.Credentials) (account.SignedIn, error)
	signOut      func(sid string) error
	resend       func(email, flow string) error
	peekVerify   func(token string) (string, error)
	verify       func(token string) (storage.Account, string, error)
	forgot       func(email string) error
	peekReset    func(token string) (storage.Account, error)
	reset        func(token, password string) (storage.Account, error)
	revoke       func(token string) error
	change       func(current, next, keep string) error
	account      func(id int64) (storage.Account, error)
	update       func(account.Profile) (storage.Account, error)
	putResume    func(account.Upload) (storage.Account, error)
	putPicture   func(account.Upload) (storage.Account, error)
	file         func(storage.FileKind) (storage.FileInfo, []byte, error)
	picture      func(id string) (storage.FileInfo, []byte, error)
	deleteFile   func(storage.FileKind) error
	sessions     func() ([]storage.Session, error)
	endSession   func(sid string) error
	endOthers    func(keep string) (int, error)
	consents     func() ([]storage.Consent, error)
	removed      func(clientID string) error
	verified     account.Verified // beside what verify says
	verifyErr    error
	lastCaller   account.Caller
	lastAccounts []int64
}

func (f *fakeVerbs) SignUp(_ context.Context, in account.SignUp) (account.SignedIn, error) {
	f.lastCaller = in.Caller
	return f.signUp(in)
}

func (f *fakeVerbs) SignIn(_ context.Context, in account.Credentials) (account.SignedIn, error) {
	f.lastCaller = in.Caller
	return f.signIn(in)
}

func (f *fakeVerbs) SignOut(_ context.Context, sid string, c account.Caller) error {
	f.lastCaller = c
	return f.signOut(sid)
}

func (f *fakeVerbs) UsernameAvailable(context.Context, account.Dialect, string, account.Caller) (bool, error) {
	return false, errors.New("pages do not ask")
}

func (f *fakeVerbs) ResendVerification(_ context.Context, email string, c account.Caller, flow string) error {
	f.lastCaller = c
	return f.resend(email, flow)
}
func (f *fakeVerbs) PeekVerify(_ context.Context, token string) (string, error) {
	return f.peekVerify(token)
}
func (f *fakeVerbs) VerifyEmail(_ context.Context, token string, _ account.Ask, _ account.MailEntry) (account.Verified, error) {
	a, flow, err := f.verify(token)
	if err != nil {
		return account.Verified{}, err
	}
	f.verified.Account, f.verified.Flow = a, flow
	return f.verified, f.verifyErr
}
func (f *fakeVerbs) ForgotPassword(_ context.Context, email string, c account.Caller) error {
	f.lastCaller = c
	return f.forgot(email)
}
func (f *fakeVerbs) PeekReset(_ context.Context, token string) (storage.Account, error) {
	return f.peekReset(token)
}
func (f *fakeVerbs) ResetPassword(_ context.Context, token, password string, _ account.Dialect, _ account.Caller) (storage.Account, error) {
	return f.reset(token, password)
}
func (f *fakeVerbs) RevokeByMail(_ context.Context, token string, _ account.Caller) error {
	return f.revoke(token)
}
func (f *fakeVerbs) ChangePassword(_ context.Context, _ int64, current, next, keep string, _ account.Caller) error {
	return f.change(current, next, keep)
}
func (f *fakeVerbs) Confirm(context.Context, int64, string, account.Caller) error {
	return errors.New("pages do not ask")
}
func (f *fakeVerbs) Account(_ context.Context, id int64) (storage.Account, error) {
	return f.account(id)
}
func (f *fakeVerbs) UpdateProfile(_ context.Context, _ int64, change account.Profile, _ account.Caller) (storage.Account, error) {
	return f.update(change)
}
func (f *fakeVerbs) PutResume(_ context.Context, _ int64, up account.Upload, _ account.Caller) (storage.Account, error) {
	return f.putResume(up)
}
func (f *fakeVerbs) PutPicture(_ context.Context, _ int64, up account.Upload, _ account.Caller) (storage.Account, error) {
	return f.putPicture(up)
}
func (f *fakeVerbs) File(_ context.Context, _ int64, kind storage.FileKind) (storage.FileInfo, []byte, error) {
	return f.file(kind)
}
func (f *fakeVerbs) Picture(_ context.Context, id string) (storage.FileInfo, []byte, error) {
	return f.picture(id)
}
func (f *fakeVerbs) DeleteFile(_ context.Context, _ int64, kind storage.FileKind, _ account.Caller) error {
	return f.deleteFile(kind)
}
func (f *fakeVerbs) Sessions(context.Context, int64) ([]storage.Session, error) { return f.sessions() }
func (f *fakeVerbs) EndSession(_ context.Context, id int64, sid string, _ account.Caller) error {
	f.lastAccounts = append(f.lastAccounts, id)
	return f.endSession(sid)
}
func (f *fakeVerbs) EndOtherSessions(_ context.Context, _ int64, keep string, _ account.Caller) (int, error) {
	return f.endOthers(keep)
}
func (f *fakeVerbs) Consents(context.Context, int64) ([]storage.Consent, error) { return f.consents() }
func (f *fakeVerbs) RemoveConsent(_ context.Context, id int64, clientID string, c account.Caller) error {
	f.lastAccounts, f.lastCaller = append(f.lastAccounts, id), c
	return f.removed(clientID)
}
func (f *fakeVerbs) Live(context.Context, string) (storage.Account, storage.Session, error) {
	return storage.Account{}, storage.Session{}, errors.New("pages do not ask")
}

// fakeSessions knows one session, by the cookie "sid".
type fakeSessions struct {
	live *storage.Session
	err  error
}

func (f *fakeSessions) Current(r *http.Request) (storage.Session, bool, error) {
	if f.err != nil {
		return storage.Session{}, false, f.err
	}
	if c, err := r.Cookie("sid"); err == nil && f.live != nil && c.Value == f.live.SID {
		return *f.live, true, nil
	}
	return storage.Session{}, false, nil
}

func (f *fakeSessions) Set(w http.ResponseWriter, s storage.Session, secret string) {
	http.SetCookie(w, &http.Cookie{Name: "sid", Value: s.SID, Path: "/", HttpOnly: true})
}

func (f *fakeSessions) Clear(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: "sid", Path: "/", MaxAge: -1})
}

// fakeFlows opens the flows it holds.
type fakeFlows struct {
	open   map[string]Flow
	choose func(sealed, sid string) (string, error)
	allow  func(sealed string) error
	deny   func(w http.ResponseWriter, sealed string) error
}

func (f *fakeFlows) Open(_ *http.Request, sealed string) (Flow, error) {
	fl, ok := f.open[sealed]
	if !ok {
		return Flow{}, &serve.ProblemError{Problem: serve.Problem{Status: http.StatusBadRequest, Kind: "expired"}, Cause: errors.New("not a flow of this browser")}
	}
	fl.Sealed = sealed
	return fl, nil
}
func (f *fakeFlows) Resume(sealed string) string { return "/authorize?flow=" + sealed }
func (f *fakeFlows) Choose(_ *http.Request, sealed, sid string) (string, error) {
	return f.choose(sealed, sid)
}
func (f *fakeFlows) Decline(_ *http.Request, sealed, sid string) (string, error) {
	return sealed + ".declined." + sid, nil
}
func (f *fakeFlows) Allow(_ *http.Request, sealed string) error { return f.allow(sealed) }
func (f *fakeFlows) Deny(w http.ResponseWriter, _ *http.Request, sealed string) error {
	return f.deny(w, sealed)
}

type fakeMailbox []SentMail

func (m fakeMailbox) Mails() []SentMail { return m }

func refusal(kind account.Kind) error {
	return &account.Refusal{Kind: kind, RetryAfter: 40 * time.Second}
}

func invalid(field string, p account.Problem) error {
	return &account.Refusal{Kind: account.Invalid, Fields: map[string]account.Problem{field: p}, Order: []string{field}, Minimum: 8}
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}
