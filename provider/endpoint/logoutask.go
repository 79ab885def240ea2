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

// ask is a checked logout request. What is exported outlasts the question.
type ask struct {
	ClientID  string    `json:"c,omitempty"`
	ReturnTo  string    `json:"r,omitempty"` // with state
	UILocales string    `json:"l,omitempty"`
	At        time.Time `json:"t"`
	// hint is a valid id_token_hint, client the one that it was made for, who is logout_hint.
	hint   *token.ID
	client storage.Client
	who    string
}

// askTTL is how long a confirmation page may wait.
const askTTL = 30 * time.Minute

func problem(kind, description string, cause error) error {
	return &serve.ProblemError{Problem: serve.Problem{Status: http.StatusBadRequest, Kind: kind, Code: string(oauth.InvalidRequest), Description: description}, Cause: cause}
}

// check judges the request. A post_logout_redirect_uri is believed with the client that registered it; leave says how far.
func (e *Logout) check(ctx context.Context, f oauth.Form) (*ask, error) {
	a := &ask{ClientID: f.Get("client_id"), UILocales: f.Get("ui_locales"), At: e.Now(), who: f.Get("logout_hint")}
	if raw := f.Get("id_token_hint"); raw != "" {
		h, err := e.Hints.VerifyIDHint(ctx, raw)
		if errors.Is(err, token.ErrMalformed) {
			return nil, problem("request", "id_token_hint is not an ID token of this issuer", err)
		}
		if err != nil {
			return nil, err
		}
		if a.ClientID != "" && !h.Audience.Has(a.ClientID) { // RP-Initiated Logout §2
			return nil, problem("request", "client_id is not the audience of id_token_hint", nil)
		}
		if a.ClientID == "" {
			a.ClientID = h.Audience[0]
		}
		a.hint = &h
	}
	uri := f.Get("post_logout_redirect_uri")
	if uri != "" && a.ClientID == "" {
		return nil, problem("redirect_uri", "post_logout_redirect_uri needs id_token_hint or client_id", nil) // RP-Initiated Logout §3
	}
	c, err := e.Clients.Client(ctx, a.ClientID)
	if errors.Is(err, client.ErrUnknown) {
		if uri != "" {
			return nil, problem("unknown_client", "client_id names no client", err)
		}
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	a.client = c
	if uri == "" {
		return a, nil
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

// proven: the client knows this person's session, so nobody has to be asked. Every ID token of a session has its sid: without it, a client that signs
// with a secret of its own could end the sessions of people who never came to it. A logout_hint that names somebody else takes the proof away
// again, and can give nothing (RP-Initiated Logout §2, §6).
func (e *Logout) proven(a *ask, s storage.Session, person storage.Account) bool {
	return a.hint != nil && e.Hints.HintNames(*a.hint, a.client, person) && a.hint.SID == e.Hints.SID(a.client, s.SID) &&
		(a.who == "" || names(a.who, a.hint.Subject, person))
}

// names tells whether a logout_hint can mean the person: a login, or the subject that the client knows.
func names(hint, subject string, a storage.Account) bool {
	return hint == subject || (a.Username != "" && strings.EqualFold(hint, a.Username)) || (a.Email != "" && strings.EqualFold(hint, a.Email))
}

// confirm asks the person, who may have been sent here by anybody.
func (e *Logout) confirm(w http.ResponseWriter, r *http.Request, a *ask, s storage.Session, person storage.Account) error {
	plain, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode logout: %w", err)
	}
	sealed, err := e.Vault.Seal(logoutPurpose, s.SID, plain)
	if err != nil {
		return fmt.Errorf("seal logout: %w", err)
	}
	v := e.view(r.Context(), a, serve.SignOutView{Account: called(person), Confirm: base64.RawURLEncoding.EncodeToString(sealed)})
	v.Apps, _ = e.told(r.Context(), s)
	return e.Pages.SignOutConfirm(w, r, v)
}

// confirmed is the person's yes.
func (e *Logout) confirmed(w http.ResponseWriter, r *http.Request, sealed string, s storage.Session, in bool) error {
	if !in {
		return e.nobody(w, r, &ask{})
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

// called is how a person is addressed.
func called(a storage.Account) string {
	for _, s := range []string{a.FullName, a.Username, a.Email} {
		if s != "" {
			return s
		}
	}
	return a.Sub
}
