package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// LogoutRoute is the end_session_endpoint, below the issuer's path.
const LogoutRoute = "/logout"

// The purposes of sealing: a question to confirm is bound to a session, a posted request to nothing.
const (
	logoutPurpose = "logout request"
	postedPurpose = "logout posted"
)

// Logout is the end_session_endpoint (OpenID Connect RP-Initiated Logout).
type Logout struct {
	// Path is the issuer's path, "" for none.
	Path    string
	Clients interface {
		Client(ctx context.Context, id string) (storage.Client, error)
	}
	// Hints reads our own ID tokens, and says whether one names an account, and by which sid its client knows a session: both may be names of the
	// client's own.
	Hints interface {
		VerifyIDHint(ctx context.Context, raw string) (token.ID, error)
		HintNames(hint token.ID, c storage.Client, a storage.Account) bool
		SID(c storage.Client, sid string) string
	}
	Sessions interface {
		Current(r *http.Request) (storage.Session, bool, error)
		Sent(r *http.Request) bool
		Clear(w http.ResponseWriter)
	}
	Accounts interface {
		Account(ctx context.Context, key storage.AccountKey) (storage.Account, error)
	}
	Vault interface {
		Seal(purpose, context string, plain []byte) ([]byte, error)
		Open(purpose, context string, sealed []byte) ([]byte, error)
	}
	// End ends a session and whatever it bought. The store queues what applications are told of it.
	End func(ctx context.Context, sid string, rec *serve.Record) error
	// Told lists the applications that are told of a session's end, and the addresses that the page loads to tell them. nil: none are.
	Told  func(ctx context.Context, s storage.Session) (apps []storage.Client, frames []string)
	Pages serve.Pages
	Now   func() time.Time
}

// Serve handles GET and POST (OpenID Connect RP-Initiated Logout §2); a POST with `confirm` is the answer to our own question.
func (e *Logout) Serve(w http.ResponseWriter, r *http.Request) error {
	form, err := e.form(r)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost && form.Get("confirm") == "" {
		return e.again(w, form)
	}
	s, in, err := e.Sessions.Current(r)
	if err != nil {
		return err
	}
	if sealed := form.Get("confirm"); r.Method == http.MethodPost {
		return e.confirmed(w, r, sealed, s, in)
	}
	a, err := e.check(r.Context(), form)
	if err != nil {
		return err
	}
	if !in {
		return e.nobody(w, r, a)
	}
	person, err := e.Accounts.Account(r.Context(), storage.AccountKey{ID: s.AccountID})
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("read account: %w", err)
	}
	if e.proven(a, s, person) {
		return e.end(w, r, a, s, false)
	}
	return e.confirm(w, r, a, s, person)
}

// nobody answers where there is no session. The cookie of one that is over goes, but only where the browser showed it: what a frame on a
// page of another site brings about must not look to applications like a sign-out.
func (e *Logout) nobody(w http.ResponseWriter, r *http.Request, a *ask) error {
	if e.Sessions.Sent(r) {
		e.Sessions.Clear(w)
	}
	return e.leave(w, r, a, serve.SignOutView{}, false)
}

// end ends the session, and then tells whoever wants to be told.
func (e *Logout) end(w http.ResponseWriter, r *http.Request, a *ask, s storage.Session, posted bool) error {
	rec := serve.RecordOf(r.Context())
	rec.AccountID, rec.ClientID = s.AccountID, a.ClientID
	if err := e.End(r.Context(), s.SID, rec); err != nil && !gone(err) {
		return err
	}
	e.Sessions.Clear(w)
	var v serve.SignOutView
	v.Apps, v.Frames = e.told(r.Context(), s)
	return e.leave(w, r, a, v, posted)
}

// gone: somebody else ended it first, and that will do.
func gone(err error) bool {
	ref, ok := errors.AsType[*account.Refusal](err)
	return ok && ref.Kind == account.Gone
}

func (e *Logout) told(ctx context.Context, s storage.Session) (apps []storage.Client, frames []string) {
	if e.Told == nil {
		return nil, nil
	}
	return e.Told(ctx, s)
}

// leave goes back to the client, or says that it is done. posted: the person said so on a form of ours.
func (e *Logout) leave(w http.ResponseWriter, r *http.Request, a *ask, v serve.SignOutView, posted bool) error {
	w.Header().Set("Cache-Control", "no-store")
	// Where only client_id vouches for the address it is a link, and no redirect (RP-Initiated Logout §3).
	onward := a.ReturnTo != "" && (a.hint != nil || posted)
	switch {
	case !onward || len(v.Frames) > 0: // Front-Channel Logout §3: the frames come first
		v.Onward = onward
		return e.Pages.SignedOut(w, r, e.view(r.Context(), a, v))
	case posted:
		return e.Pages.HandOff(w, r, a.ReturnTo)
	}
	w.Header().Set("Location", a.ReturnTo)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// view adds to v what the request says.
func (e *Logout) view(ctx context.Context, a *ask, v serve.SignOutView) serve.SignOutView {
	v.ReturnTo, v.UILocales = a.ReturnTo, a.UILocales
	if c, err := e.Clients.Client(ctx, a.ClientID); err == nil {
		v.Client = c
	}
	return v
}
