package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"latchkey/provider/account"
	"latchkey/provider/passkey"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// PasskeyEntry lets people in by passkeys. See [account.Service] for what each verb promises.
type PasskeyEntry interface {
	AskPasskey(ctx context.Context, in account.PasskeyAsk) (passkey.Question, error)
	SignInPasskey(ctx context.Context, in account.PasskeySignIn) (account.SignedIn, error)
}

// PasskeyMaker makes passkeys.
type PasskeyMaker interface {
	AskNewPasskey(ctx context.Context, accountID int64, browser string, quiet bool, caller account.Caller) (passkey.Question, error)
	AddPasskey(ctx context.Context, accountID int64, in account.PasskeyAnswer, name string) (storage.Passkey, error)
	AskEnrolPasskey(ctx context.Context, step, browser string, caller account.Caller) (passkey.Question, error)
	EnrolPasskey(ctx context.Context, step string, in account.PasskeyAnswer, name string) (account.SignedIn, error)
}

// PasskeyKeeper keeps the list of somebody's passkeys.
type PasskeyKeeper interface {
	Passkeys(ctx context.Context, accountID int64) ([]storage.Passkey, error)
	PasskeySignals(ctx context.Context, a storage.Account) (account.PasskeySignals, error)
	RenamePasskey(ctx context.Context, accountID int64, id, name string, caller account.Caller) error
	RemovePasskey(ctx context.Context, accountID int64, id string, caller account.Caller) error
}

// Passkeys is everything that the pages do with passkeys.
type Passkeys struct {
	PasskeyEntry
	PasskeyMaker
	PasskeyKeeper
	// Party is the Relying Party ID. Origins are those that people may sign in at, the issuer's first; more than one are told at /.well-known/webauthn.
	Party   string
	Origins []string
}

// passkeyForm is a form that the script fills with a passkey's answer and posts. The template "passkey" draws it.
type passkeyForm struct {
	// Kind is "get" or "create". Action takes the answer; Options is where the question comes from. Both are paths under the issuer.
	Kind, Action, Options string
	// Button is the words on it, Busy those while it waits. Primary: it is what the page is for.
	Button, Busy string
	Primary      bool
	// Quiet: asked at once without anybody's doing: in the name field's autofill, or where a passkey can be made without asking.
	Quiet bool
	// Or: a line before it says that it is another way.
	Or     bool
	Hidden []hidden
	f      *frame
}

type hidden struct{ Name, Value string }

// T, Path and Failed are for the template.
func (p *passkeyForm) T(key string, args ...any) string { return p.f.T(key, args...) }

// Path is the path on the host.
func (p *passkeyForm) Path(s string) string { return p.f.Path(s) }

// Failed is what is said where nothing better is known.
func (p *passkeyForm) Failed() string { return p.f.T("passkey." + p.Kind + ".failed") }

// Cancelled is what is said where the person, or the browser, gave up.
func (p *passkeyForm) Cancelled() string { return p.f.T("passkey." + p.Kind + ".cancelled") }

// getForm is a form by which somebody proves who they are; what names the values that go with it, those that are "" are left out.
func (f *frame) getForm(action, options string, what ...hidden) *passkeyForm {
	what = slices.DeleteFunc(what, func(h hidden) bool { return h.Value == "" })
	return &passkeyForm{Kind: "get", Action: action, Options: options, Button: f.T("passkey.get.submit"), Busy: f.T("passkey.busy"), Hidden: what, f: f}
}

// createForm is a form that makes a passkey.
func (f *frame) createForm(action string, what ...hidden) *passkeyForm {
	what = slices.DeleteFunc(what, func(h hidden) bool { return h.Value == "" })
	return &passkeyForm{Kind: "create", Action: action, Options: passkeyOptions + "?for=new", Button: f.T("passkey.create.submit"), Busy: f.T("passkey.busy"),
		Primary: true, Hidden: what, f: f}
}

// passkeyOptions is where questions come from.
const passkeyOptions = "/passkeys/options"

// passkeyRoutes are the rows of the table of pages that are about passkeys.
func (s *Site) passkeyRoutes(get, post func(p, name string, h serve.Handler) Route) []Route {
	if s.Passkeys == nil {
		return nil
	}
	routes := []Route{
		post(passkeyOptions, "passkey_options", s.passkeyQuestion),
		post("/login/passkey", "page_login_passkey", s.loginPasskey),
		get("/login/offer", "page_offer", s.offer),
		post("/login/offer", "page_offer", s.offerPost),
		get("/account/passkeys", "page_passkeys", s.passkeys),
		post("/account/passkeys", "page_passkeys", s.passkeyAdd),
		post("/account/passkeys/rename", "page_passkey_rename", s.passkeyRename),
		get("/account/passkeys/remove", "page_passkey_remove", s.passkeyRemove),
		post("/account/passkeys/remove", "page_passkey_remove", s.passkeyRemovePost),
		get("/.well-known/passkey-endpoints", "passkey_endpoints", s.passkeyEndpoints),
	}
	if len(s.Passkeys.Origins) > 1 {
		routes = append(routes, get("/.well-known/webauthn", "webauthn_origins", s.relatedOrigins))
	}
	return routes
}

