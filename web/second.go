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

// deviceAge is how long a browser keeps its cookie of known devices: as long as the tokens in it can live.
const deviceAge = 365 * 24 * time.Hour

// welcome gives the browser the session of somebody who is in now, and goes on: with the flow, or to a page of the account.
func (s *Site) welcome(w http.ResponseWriter, r *http.Request, got account.SignedIn, flow, ret string) {
	serve.RecordOf(r.Context()).AccountID = got.Account.ID
	s.remember(w, r, got)
	s.goOn(w, r, flow, ret)
}

// remember gives the browser the cookies of a sign-in.
func (s *Site) remember(w http.ResponseWriter, r *http.Request, got account.SignedIn) {
	s.Sessions.Set(w, got.Session, got.Secret)
	if got.Device != "" {
		s.setCookie(w, "known", got.Device, "/", deviceAge)
	}
	if s.cookie(r, "step") != "" {
		s.setCookie(w, "step", "", "/", -1)
	}
}

// goOn is where a sign-in leads: back to the flow, or to a page of the account.
func (s *Site) goOn(w http.ResponseWriter, r *http.Request, flow, ret string) {
	if flow != "" {
		s.resume(w, r, flow)
		return
	}
	s.see(w, r, orAccount(ret))
}

// step goes on with a sign-in of which something is missing: the browser gets the ticket, and the page that asks. ok is false where err is something
// else, and nothing was answered.
func (s *Site) step(w http.ResponseWriter, r *http.Request, err error, flow, ret string) (ok bool) {
	ref, is := errors.AsType[*account.Refusal](err)
	if !is || ref.Kind != account.StepNeeded || ref.Step == nil {
		return false
	}
	serve.RecordOf(r.Context()).Outcome = string(ref.Kind)
	s.see(w, r, with(with(s.keepStep(w, r, ref.Step), "flow", flow), "return", ret))
	return true
}

// keepStep gives the browser the ticket of a step, and returns the page that asks for what is needed.
func (s *Site) keepStep(w http.ResponseWriter, r *http.Request, step *account.Step) string {
	s.setCookie(w, "step", step.Ticket, "/", max(time.Second, step.ExpiresAt.Sub(s.now(r))))
	return stepPage(step.Need)
}

// stepPage is the page that asks for what is needed.
func stepPage(need account.StepNeed) string {
	switch need {
	case account.NeedEnrol:
		return "/login/enrol"
	case account.NeedTerms:
		return "/terms/accept"
	case account.NeedDeletion:
		return "/account/deletion/keep"
	}
	return "/login/otp"
}

// recent lets somebody do what is dangerous who proved lately who they are. Others are sent to prove it, and come back to a page of ours; ok is false
// where that was answered.
func (s *Site) recent(w http.ResponseWriter, r *http.Request, a storage.Account, sess storage.Session, back string) (ok bool) {
	if s.Second.Recent(a, sess) {
		return true
	}
	s.see(w, r, with("/reauth", "return", accountReturn(back)))
	return false
}

// SecondFactors is the rules of second factors at sign-in. [account.Service] has them, and says what each promises.
type SecondFactors interface {
	Recent(a storage.Account, sess storage.Session) bool
	PeekStep(ctx context.Context, ticket string, c account.Caller) (account.StepView, error)
	ProveSecond(ctx context.Context, ticket string, p account.Proof) (account.SignedIn, error)
	StepUp(ctx context.Context, a storage.Account, sess storage.Session, must bool, device string, c account.Caller) error
	Reprove(ctx context.Context, sess storage.Session, in account.Credentials) (account.SignedIn, error)
}

// Authenticators is the rules of authenticator apps. [account.Service] has them.
type Authenticators interface {
	BeginTOTP(a storage.Account) (account.TOTPSetup, error)
	ResumeTOTP(a storage.Account, ticket string) (account.TOTPSetup, error)
	ConfirmTOTP(ctx context.Context, a storage.Account, sess storage.Session, ticket, code string, c account.Caller) (kept string, err error)
	EnrolTOTP(ctx context.Context, ticket, setup string, p account.Proof) (in account.SignedIn, kept string, err error)
	RemoveTOTP(ctx context.Context, a storage.Account, c account.Caller) error
}

// RecoveryCodes is the rules of recovery codes. [account.Service] has them.
type RecoveryCodes interface {
	TwoStep(ctx context.Context, a storage.Account) (account.TwoStep, error)
	RenewRecoveryCodes(ctx context.Context, a storage.Account, c account.Caller) (kept string, err error)
	KeptCodes(a storage.Account, kept string) ([]string, error)
}

// secondRoutes are the rows of the table of pages that are about second factors.
func (s *Site) secondRoutes(get, post func(p, name string, h serve.Handler) Route) []Route {
	routes := []Route{
		get(otpPage, "page_otp", s.otp), post(otpPage, "page_otp", s.otpPost),
		get(recoveryPage, "page_recovery", s.recovery), post(recoveryPage, "page_recovery", s.recoveryPost),
		get(enrolPage, "page_enrol", s.enrol),
		get(enrolPage+"/app", "page_enrol_app", s.enrolApp), post(enrolPage+"/app", "page_enrol_app", s.enrolAppPost),
		post("/login/decline", "page_decline", s.declinePost),
		get(reauthPage, "page_reauth", s.reauth), post(reauthPage, "page_reauth", s.reauthPost),
		get(twoStepPage, "page_two_step", s.twoStep),
		get(appPage, "page_two_step_app", s.app), post(appPage, "page_two_step_app", s.appPost),
		get(codesPage, "page_codes", s.codes), post(codesPage, "page_codes", s.codesSaved),
		get(codesPage+".txt", "page_codes_file", s.codesFile), post(codesPage+"/new", "page_codes_new", s.codesNew),
		get(offPage, "page_two_step_off", s.twoStepOff), post(offPage, "page_two_step_off", s.twoStepOffPost),
	}
	if s.Passkeys != nil {
		routes = append(routes, post(otpPage+"/passkey", "page_otp_passkey", s.otpPasskey), post(enrolPage+"/passkey", "page_enrol_passkey", s.enrolPasskey),
			post(reauthPage+"/passkey", "page_reauth_passkey", s.reauthPasskey))
	}
	return routes
}

// stepUp asks somebody who is signed in for the second factor that a flow is worth. Where there is nothing to ask, they declined as it were.
func (s *Site) stepUp(w http.ResponseWriter, r *http.Request, in signIn) error {
	err := s.Second.StepUp(r.Context(), in.who, in.sess, in.fl.MustTwo, s.cookie(r, "known"), s.caller(r, ""))
	if s.step(w, r, err, in.fl.Sealed, in.ret) {
		return nil
	}
	if !account.IsKind(err, account.FactorUsed) {
		return err
	}
	again, err := s.Flows.Decline(r, in.fl.Sealed, in.sess.SID)
	if err != nil {
		return err
	}
	s.resume(w, r, again)
	return nil
}

// deviceStepUp asks for the second factor before a device is decided about whose client is for no less. Who cannot prove one signs in again.
func (s *Site) deviceStepUp(w http.ResponseWriter, r *http.Request, a storage.Account, sess storage.Session) error {
	err := s.Second.StepUp(r.Context(), a, sess, true, s.cookie(r, "known"), s.caller(r, ""))
	if s.step(w, r, err, "", deviceAsk) {
		return nil
	}
	if account.IsKind(err, account.FactorUsed) {
		s.see(w, r, with("/login?other=1", "return", deviceAsk))
		return nil
	}
	return err
}
