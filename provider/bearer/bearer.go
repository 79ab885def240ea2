package bearer

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"latchkey/storage"
)

// Claims is what a verified access token says (RFC 9068 §2.2).
type Claims struct {
	// Subject is `sub`, ClientID `client_id`, SID `sid` ("" if none), JTI `jti`.
	Subject, ClientID, SID, JTI string
	Scopes                      []string
	Issued, Expires             time.Time
	// Raw holds every claim as encoding/json decodes it.
	Raw map[string]any
}

// HasScope says whether the token was given that scope.
func (c Claims) HasScope(scope string) bool {
	for _, s := range c.Scopes {
		if s == scope {
			return true
		}
	}
	return false
}

// Why a request bears no valid token. Any other error of a [Verifier] is a fault.
var (
	// ErrMissing: there is no Authorization header with the Bearer scheme.
	ErrMissing = errors.New("no bearer token")
	// ErrMalformed: the header or the token is no text that a token could be.
	ErrMalformed = errors.New("malformed bearer token")
	// ErrExpired: the token was good once.
	ErrExpired = errors.New("bearer token expired")
	// ErrInvalid: signature, issuer, audience or type is not right.
	ErrInvalid = errors.New("bearer token invalid")
	// ErrEnded: the token is good, but its session, grant or account is gone or was ended.
	ErrEnded = errors.New("bearer token ended")
)

// Refused says whether err is about the token, and not a fault.
func Refused(err error) bool {
	for _, e := range []error{ErrMissing, ErrMalformed, ErrExpired, ErrInvalid, ErrEnded} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Verifier verifies an access token: signature, issuer, audience, type, expiry. Errors: ErrMalformed, ErrExpired, ErrInvalid, ErrEnded,
// or a fault.
type Verifier interface {
	Verify(ctx context.Context, token string) (Claims, error)
}

// VerifierFunc is a function as a [Verifier].
type VerifierFunc func(context.Context, string) (Claims, error)

// Verify calls f.
func (f VerifierFunc) Verify(ctx context.Context, token string) (Claims, error) { return f(ctx, token) }

// maxToken is in bytes: more is refused before anything reads it.
const maxToken = 8 << 10

// Token reads the token from the one Authorization header. The scheme is compared without case, exactly one space follows it, and
// the token is a b64token (RFC 6750 §2.1). Errors: ErrMissing, ErrMalformed.
func Token(r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	switch len(headers) {
	case 0:
		return "", ErrMissing
	case 1:
	default:
		return "", ErrMalformed // which one counts is not for us to choose
	}
	scheme, token, found := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", ErrMissing
	}
	if !found || len(token) > maxToken || !b64token(token) {
		return "", ErrMalformed
	}
	return token, nil
}

// b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
func b64token(s string) bool {
	body := strings.TrimRight(s, "=")
	if body == "" {
		return false
	}
	for i := range len(body) {
		c := body[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~+/", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// Check reads and verifies the request's token.
func Check(r *http.Request, v Verifier) (Claims, error) {
	token, err := Token(r)
	if err != nil {
		return Claims{}, err
	}
	return v.Verify(r.Context(), token)
}

type (
	claimsKey  struct{}
	accountKey struct{}
)

// WithClaims returns a context that carries the claims of a verified token.
func WithClaims(ctx context.Context, c Claims) context.Context {
	return context.WithValue(ctx, claimsKey{}, c)
}

// ClaimsOf returns the verified claims of the request; ok is false for a guest.
func ClaimsOf(ctx context.Context) (c Claims, ok bool) {
	c, ok = ctx.Value(claimsKey{}).(Claims)
	return c, ok
}

// WithAccount returns a context that carries the account of a verified token.
func WithAccount(ctx context.Context, a storage.Account) context.Context {
	return context.WithValue(ctx, accountKey{}, a)
}

// AccountOf returns the account of the request's token, where an [Accounts] option loaded one.
func AccountOf(ctx context.Context) (a storage.Account, ok bool) {
	a, ok = ctx.Value(accountKey{}).(storage.Account)
	return a, ok
}