// browser is the value that questions to this browser are bound to: of its cookie, or a new one. Nothing else is known by it.
func (s *Site) browser(w http.ResponseWriter, r *http.Request) string {
	value := s.cookie(r, "passkey")
	if len(value) != len(rand.Text()) {
		value = rand.Text()
		s.setCookie(w, "passkey", value, "/", 0)
	}
	return value
}

// passkeyAnswer is what the script posted.
func (s *Site) passkeyAnswer(r *http.Request, locale string) account.PasskeyAnswer {
	return account.PasskeyAnswer{Browser: s.cookie(r, "passkey"), Ticket: r.PostForm.Get("ticket"), Answer: []byte(r.PostForm.Get("credential")), Caller: s.caller(r, locale)}
}

// passkeyQuestion gives the script what it asks the browser with.
func (s *Site) passkeyQuestion(w http.ResponseWriter, r *http.Request) error {
	f := s.begin(r, "", "")
	question, err := s.ask(w, r, f)
	if err != nil {
		return s.noQuestion(w, r, f, err)
	}
	return s.json(w, r, http.StatusOK, question)
}

func (s *Site) ask(w http.ResponseWriter, r *http.Request, f *frame) (passkey.Question, error) {
	q, caller := r.URL.Query(), s.caller(r, f.Lang)
	in := account.PasskeyAsk{Browser: s.browser(w, r), Two: q.Get("two") == "1", Caller: caller}
	switch q.Get("for") {
	case "enrol":
		return s.Passkeys.AskEnrolPasskey(r.Context(), s.cookie(r, "step"), in.Browser, caller)
	case "step":
		if in.Step = s.cookie(r, "step"); in.Step == "" {
			return passkey.Question{}, &account.Refusal{Kind: account.StepGone}
		}
		return s.Passkeys.AskPasskey(r.Context(), in)
	case "":
		return s.Passkeys.AskPasskey(r.Context(), in)
	}
	a, sess, live, err := s.who(r)
	if err != nil {
		return passkey.Question{}, err
	}
	switch {
	case !live:
		return passkey.Question{}, &account.Refusal{Kind: account.Gone}
	case q.Get("for") == "again":
		in.AccountID = a.ID
		return s.Passkeys.AskPasskey(r.Context(), in)
	case q.Get("for") != "new" || !s.Second.Recent(a, sess):
		return passkey.Question{}, &account.Refusal{Kind: account.Gone}
	}
	return s.Passkeys.AskNewPasskey(r.Context(), a.ID, in.Browser, q.Get("quiet") == "1", caller)
}

// noQuestion tells the script why there is none, in words for the person.
func (s *Site) noQuestion(w http.ResponseWriter, r *http.Request, f *frame, err error) error {
	ref, ok := errors.AsType[*account.Refusal](err)
	if !ok {
		return err
	}
	serve.RecordOf(r.Context()).Outcome = string(ref.Kind)
	status, text := http.StatusForbidden, f.T("passkey.reload")
	switch ref.Kind {
	case account.Throttled:
		retryAfter(w, ref.RetryAfter)
		status, text = http.StatusTooManyRequests, f.T("throttled", "wait", f.wait(ref.RetryAfter))
	case account.PasskeysFull:
		text = f.T("passkey.full", "n", maxPasskeys)
	case account.PasskeyUnknown:
		text = f.T("passkey.none")
	}
	return s.json(w, r, status, map[string]string{"message": text})
}

func (s *Site) json(w http.ResponseWriter, r *http.Request, status int, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	setHeaders(w.Header(), policy{secure: s.secure})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(raw) // the browser went away: nobody is left to tell
	}
	return nil
}

// passkeyEndpoints tells password managers where passkeys are made and kept (W3C "A Well-Known URL for Relying Party Passkey Endpoints" §3).
func (s *Site) passkeyEndpoints(w http.ResponseWriter, r *http.Request) error {
	page := s.absolute("/account/passkeys")
	return s.json(w, r, http.StatusOK, map[string]string{"enroll": page, "manage": page})
}

// relatedOrigins tells browsers where else these passkeys may be used (§5.11).
func (s *Site) relatedOrigins(w http.ResponseWriter, r *http.Request) error {
	return s.json(w, r, http.StatusOK, map[string][]string{"origins": s.Passkeys.Origins})
}

// absolute is the whole address of a path under the issuer.
func (s *Site) absolute(p string) string {
	scheme := "http://"
	if s.secure {
		scheme = "https://"
	}
	return scheme + s.host + s.path(p)
}
