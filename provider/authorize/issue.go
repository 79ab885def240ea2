package authorize

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// issue stores the grant and answers with what the response type asks for. Nothing leaves before everything else is done.
func (e *Endpoint) issue(w http.ResponseWriter, r *http.Request, q *Request, who *Person, posted bool) error {
	ctx, now := r.Context(), e.Now()
	serve.RecordOf(ctx).AccountID = who.Account.ID
	g, code := e.grant(q, who, now)
	err := e.keep(ctx, q, who, g, now)
	if errors.Is(err, storage.ErrNotFound) { // signed out meanwhile
		if q.Prompt.Has(oauth.PromptNone) {
			return e.refuse(w, r, q, oauth.E(oauth.LoginRequired, "the person must sign in"), posted)
		}
		return e.redirect(w, r, q, e.SignInPath)
	}
	if err != nil {
		return err
	}
	params, err := e.tokens(ctx, q, who, g, code)
	if err != nil {
		return err
	}
	if err := e.settle(ctx, q); err != nil {
		return err
	}
	e.audit(ctx, q, g)
	e.Clients.Used(ctx, q.Client)
	return e.answer(w, r, q, append(params, e.sessionState(r, q)...), posted)
}

// grant is the family of what leaves, and its code, "" for none. A lone ID token buys nothing, so it has no family: the ID is "".
func (e *Endpoint) grant(q *Request, who *Person, now time.Time) (g storage.Grant, code string) {
	g = storage.Grant{
		ClientID: q.Client.ID, AccountID: who.Account.ID, SID: who.Session.SID, Scopes: q.Scopes, Resources: q.Resources, Nonce: q.Nonce, Claims: q.Claims.Encode(),
		AuthTime: who.Session.AuthTime, AMR: who.Session.AMR, ACR: q.acr(who), Offline: q.Scopes.Has(oauth.OfflineAccess),
		Front: oauth.Answers(q.Type, "token"), CreatedAt: now, ExpiresAt: now.Add(e.Tokens.AccessTTL(q.Client)),
	}
	if q.Type != oauth.TypeIDToken {
		g.ID = token.NewGrantID(now)
	}
	if !oauth.Answers(q.Type, "code") {
		return g, ""
	}
	code = token.NewCode(g.ID)
	g.ExpiresAt = g.ExpiresAt.Add(e.Tokens.CodeTTL() + e.Tokens.RefreshTTL(q.Client))
	g.Code = &storage.Code{Hash: token.CodeKey(code).CodeHash, Named: true, RedirectURI: q.RedirectURI, RedirectURISent: q.RedirectURISent,
		Challenge: q.Challenge, ExpiresAt: now.Add(e.Tokens.CodeTTL())}
	if q.Challenge != "" {
		g.Code.ChallengeMethod = oauth.S256
	}
	return g, code
}

// keep stores the grant, and notes in the session who has to hear of its end. Errors: storage.ErrNotFound where the session has ended, or a fault.
func (e *Endpoint) keep(ctx context.Context, q *Request, who *Person, g storage.Grant, now time.Time) error {
	if g.ID != "" {
		if err := e.Store.CreateGrant(ctx, g, now); err != nil {
			return fmt.Errorf("create grant: %w", err)
		}
	}
	change := storage.SessionChange{LastSeenAt: now}
	if !slices.Contains(who.Session.Clients, q.Client.ID) {
		change.AddClient = q.Client.ID
	}
	if q.Client.BackchannelLogoutURI != "" && !slices.Contains(who.Session.Notify, q.Client.ID) { // Back-Channel Logout §2.3
		change.AddNotify = q.Client.ID
	}
	if change.AddClient == "" && change.AddNotify == "" {
		return nil
	}
	if _, err := e.Store.TouchSession(ctx, who.Session.SID, change, now); err != nil {
		return fmt.Errorf("note client in session: %w", err)
	}
	return nil
}

// tokens makes what the response type asks for (OpenID Connect Core §3.1.2.5, §3.2.2.5, §3.3.2.5).
func (e *Endpoint) tokens(ctx context.Context, q *Request, who *Person, g storage.Grant, code string) ([]serve.Param, error) {
	var params []serve.Param
	if code != "" {
		params = append(params, serve.Param{Name: "code", Value: code})
	}
	if !oauth.Fronted(q.Type) {
		return params, nil
	}
	ans, err := e.Tokens.Issue(ctx, &token.Authorization{
		Client: &q.Client, Grant: g, Account: who.Account, Resources: q.Resources, Code: code,
		Scopes:  q.Scopes.For(q.Resources, e.Resources, token.StandardScopes()),
		IDToken: oauth.Answers(q.Type, "id_token"), NoAccess: !oauth.Answers(q.Type, "token"),
		UserClaims: q.Type == oauth.TypeIDToken, // OpenID Connect Core §5.4
	})
	if err != nil {
		return nil, err
	}
	if ans.AccessToken != "" {
		params = append(params, serve.Param{Name: "access_token", Value: ans.AccessToken}, serve.Param{Name: "token_type", Value: ans.TokenType},
			serve.Param{Name: "expires_in", Value: strconv.FormatInt(ans.ExpiresIn, 10)})
		if ans.Scope != "" && ans.Scope != q.Asked.String() { // RFC 6749 §4.2.2
			params = append(params, serve.Param{Name: "scope", Value: ans.Scope})
		}
	}
	if ans.IDToken != "" {
		params = append(params, serve.Param{Name: "id_token", Value: ans.IDToken})
	}
	return params, nil
}

// audit notes tokens that leave here; those that a code buys are noted where it is redeemed.
func (e *Endpoint) audit(ctx context.Context, q *Request, g storage.Grant) {
	if !oauth.Fronted(q.Type) {
		return
	}
	rec := serve.RecordOf(ctx)
	e.Audit.Record(ctx, audit.Event{Name: audit.TokenIssued, Time: g.CreatedAt, AccountID: g.AccountID, ClientID: g.ClientID, SID: g.SID,
		GrantID: g.ID, Address: rec.Address, RequestID: rec.ID, Detail: q.Type})
}
