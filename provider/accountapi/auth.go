package accountapi

import (
	"errors"
	"net/http"

	"latchkey/provider/account"
	"latchkey/provider/bearer"
	"latchkey/storage"
)

const realm = "latchkey"

// wording is what a family of routes says to a token that is not good.
type wording struct {
	missing, malformed, invalid, expired, ended string
	// gone is for an account that does not exist any more, where that can be told apart.
	gone string
}

// The two families. Both documents below /api/auth/ speak of expired tokens alike.
var (
	platformWords = wording{
		missing: "Missing or invalid Authorization header", malformed: "Missing or invalid Authorization header",
		invalid: "Invalid or expired token", expired: "Invalid or expired token", ended: "Invalid or expired token", gone: msgUserNotFound,
	}
	authWords = wording{
		missing: "No authorization token provided", malformed: "Invalid token", invalid: "Invalid token", expired: "Token expired",
		ended: "Invalid or expired token", gone: "Invalid or expired token",
	}
)

// guarded is a handler that runs for a person with a valid token only.
type guarded func(w http.ResponseWriter, r *http.Request, who storage.Account, s storage.Session) error

// authenticate verifies the request's token, loads its session and account, and puts all into the request's context.
func (a *API) authenticate(r *http.Request, words wording) (*http.Request, storage.Account, storage.Session, error) {
	token, err := bearer.Token(r)
	if err != nil {
		return nil, storage.Account{}, storage.Session{}, words.refuse(err)
	}
	claims, err := a.Verifier.Verify(r.Context(), token)
	if errors.Is(err, bearer.ErrMalformed) { // the header is well, what it bears is no token
		err = bearer.ErrInvalid
	}
	if err != nil {
		return nil, storage.Account{}, storage.Session{}, words.refuse(err)
	}
	who, session, err := a.live(r, claims)
	if err != nil {
		return nil, storage.Account{}, storage.Session{}, words.refuse(err)
	}
	signedIn(r, who)
	ctx := bearer.WithAccount(bearer.WithClaims(r.Context(), claims), who)
	return r.WithContext(ctx), who, session, nil
}

var errAccountGone = errors.New("account of the token is gone")

// live loads what the token stands on. Errors: bearer.ErrEnded, errAccountGone.
func (a *API) live(r *http.Request, c bearer.Claims) (storage.Account, storage.Session, error) {
	if c.SID == "" { // a client acting for itself, or a grant without a session: no person to serve
		return storage.Account{}, storage.Session{}, bearer.ErrEnded
	}
	who, session, err := a.Accounts.Live(r.Context(), c.SID)
	if account.IsKind(err, account.Gone) {
		if id, ok := c.Raw["user_id"].(float64); ok && id >= 1 {
			if _, lookErr := a.Accounts.Account(r.Context(), int64(id)); account.IsKind(lookErr, account.Gone) {
				return who, session, errAccountGone
			}
		}
		return who, session, bearer.ErrEnded
	}
	if err == nil && who.Sub != c.Subject {
		return who, session, bearer.ErrEnded
	}
	return who, session, err
}

// refuse words an error about the token; faults go on as they are.
func (words wording) refuse(err error) error {
	e := &apiError{status: http.StatusUnauthorized, challenge: bearer.Challenge(realm, err), outcome: "invalid_token", cause: err}
	switch {
	case errors.Is(err, bearer.ErrMissing):
		e.message, e.outcome = words.missing, "no_token"
	case errors.Is(err, errAccountGone):
		e.message = words.gone
	case errors.Is(err, bearer.ErrExpired):
		e.message = words.expired
	case errors.Is(err, bearer.ErrEnded):
		e.message = words.ended
	case errors.Is(err, bearer.ErrInvalid):
		e.message = words.invalid
	case errors.Is(err, bearer.ErrMalformed):
		e.message = words.malformed
	default:
		return err
	}
	return e
}

// required guards a handler.
func (a *API) required(words wording, next guarded) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		r, who, session, err := a.authenticate(r, words)
		if err != nil {
			return err
		}
		return next(w, r, who, session)
	}
}
