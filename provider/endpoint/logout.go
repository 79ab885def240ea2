package endpoint

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
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
	Hints interface {
		VerifyIDHint(ctx context.Context, raw string) (token.ID, error)
	}
	Sessions interface {
		Current(r *http.Request) (storage.Session, bool, error)
		Clear(w http.ResponseWriter)
	}
	Accounts interface {
		Account(ctx context.Context, key storage.AccountKey) (storage.Account, error)
	}
	Vault interface {
		Seal(purpose, context string, plain []byte) ([]byte, error)
		Open(purpose, context string, sealed []byte) ([]byte, error)
	}
	// End ends a session and whatever it bought.
	End   func(ctx context.Context, sid string, rec *serve.Record) error
	Pages serve.Pages
	Now   func() time.Time
}

// ask is a checked logout request.
type ask struct {
	ClientID string    `json:"c,omitempty"`
	ReturnTo string    `json:"r,omitempty"` // with state
	At       time.Time `json:"t"`
	hint     *token.ID
}

// askTTL is how long a confirmation page may wait.
const askTTL = 30 * time.Minute

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
		e.Sessions.Clear(w)
		return e.leave(w, r, a, false)
	}
	account, err := e.Accounts.Account(r.Context(), storage.AccountKey{ID: s.AccountID})
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("read account: %w", err)
	}
	if a.hint != nil && a.hint.Subject == account.Sub && (a.hint.SID == "" || a.hint.SID == s.SID) {
		return e.end(w, r, a, s, false) // the client proved that it knows this session
	}
	return e.confirm(w, r, a, s, account)
}

func problem(kind, description string, cause error) error {
	return &serve.ProblemError{Problem: serve.Problem{Status: http.StatusBadRequest, Kind: kind, Code: string(oauth.InvalidRequest), Description: description}, Cause: cause}
}

// check judges the request. A post_logout_redirect_uri counts only with proof of the client that registered it: an id_token_hint.
func (e *Logout) check(ctx context.Context, f oauth.Form) (*ask, error) {
	a := &ask{ClientID: f.Get("client_id"), At: e.Now()}
	if raw := f.Get("id_token_hint"); raw != "" {
		h, err := e.Hints.VerifyIDHint(ctx, raw)
		if err != nil {
			return nil, problem("request", "id_token_hint is not an ID token of this issuer", err)
		}
		if a.ClientID != "" && !h.Audience.Has(a.ClientID) { // RP-Initiated Logout §2
			return nil, problem("request", "client_id is not the audience of id_token_hint", nil)
		}
		a.ClientID, a.hint = h.Audience[0], &h
	}
	uri := f.Get("post_logout_redirect_uri")
	if uri == "" {
		return a, nil
	}
	if a.ClientID == "" {
		return nil, problem("redirect_uri", "post_logout_redirect_uri needs id_token_hint or client_id", nil) // RP-Initiated Logout §3
	}
	c, err := e.Clients.Client(ctx, a.ClientID)
	if errors.Is(err, client.ErrUnknown) {
		return nil, problem("unknown_client", "client_id names no client", err)
	}
	if err != nil {
		return nil, err
	}
	if !slices.Contains(c.PostLogoutRedirectURIs, uri) { // byte-equal, RP-Initiated Logout §3
		return nil, problem("redirect_uri", "post_logout_redirect_uri is not registered for this client", nil)
	}
	a.ReturnTo = withState(uri, f.Get("state"))
	return a, nil
}

func withState(uri, state string) string {
	if state == "" {
		return uri
	}
	sep := "?"
	if strings.Contains(uri, "?") {
		sep = "&"
	}
	return uri + sep + "state=" + url.QueryEscape(state)
}

// confirm asks the person, who may have been sent here by anybody.
func (e *Logout) confirm(w http.ResponseWriter, r *http.Request, a *ask, s storage.Session, account storage.Account) error {
	plain, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode logout: %w", err)
	}
	sealed, err := e.Vault.Seal(logoutPurpose, s.SID, plain)
	if err != nil {
		return fmt.Errorf("seal logout: %w", err)
	}
	v := e.view(r.Context(), a)
	v.Account, v.Confirm = called(account), base64.RawURLEncoding.EncodeToString(sealed)
	return e.Pages.SignOutConfirm(w, r, v)
}

func (e *Logout) confirmed(w http.ResponseWriter, r *http.Request, sealed string, s storage.Session, in bool) error {
	if !in {
		return e.leave(w, r, &ask{}, true)
	}
	var a ask
	b, err := oauth.DecodeBase64(sealed)
	if err == nil {
		if b, err = e.Vault.Open(logoutPurpose, s.SID, b); err == nil {
			err = json.Unmarshal(b, &a)
		}
	}
	if err != nil || e.Now().Sub(a.At) > askTTL {
		return problem("expired", "", err)
	}
	return e.end(w, r, &a, s, true)
}

func (e *Logout) end(w http.ResponseWriter, r *http.Request, a *ask, s storage.Session, posted bool) error {
	rec := serve.RecordOf(r.Context())
	rec.AccountID, rec.ClientID = s.AccountID, a.ClientID
	if err := e.End(r.Context(), s.SID, rec); err != nil {
		return err
	}
	e.Sessions.Clear(w)
	return e.leave(w, r, a, posted)
}

// leave goes back to the client, or says that it is done.
func (e *Logout) leave(w http.ResponseWriter, r *http.Request, a *ask, posted bool) error {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case a.ReturnTo == "":
		return e.Pages.SignedOut(w, r, e.view(r.Context(), a))
	case a.hint == nil && !posted: // only client_id vouches for the address: a link, not a redirect
		return e.Pages.SignedOut(w, r, e.view(r.Context(), a))
	case posted:
		return e.Pages.HandOff(w, r, a.ReturnTo)
	}
	w.Header().Set("Location", a.ReturnTo)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func (e *Logout) view(ctx context.Context, a *ask) serve.SignOutView {
	v := serve.SignOutView{ReturnTo: a.ReturnTo}
	if c, err := e.Clients.Client(ctx, a.ClientID); err == nil {
		if v.ClientName = c.Name; v.ClientName == "" {
			v.ClientName = c.ID
		}
	}
	return v
}

// called is how a person is addressed.
func called(a storage.Account) string {
	for _, s := range []string{a.FullName, a.Username, a.Email} {
		if s != "" {
			return s
		}
	}
	return a.Sub
}
