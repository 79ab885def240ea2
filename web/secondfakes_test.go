package web

import (
	"context"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// fakeSecond is [SecondFactors], [Authenticators] and [RecoveryCodes] as function fields; a nil one that is called panics, which a test must see.
type fakeSecond struct {
	recent  func(storage.Account, storage.Session) bool
	peek    func(ticket string) (account.StepView, error)
	prove   func(ticket string, p account.Proof) (account.SignedIn, error)
	stepUp  func(must bool) error
	reprove func(account.Credentials) (account.SignedIn, error)
	begin   func() (account.TOTPSetup, error)
	resume  func(ticket string) (account.TOTPSetup, error)
	confirm func(ticket, code string) (string, error)
	enrol   func(ticket, setup string, p account.Proof) (account.SignedIn, string, error)
	remove  func() error
	twoStep func() (account.TwoStep, error)
	renew   func() (string, error)
	kept    func(string) ([]string, error)
}

func (f *fakeSecond) Recent(a storage.Account, s storage.Session) bool { return f.recent(a, s) }
func (f *fakeSecond) PeekStep(_ context.Context, ticket string, _ account.Caller) (account.StepView, error) {
	return f.peek(ticket)
}
func (f *fakeSecond) ProveSecond(_ context.Context, ticket string, p account.Proof) (account.SignedIn, error) {
	return f.prove(ticket, p)
}
func (f *fakeSecond) StepUp(_ context.Context, _ storage.Account, _ storage.Session, must bool, _ string, _ account.Caller) error {
	return f.stepUp(must)
}
func (f *fakeSecond) Reprove(_ context.Context, _ storage.Session, in account.Credentials) (account.SignedIn, error) {
	return f.reprove(in)
}
func (f *fakeSecond) BeginTOTP(storage.Account) (account.TOTPSetup, error) { return f.begin() }
func (f *fakeSecond) ResumeTOTP(_ storage.Account, ticket string) (account.TOTPSetup, error) {
	return f.resume(ticket)
}
func (f *fakeSecond) ConfirmTOTP(_ context.Context, _ storage.Account, _ storage.Session, ticket, code string, _ account.Caller) (string, error) {
	return f.confirm(ticket, code)
}
func (f *fakeSecond) EnrolTOTP(_ context.Context, ticket, setup string, p account.Proof) (account.SignedIn, string, error) {
	return f.enrol(ticket, setup, p)
}
func (f *fakeSecond) RemoveTOTP(context.Context, storage.Account, account.Caller) error {
	return f.remove()
}
func (f *fakeSecond) TwoStep(context.Context, storage.Account) (account.TwoStep, error) {
	return f.twoStep()
}
func (f *fakeSecond) RenewRecoveryCodes(context.Context, storage.Account, account.Caller) (string, error) {
	return f.renew()
}
func (f *fakeSecond) KeptCodes(_ storage.Account, kept string) ([]string, error) {
	return f.kept(kept)
}

// newFakeSecond gives a friendly answer each, for somebody who turned two-step on at a time, or, where that is zero, did not.
func newFakeSecond(now time.Time) *fakeSecond {
	step := func(ticket string) error {
		if ticket != "step" {
			return refusal(account.StepGone)
		}
		return nil
	}
	signedIn := account.SignedIn{Account: ada(), Session: storage.Session{SID: "s1", AccountID: 7}, Secret: "secret"}
	code := func(code string) error {
		if code != "123456" && code != "ABCD-EFGH-JKLM-NPQR" {
			return refusal(account.WrongCode)
		}
		return nil
	}
	setup := account.TOTPSetup{Ticket: "setup", Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", URI: "otpauth://totp/Latchkey:ada.byron%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Latchkey&algorithm=SHA1&digits=6&period=30"}
	return &fakeSecond{
		recent: func(storage.Account, storage.Session) bool { return true },
		peek: func(ticket string) (account.StepView, error) {
			return account.StepView{Account: ada(), Need: account.NeedSecond, Methods: []account.Method{account.MethodTOTP, account.MethodPasskey, account.MethodRecovery}, Trust: 30 * 24 * time.Hour}, step(ticket)
		},
		prove: func(ticket string, p account.Proof) (account.SignedIn, error) {
			if err := step(ticket); err != nil {
				return account.SignedIn{}, err
			}
			return signedIn, code(p.Code)
		},
		stepUp: func(bool) error {
			return &account.Refusal{Kind: account.StepNeeded, Step: &account.Step{Ticket: "step", Need: account.NeedSecond, ExpiresAt: now.Add(10 * time.Minute)}}
		},
		reprove: func(in account.Credentials) (account.SignedIn, error) {
			if in.Password != "correct horse" {
				return account.SignedIn{}, refusal(account.WrongPassword)
			}
			return signedIn, nil
		},
		begin: func() (account.TOTPSetup, error) { return setup, nil },
		resume: func(ticket string) (account.TOTPSetup, error) {
			if ticket != "setup" {
				return account.TOTPSetup{}, refusal(account.StepGone)
			}
			return setup, nil
		},
		confirm: func(_, c string) (string, error) { return "kept", code(c) },
		enrol: func(ticket, _ string, p account.Proof) (account.SignedIn, string, error) {
			if err := step(ticket); err != nil {
				return account.SignedIn{}, "", err
			}
			return signedIn, "kept", code(p.Code)
		},
		remove:  func() error { return nil },
		twoStep: func() (account.TwoStep, error) { return account.TwoStep{CanAdd: true}, nil },
		renew:   func() (string, error) { return "kept", nil },
		kept: func(kept string) ([]string, error) {
			if kept != "kept" {
				return nil, refusal(account.StepGone)
			}
			return sampleCodes(), nil
		},
	}
}
