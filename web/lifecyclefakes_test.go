package web

import (
	"context"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// fakeLife is [Lifecycle] as function fields where tests differ; the rest gives a friendly answer.
type fakeLife struct {
	now       time.Time
	pending   *account.PendingEmail
	waits     *account.Recovery
	asked     []string
	entered   error // why an invitation that was taken signs nobody in
	need      account.StepNeed
	step      storage.Account
	version   string
	open      bool
	err       error
	signed    account.SignedIn
	flow      string
	entry     account.MailEntry
	lastAsk   account.Ask
	lastCall  account.Caller
	setUpWith account.FirstAccount
}

func (f *fakeLife) good(token string) error {
	if f.err != nil {
		return f.err
	}
	if token != "good" {
		return refusal(account.BadToken)
	}
	return nil
}

func (f *fakeLife) note(what string, c account.Caller) {
	f.asked, f.lastCall = append(f.asked, what), c
}

func (f *fakeLife) ChangeEmail(_ context.Context, _ int64, sid, email string, c account.Caller) error {
	f.note("change "+sid+" "+email, c)
	return f.err
}
func (f *fakeLife) PendingEmail(context.Context, int64) (*account.PendingEmail, error) {
	return f.pending, nil
}
func (f *fakeLife) CancelEmail(_ context.Context, _ int64, c account.Caller) error {
	f.note("cancel", c)
	return nil
}
func (f *fakeLife) PeekEmail(_ context.Context, token string) (storage.Account, string, error) {
	return ada(), "ada@new.example", f.good(token)
}
func (f *fakeLife) ConfirmEmail(_ context.Context, token string, c account.Caller) (storage.Account, error) {
	f.note("confirm "+token, c)
	return ada(), f.good(token)
}
func (f *fakeLife) PeekEmailUndo(_ context.Context, token string) (string, error) {
	return ada().Email, f.good(token)
}
func (f *fakeLife) UndoEmail(_ context.Context, token string, c account.Caller) (storage.Account, error) {
	f.note("undo "+token, c)
	return ada(), f.good(token)
}
func (f *fakeLife) NewAsk(kind account.AskKind, a account.Ask) (account.Ask, string, error) {
	a.ID, a.At = "ask-"+string(kind), f.now
	f.lastAsk = a
	return a, "ticket", nil
}
func (f *fakeLife) OpenAsk(_ account.AskKind, ticket string) (account.Ask, error) {
	if ticket != "ticket" {
		return account.Ask{}, refusal(account.BadToken)
	}
	return f.lastAsk, nil
}
func (f *fakeLife) SealAsk(_ account.AskKind, a account.Ask) (string, error) {
	f.lastAsk = a
	return "ticket", nil
}
func (f *fakeLife) VerifyByCode(_ context.Context, ask account.Ask, code string, in account.MailEntry) (account.Verified, error) {
	f.note("verify "+ask.ID+" "+code, in.Caller)
	if err := f.code(code); err != nil {
		return account.Verified{}, err
	}
	return account.Verified{Account: ada(), Flow: f.flow}, nil
}

func (f *fakeLife) code(code string) error {
	if f.err == nil && code != "12345678" {
		return refusal(account.BadToken)
	}
	return f.err
}

func (f *fakeLife) AskSignIn(_ context.Context, email string, c account.Caller, flow string) error {
	f.note("mail "+email+" "+flow+" "+c.Ask, c)
	return f.err
}
func (f *fakeLife) PeekSignIn(_ context.Context, token string) (storage.Account, error) {
	return ada(), f.good(token)
}
func (f *fakeLife) SignInByLink(_ context.Context, token string, in account.MailEntry) (account.SignedIn, string, error) {
	f.entry = in
	f.note("link "+token, in.Caller)
	return f.signed, f.flow, f.good(token)
}
func (f *fakeLife) SignInByCode(_ context.Context, ask account.Ask, code string, in account.MailEntry) (account.SignedIn, error) {
	f.entry = in
	f.note("code "+ask.ID+" "+code, in.Caller)
	return f.signed, f.code(code)
}
func (f *fakeLife) StepAccount(_ context.Context, ticket string) (storage.Account, account.StepNeed, error) {
	if ticket != "step" {
		return storage.Account{}, "", refusal(account.StepGone)
	}
	return f.step, f.need, nil
}
func (f *fakeLife) BeginRecovery(_ context.Context, ticket string, c account.Caller) (account.Recovery, error) {
	f.note("begin "+ticket, c)
	return account.Recovery{ReadyAt: f.now.Add(72 * time.Hour)}, f.err
}
func (f *fakeLife) PendingRecovery(context.Context, int64) (*account.Recovery, error) {
	return f.waits, nil
}
func (f *fakeLife) PeekRecovery(_ context.Context, token string) (storage.Account, error) {
	return ada(), f.good(token)
}
func (f *fakeLife) FinishRecovery(_ context.Context, token string, c account.Caller) (storage.Account, error) {
	f.note("finish "+token, c)
	return ada(), f.good(token)
}
func (f *fakeLife) StopRecovery(_ context.Context, _ int64, c account.Caller) error {
	f.note("stop", c)
	return nil
}
func (f *fakeLife) PeekRecoveryStop(_ context.Context, token string) (storage.Account, error) {
	return ada(), f.good(token)
}
func (f *fakeLife) StopRecoveryByMail(_ context.Context, token string, c account.Caller) error {
	f.note("stop "+token, c)
	return f.good(token)
}
func (f *fakeLife) ResetPasswordOnly(_ context.Context, token, _ string, c account.Caller) (storage.Account, error) {
	f.note("reset only "+token, c)
	return ada(), f.good(token)
}
func (f *fakeLife) StopByMail(_ context.Context, token string, c account.Caller) error {
	f.note("stop all "+token, c)
	return f.good(token)
}
func (f *fakeLife) PeekInvite(_ context.Context, token string) (storage.Account, error) {
	if token != "good" {
		return storage.Account{}, refusal(account.BadToken)
	}
	return ada(), nil
}
func (f *fakeLife) AcceptInvite(_ context.Context, token, name, _ string, in account.MailEntry) (account.Verified, error) {
	f.note("accept "+token+" "+name, in.Caller)
	if f.err != nil {
		return account.Verified{}, f.err
	}
	if f.entered != nil {
		return account.Verified{Account: ada()}, f.entered
	}
	got := f.signed
	return account.Verified{Account: ada(), SignedIn: &got}, nil
}
func (f *fakeLife) TermsVersion() string { return f.version }
func (f *fakeLife) AcceptTerms(_ context.Context, ticket, version string, c account.Caller) (account.SignedIn, error) {
	f.note("terms "+ticket+" "+version, c)
	return f.signed, f.err
}
func (f *fakeLife) SetupOpen(context.Context) (bool, error) { return f.open, nil }
func (f *fakeLife) SetUp(_ context.Context, in account.FirstAccount) (storage.Account, error) {
	f.setUpWith = in
	return ada(), f.err
}
