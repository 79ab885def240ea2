package forward

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// visited finds the application whose host a browser visits: the one that a proxy names, which is in X-Forwarded-Host if it changed Host.
func (e *Endpoint) visited(w http.ResponseWriter, r *http.Request) (client.Forwarded, string, error) {
	if err := e.trusted(r); err != nil {
		return client.Forwarded{}, "", err
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Del("Strict-Transport-Security") // that is for the application's host to say
	host, err := r.Host, error(nil)
	if len(r.Header.Values("X-Forwarded-Host")) > 0 {
		host, err = single(r.Header, "X-Forwarded-Host")
	}
	if err == nil {
		host, err = canonicalHost(host)
	}
	if err != nil {
		return client.Forwarded{}, "", &refused{status: http.StatusBadRequest, text: "The proxy did not say clearly which host this is.", cause: err}
	}
	app, known := e.Apps.Forwarded(host)
	if !known {
		return client.Forwarded{}, "", &refused{status: http.StatusForbidden, text: "No application is declared for this host.", cause: errors.New("no application has the host of the request")}
	}
	serve.RecordOf(r.Context()).ClientID = app.Client.ID
	return app, host, nil
}

// SignIn begins a sign-in on the host of an application: a code flow with PKCE (RFC 6749 §4.1.1, RFC 7636 §4.3). Nothing is stored: what is to be known when the
// answer comes is sealed in its state, and worth something in this browser alone.
func (e *Endpoint) SignIn(w http.ResponseWriter, r *http.Request) error {
	app, host, err := e.visited(w, r)
	if err != nil {
		return err
	}
	bound := lone(r, bindName)
	if len(bound) != bindLength { // one value for all windows of a browser, so that none of them loses its own
		bound = token.Random(16)
	}
	s := state{Return: returnPath(r.URL.Query().Get("rd"), host), Verifier: token.Random(32), Started: e.Now().Unix()}
	sealed, err := seal(e.Vault, statePurpose, place(app, host)+"\x00"+bound, s)
	if err != nil {
		return err
	}
	setCookie(w, bindName, bound, e.Now().Add(stateTTL))
	see(w, e.Issuer+"/authorize?"+url.Values{"client_id": {app.Client.ID}, "redirect_uri": {"https://" + host + CallbackRoute}, "response_type": {oauth.TypeCode},
		"scope": {oauth.Scopes(app.Client.Scopes).String()}, "state": {sealed}, "code_challenge": {challenge(s.Verifier)}, "code_challenge_method": {oauth.S256}}.Encode())
	return nil
}

// challenge is that of a verifier (RFC 7636 §4.2).
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func see(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// Callback takes the answer of /authorize, and gives the browser the application's cookie.
func (e *Endpoint) Callback(w http.ResponseWriter, r *http.Request) error {
	app, host, err := e.visited(w, r)
	if err != nil {
		return err
	}
	q, err := oauth.QueryForm(r.URL.RawQuery)
	if err != nil {
		return e.lost(err)
	}
	var s state
	bound := lone(r, bindName)
	if len(bound) != bindLength || !unseal(e.Vault, statePurpose, place(app, host)+"\x00"+bound, q.Get("state"), &s) {
		return e.lost(errors.New("the state is not of this browser and host")) // RFC 6749 §10.12
	}
	if e.Now().Sub(time.Unix(s.Started, 0)) >= stateTTL {
		return e.lost(errors.New("the state has expired"))
	}
	if q.Get("iss") != e.Issuer { // RFC 9207 §2.4
		return e.lost(errors.New("the answer is of another issuer"))
	}
	if code := q.Get("error"); code != "" { // RFC 6749 §4.1.2.1
		return &refused{status: http.StatusForbidden, text: "You were not let in.", cause: errors.New("the answer is " + headerText(code[:min(len(code), 40)]))}
	}
	g, who, err := e.redeem(r, app, host, q.Get("code"), s.Verifier)
	if err != nil {
		return err
	}
	return e.admit(w, r, app, host, g, who, s.Return)
}

// lost answers a callback that belongs to no sign-in of this browser.
func (e *Endpoint) lost(cause error) error {
	return &refused{status: http.StatusBadRequest, text: "This sign-in has ended, or began in another browser. Open the application again: /", cause: cause}
}

// redeem takes the code, after all that could refuse it (RFC 6749 §4.1.3).
func (e *Endpoint) redeem(r *http.Request, app client.Forwarded, host, code, verifier string) (storage.Grant, storage.Account, error) {
	ctx, now, key := r.Context(), e.Now(), token.CodeKey(code)
	none := func(err error) (storage.Grant, storage.Account, error) {
		return storage.Grant{}, storage.Account{}, err
	}
	if code == "" {
		return none(e.lost(errors.New("no code")))
	}
	g, who, err := e.standing(ctx, app, key, now)
	if errors.Is(err, errNobody) {
		return none(e.lost(errors.New("the code is unknown, of another client, or of a session that ended")))
	}
	if err != nil {
		return none(err)
	}
	switch {
	case g.Code == nil || g.Code.RedirectURI != "https://"+host+CallbackRoute: // RFC 6749 §4.1.3
		return none(e.lost(errors.New("the code is of another host")))
	case g.Code.ChallengeMethod != oauth.S256 || !oauth.MatchVerifier(g.Code.Challenge, verifier): // RFC 7636 §4.6
		return none(e.lost(errors.New("the code is of another sign-in")))
	case g.Code.RedeemedAt.IsZero() && !now.Before(g.Code.ExpiresAt): // RFC 6749 §4.1.2
		return none(e.lost(errors.New("the code has expired")))
	}
	g, err = e.Store.RedeemCode(ctx, key, nil, now)
	switch {
	case errors.Is(err, storage.ErrSpent): // RFC 6749 §4.1.2, RFC 9700 §4.2.4
		if _, err := e.Store.RevokeGrants(ctx, storage.GrantScope{ID: g.ID}, now); err != nil {
			return none(fmt.Errorf("revoke after replay: %w", err))
		}
		e.note(r, audit.CodeReplayed, g)
		return none(e.lost(errors.New("the code was used before")))
	case errors.Is(err, storage.ErrNotFound):
		return none(e.lost(errors.New("the code is gone")))
	case err != nil:
		return none(fmt.Errorf("redeem code: %w", err))
	}
	return g, who, nil
}

// admit gives the cookie and returns to where the person wanted to go.
func (e *Endpoint) admit(w http.ResponseWriter, r *http.Request, app client.Forwarded, host string, g storage.Grant, who storage.Account, to string) error {
	if !e.People.Admits(app.Client, who) {
		return &refused{status: http.StatusForbidden, text: "You may not use this application. Sign out to come back as somebody else: " + SignOutRoute, cause: errors.New("the client is not for them")}
	}
	s, err := e.Store.Session(r.Context(), g.SID, e.Now())
	if errors.Is(err, storage.ErrNotFound) {
		return e.lost(errors.New("the session ended meanwhile"))
	}
	if err != nil {
		return fmt.Errorf("read session: %w", err)
	}
	end := e.Now().Add(app.TTL)
	for _, limit := range []time.Time{g.ExpiresAt, s.ExpiresAt} {
		if limit.Before(end) {
			end = limit
		}
	}
	sealed, err := seal(e.Vault, cookiePurpose, place(app, host), ticket{GrantID: g.ID, Expires: end.Unix()})
	if err != nil {
		return err
	}
	var kept time.Time // unless they asked to stay signed in, the browser forgets it when it is closed
	if s.Persistent {
		kept = end
	}
	setCookie(w, cookieName, sealed, kept)
	serve.RecordOf(r.Context()).AccountID = g.AccountID
	e.note(r, audit.ForwardSignIn, g)
	see(w, to)
	return nil
}

func (e *Endpoint) note(r *http.Request, name audit.Name, g storage.Grant) {
	rec := serve.RecordOf(r.Context())
	e.Audit.Record(r.Context(), audit.Event{Name: name, Time: e.Now(), AccountID: g.AccountID, ClientID: g.ClientID, SID: g.SID, GrantID: g.ID,
		Address: rec.Address, RequestID: rec.ID})
}

// SignOut ends the sign-in at the application, and leads to the issuer, which asks whether to end it everywhere, and leads back. A page of another site can lead a
// browser here, but changes nothing by it.
func (e *Endpoint) SignOut(w http.ResponseWriter, r *http.Request) error {
	app, host, err := e.visited(w, r)
	if err != nil {
		return err
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "cross-site" && site != "same-site" {
		if err := e.forget(w, r, app, host); err != nil {
			return err
		}
	}
	see(w, e.Issuer+"/logout?"+url.Values{"client_id": {app.Client.ID}, "post_logout_redirect_uri": {"https://" + host + "/"}}.Encode()) // RP-Initiated Logout §2
	return nil
}

// forget revokes what the cookie stands on, so that a copy of it is worth nothing either.
func (e *Endpoint) forget(w http.ResponseWriter, r *http.Request, app client.Forwarded, host string) error {
	var t ticket
	if unseal(e.Vault, cookiePurpose, place(app, host), lone(r, cookieName), &t) {
		if _, err := e.Store.RevokeGrants(r.Context(), storage.GrantScope{ID: t.GrantID}, e.Now()); err != nil {
			return fmt.Errorf("revoke grant: %w", err)
		}
		e.note(r, audit.ForwardSignOut, storage.Grant{ID: t.GrantID, ClientID: app.Client.ID})
	}
	dropCookie(w, cookieName)
	return nil
}
