package authorize

import (
	"fmt"
	"net/http"
	"strings"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// Allow remembers the person's consent to what the flow asks for. Errors: ErrFlow where nobody is signed in or consent is not what is
// asked for now; or a fault.
func (e *Endpoint) Allow(r *http.Request, sealed string) error {
	v, err := e.Open(r, sealed)
	if err != nil {
		return err
	}
	asked, ok := v.Next.(Consent)
	if !ok {
		if _, done := v.Next.(Issue); done { // a second click
			return nil
		}
		return ErrFlow
	}
	now := e.Now()
	c := storage.Consent{AccountID: v.Who.Account.ID, ClientID: v.Request.Client.ID, Scopes: asked.Scopes, GrantedAt: now}
	if err := e.Store.PutConsent(r.Context(), c, now); err != nil {
		return fmt.Errorf("remember consent: %w", err)
	}
	rec := serve.RecordOf(r.Context())
	rec.AccountID, rec.ClientID = c.AccountID, c.ClientID
	e.Audit.Record(r.Context(), audit.Event{Name: audit.ConsentGiven, Time: now, AccountID: c.AccountID, ClientID: c.ClientID, SID: v.Who.Session.SID,
		Address: rec.Address, RequestID: rec.ID, Detail: strings.Join(asked.Scopes, " ")})
	return nil
}

// Deny answers the client with access_denied. Errors: ErrFlow, or a fault.
func (e *Endpoint) Deny(w http.ResponseWriter, r *http.Request, sealed string) error {
	q, err := e.unseal(r, sealed)
	if err != nil {
		return e.failed(w, r, q, err, true)
	}
	return e.refuse(w, r, q, oauth.E(oauth.AccessDenied, "the person refused"), true) // RFC 6749 §4.1.2.1
}
