package token

import (
	"encoding/json"
	"fmt"
	"slices"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Userinfo is what the userinfo endpoint says of a person: `sub`, the claims of the scopes, and what the claims parameter asked of it;
// none that was not asked for, and none that is absent (OpenID Connect Core §5.3.2, §5.4, §5.5).
func (i *Issuer) Userinfo(s Standing, scopes oauth.Scopes) (map[string]any, error) {
	out := map[string]any{}
	i.addScopes(out, &s.Account, &s.Client, scopes)
	if s.Grant.Claims != nil {
		req, err := claimsRequest(s.Grant)
		if err != nil {
			return nil, err
		}
		i.addAsked(out, &s.Account, &s.Client, req.Userinfo)
	}
	out["sub"] = i.Subject(s.Client, s.Account.Sub)
	return out, nil
}

// idClaims are the claims of the person that an ID token bears, nil if none: those of the claims parameter, those of the scopes where
// userinfo can never be asked, and groups in any case, for those who decide by them never ask userinfo (Kubernetes).
func (i *Issuer) idClaims(a *Authorization) (map[string]any, error) {
	groups := i.brings(a.Scopes, GroupsClaim)
	if !a.UserClaims && a.Grant.Claims == nil && !groups {
		return nil, nil
	}
	out := map[string]any{}
	if a.UserClaims {
		i.addScopes(out, &a.Account, a.Client, a.Scopes)
	}
	if groups {
		out[GroupsClaim] = i.Groups(*a.Client, a.Account)
	}
	if a.Grant.Claims != nil {
		req, err := claimsRequest(a.Grant)
		if err != nil {
			return nil, err
		}
		i.addAsked(out, &a.Account, a.Client, req.IDToken)
	}
	return out, nil
}

func claimsRequest(g storage.Grant) (req oauth.ClaimsRequest, err error) {
	if err := json.Unmarshal(g.Claims, &req); err != nil {
		return req, fmt.Errorf("read the claims that were asked for: %w", err)
	}
	return req, nil
}

// addScopes adds the claims of scopes, `sub` aside.
func (i *Issuer) addScopes(out map[string]any, a *storage.Account, c *storage.Client, scopes oauth.Scopes) {
	for _, s := range scopes {
		for _, name := range i.claimsOf(s) {
			if v, ok := i.claim(a, c, name); ok {
				out[name] = v
			}
		}
	}
}

// claim is one claim of an account, as the client may know it.
func (i *Issuer) claim(a *storage.Account, c *storage.Client, name string) (any, bool) {
	if name == GroupsClaim {
		return i.Groups(*c, *a), true
	}
	return userClaim(a, name, i.cfg.PictureURL)
}

// addAsked adds the claims that one member of a claims parameter asks for, `sub` aside. A claim counts only if the client may ask for a standard
// scope that contains it; one that is not of the value asked for is left out (OpenID Connect Core §5.5.1).
func (i *Issuer) addAsked(out map[string]any, a *storage.Account, c *storage.Client, asked map[string]oauth.ClaimRequest) {
	for name, req := range asked {
		scopes := ScopesOf(name)
		if !slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.Scopes, s) }) {
			continue
		}
		if v, ok := i.claim(a, c, name); ok && req.Allows(v) {
			out[name] = v
		}
	}
}
