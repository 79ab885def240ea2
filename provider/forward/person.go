package forward

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"latchkey/provider/bearer"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// errNobody: the request brings nothing that tells who it is. errToken: it brings an access token that is good for nothing here.
var (
	errNobody = errors.New("nobody is signed in")
	errToken  = errors.New("the access token is not good here")
)

// person finds out who sent a request: by an access token, where the application takes them and one is there, else by the application's cookie.
// Errors: errNobody, errToken, or a fault.
func (e *Endpoint) person(r *http.Request, app client.Forwarded, host string) (storage.Account, error) {
	if app.BearerAudience != "" {
		raw, err := bearer.Token(r)
		if !errors.Is(err, bearer.ErrMissing) {
			if err != nil {
				return storage.Account{}, fmt.Errorf("%w: %w", errToken, err)
			}
			return e.bearer(r.Context(), app, raw)
		}
	}
	var t ticket
	if !unseal(e.Vault, cookiePurpose, place(app, host), lone(r, cookieName), &t) || e.Now().Unix() >= t.Expires {
		return storage.Account{}, errNobody
	}
	_, a, err := e.standing(r.Context(), app, storage.GrantKey{ID: t.GrantID}, e.Now())
	return a, err
}

// bearer finds the person of an access token (RFC 6750 §2.1).
func (e *Endpoint) bearer(ctx context.Context, app client.Forwarded, raw string) (storage.Account, error) {
	c, err := e.Tokens.VerifyAccess(raw)
	switch {
	case err != nil:
		return storage.Account{}, fmt.Errorf("%w: %w", errToken, err)
	case !c.Audience.Has(app.BearerAudience): // RFC 9068 §4
		return storage.Account{}, fmt.Errorf("%w: another audience", errToken)
	case c.Bound(): // RFC 9449 §7.1: no proof is taken here
		return storage.Account{}, fmt.Errorf("%w: it is bound to a key", errToken)
	}
	s, err := e.Live.Check(ctx, c)
	switch {
	case errors.Is(err, token.ErrEnded):
		return storage.Account{}, fmt.Errorf("%w: %w", errToken, err)
	case err != nil:
		return storage.Account{}, err
	case s.Account.ID == 0:
		return storage.Account{}, fmt.Errorf("%w: it is a client's own", errToken)
	}
	return s.Account, nil
}

// standing looks up what a cookie stands on, or the code that is to become one: a grant of this client, which whatever ends its session revokes, and an
// account that is not disabled. Nothing is remembered of it, so that the end counts at once, on every replica. Errors: errNobody, or a fault.
func (e *Endpoint) standing(ctx context.Context, app client.Forwarded, key storage.GrantKey, now time.Time) (storage.Grant, storage.Account, error) {
	gone := func(verb string, err error) (storage.Grant, storage.Account, error) {
		if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
			return storage.Grant{}, storage.Account{}, errNobody
		}
		return storage.Grant{}, storage.Account{}, fmt.Errorf("read %s: %w", verb, err)
	}
	g, err := e.Store.Grant(ctx, key, now)
	if err != nil {
		return gone("grant", err)
	}
	if g.ClientID != app.Client.ID || g.AccountID == 0 || g.SID == "" || app.Client.SecondFactor && !oauth.TwoFactors(g.AMR) {
		return storage.Grant{}, storage.Account{}, errNobody
	}
	a, err := e.Store.Account(ctx, storage.AccountKey{ID: g.AccountID})
	if err != nil {
		return gone("account", err)
	}
	if a.Shut() {
		return storage.Grant{}, storage.Account{}, errNobody
	}
	return g, a, nil
}

// may says whether a person passes: they may use the client at all, and are among the people of every rule.
func (e *Endpoint) may(app client.Forwarded, rules []client.ForwardRule, a storage.Account) bool {
	if !e.People.Admits(app.Client, a) {
		return false
	}
	return !slices.ContainsFunc(rules, func(r client.ForwardRule) bool { return !e.among(r, a) })
}

// among says whether a rule names a person.
func (e *Endpoint) among(r client.ForwardRule, a storage.Account) bool {
	if len(r.Users)+len(r.Emails)+len(r.Domains)+len(r.Groups) == 0 {
		return true
	}
	if a.UsernameKey != "" && slices.Contains(r.Users, a.UsernameKey) {
		return true
	}
	if a.EmailVerified && a.EmailKey != "" { // what somebody merely says is theirs lets nobody in
		_, domain, _ := strings.Cut(a.EmailKey, "@")
		if slices.Contains(r.Emails, a.EmailKey) || slices.Contains(r.Domains, domain) {
			return true
		}
	}
	return slices.ContainsFunc(e.People.AllGroups(a), func(g string) bool { return slices.Contains(r.Groups, g) })
}

// user is what stands for a person; "" where the application asked for something that they have not got. Usernames have no "@", addresses have one, and no
// username is as long as a subject: none of the three can be taken for another.
func (e *Endpoint) user(app client.Forwarded, a storage.Account) string {
	email := ""
	if a.EmailVerified {
		email = a.EmailKey
	}
	switch {
	case app.User == client.UserBySubject:
		return e.People.Subject(app.Client, a.Sub)
	case app.User == client.UserByEmail:
		return email
	case a.UsernameKey != "":
		return a.UsernameKey
	case email != "":
		return email
	}
	return e.People.Subject(app.Client, a.Sub)
}

// tell writes the headers about a person. All of them are always there, so that a proxy which copies them leaves none that a browser sent; the zero account
// is nobody.
func (e *Endpoint) tell(h http.Header, app client.Forwarded, a storage.Account) {
	values := map[string]string{"User": "", "Email": "", "Name": "", "Groups": ""}
	if a.ID != 0 {
		name := a.FullName
		if name == "" {
			name = strings.TrimSpace(a.FirstName + " " + a.LastName)
		}
		values["User"], values["Name"], values["Groups"] = e.user(app, a), name, strings.Join(e.People.Groups(app.Client, a), ",")
		if a.EmailVerified {
			values["Email"] = a.EmailKey
		}
	}
	for name, v := range values {
		h.Set(app.Headers+name, headerText(v))
	}
}

// headerText is text that can stand in a header: in UTF-8, without what ends a line or is not seen (RFC 9110 §5.5).
func headerText(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case c == unicode.ReplacementChar || unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp):
			return -1
		case unicode.IsSpace(c):
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, ""))
	return strings.TrimSpace(s)
}
