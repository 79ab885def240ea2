package authorize

import (
	"context"
	"errors"
	"slices"
	"strings"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/token"
)

func ruleMaxAge(_ context.Context, _ *Endpoint, q *Request) (err error) {
	q.MaxAge, q.HasMaxAge, err = oauth.ParseMaxAge(q.Form.Get("max_age"))
	if err == nil && !q.HasMaxAge { // OpenID Connect Registration §2 default_max_age
		q.MaxAge, q.HasMaxAge = q.Client.DefaultMaxAge, q.Client.HasDefaultMaxAge
	}
	return err
}

func ruleIDTokenHint(ctx context.Context, e *Endpoint, q *Request) error {
	q.Hints = nil
	hint := q.Form.Get("id_token_hint")
	if hint == "" {
		return nil
	}
	c, err := e.Hints.VerifyIDHint(ctx, hint)
	if errors.Is(err, token.ErrMalformed) {
		return oauth.E(oauth.InvalidRequest, "id_token_hint is not an ID token of this issuer").Because(err) // OpenID Connect Core §3.1.2.1
	}
	if err != nil {
		return err
	}
	return e.hint(ctx, q, c)
}

// hint demands the person that an ID token of ours names. It may have been issued to another client, which then says how to read it; but
// a pairwise subject is nobody's business outside of its sector (OpenID Connect Core §8.1, §17.3).
func (e *Endpoint) hint(ctx context.Context, q *Request, id token.ID) error {
	if id.Audience.Has(q.Client.ID) {
		q.Hints = append(q.Hints, Hint{Client: q.Client, IDs: []token.ID{id}})
		return nil
	}
	c, err := e.Clients.Client(ctx, id.Audience[0])
	if errors.Is(err, client.ErrUnknown) { // it went; how it knew people is not known
		return oauth.E(oauth.InvalidRequest, "id_token_hint is of a client that is gone").Because(err)
	}
	if err != nil {
		return err
	}
	pairwise := c.SubjectType == token.Pairwise || q.Client.SubjectType == token.Pairwise
	if pairwise && (c.SubjectType != q.Client.SubjectType || c.Sector == "" || c.Sector != q.Client.Sector) {
		return oauth.E(oauth.InvalidRequest, "id_token_hint is of another sector")
	}
	q.Hints = append(q.Hints, Hint{Client: c, IDs: []token.ID{id}})
	return nil
}

// ruleClaims reads the claims parameter, which is one of OpenID Connect alone. What the client may not have by scope it cannot have claim by
// claim, and what no token could fetch is not kept.
func ruleClaims(_ context.Context, e *Endpoint, q *Request) error {
	asked, err := oauth.ParseClaims(q.Form.Get("claims"))
	if err != nil || !q.Scopes.Has(oauth.OpenID) {
		return err
	}
	if q.Type == oauth.TypeIDToken { // OpenID Connect Core §5.5: userinfo needs an access token
		asked.Userinfo = nil
	}
	for _, member := range []map[string]oauth.ClaimRequest{asked.Userinfo, asked.IDToken} {
		if err := e.subject(q, member["sub"]); err != nil {
			return err
		}
		for name := range member {
			if scopes := token.ScopesOf(name); len(scopes) > 0 && len(oauth.Scopes(scopes).And(q.Client.Scopes)) == 0 {
				delete(member, name)
			}
		}
	}
	q.Claims = asked
	return nil
}

// subject demands the person whom the claim sub names by value (OpenID Connect Core §3.1.2.2, §5.5.1).
func (e *Endpoint) subject(q *Request, sub oauth.ClaimRequest) error {
	subs, named := sub.Strings()
	if !named {
		return nil
	}
	if len(subs) == 0 {
		return oauth.E(oauth.InvalidRequest, "claims asks for a sub that is no string")
	}
	h := Hint{Client: q.Client}
	for _, s := range subs {
		h.IDs = append(h.IDs, token.ID{Issuer: e.Issuer, Subject: s, Audience: token.Audience{q.Client.ID}})
	}
	q.Hints = append(q.Hints, h)
	return nil
}

// ruleACR finds what the sign-in should be worth: by the claim acr, else by acr_values, else by what the client registered.
func ruleACR(_ context.Context, e *Endpoint, q *Request) error {
	asked, essential := strings.Fields(q.Form.Get("acr_values")), false
	if len(asked) == 0 {
		asked = q.Client.DefaultACRValues // OpenID Connect Registration §2 default_acr_values
	}
	if values, named := q.Claims.IDToken["acr"].Strings(); named {
		asked, essential = values, q.Claims.IDToken["acr"].Essential
	}
	q.ACR = ACR{Values: slices.DeleteFunc(slices.Clone(e.ACRs), func(v string) bool { return !slices.Contains(asked, v) }), Essential: essential}
	if essential && len(q.ACR.Values) == 0 {
		return oauth.E(oauth.UnmetAuthentication, "no acr that is essential can be reached here") // OpenID Connect Core §5.5.1.1
	}
	return nil
}
