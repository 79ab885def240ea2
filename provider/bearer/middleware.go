package bearer

import (
	"context"
	"errors"
	"net/http"

	"latchkey/storage"
)

// Option changes a middleware.
type Option func(*options)

type options struct {
	realm   string
	account func(context.Context, Claims) (storage.Account, error)
	refuse  func(w http.ResponseWriter, r *http.Request, err error)
}

// Realm is told in WWW-Authenticate, "latchkey" unless set. It must be plain ASCII without quotes.
func Realm(realm string) Option { return func(o *options) { o.realm = realm } }

// Accounts loads the account of verified claims into the context; [ErrEnded] refuses where it is gone or disabled, or its session is.
func Accounts(load func(context.Context, Claims) (storage.Account, error)) Option {
	return func(o *options) { o.account = load }
}

// Refuse words the refusal in place of the plain one. WWW-Authenticate and Cache-Control are set already. err is one of this package's,
// or a fault.
func Refuse(answer func(w http.ResponseWriter, r *http.Request, err error)) Option {
	return func(o *options) { o.refuse = answer }
}

func build(opts []Option) options {
	o := options{realm: "latchkey", refuse: plain}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Required lets a request pass with a valid token only: 401 otherwise (RFC 6750 §3), and 503 where the token could not be checked.
func Required(v Verifier, opts ...Option) func(http.Handler) http.Handler {
	o := build(opts)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, err := o.admit(r, v)
			if err == nil {
				next.ServeHTTP(w, r.WithContext(ctx))
				return
			}
			w.Header().Set("Cache-Control", "no-store")
			if Refused(err) {
				w.Header().Set("WWW-Authenticate", Challenge(o.realm, err))
			}
			o.refuse(w, r, err)
		})
	}
}

// Optional passes every request on: with claims where the token is valid, else as a guest, whatever the failure was.
func Optional(v Verifier, opts ...Option) func(http.Handler) http.Handler {
	o := build(opts)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if ctx, err := o.admit(r, v); err == nil {
				r = r.WithContext(ctx)
			}
			next.ServeHTTP(w, r)
		})
	}
}

func (o options) admit(r *http.Request, v Verifier) (context.Context, error) {
	claims, err := Check(r, v)
	if err != nil {
		return nil, err
	}
	ctx := WithClaims(r.Context(), claims)
	if o.account == nil {
		return ctx, nil
	}
	a, err := o.account(ctx, claims)
	if err != nil {
		return nil, err
	}
	return WithAccount(ctx, a), nil
}

// Challenge is the value of WWW-Authenticate for a refusal. Without a token no error code is told (RFC 6750 §3.1).
func Challenge(realm string, err error) string {
	c := `Bearer realm="` + realm + `"`
	switch {
	case errors.Is(err, ErrMissing):
		return c
	case errors.Is(err, ErrExpired):
		return c + `, error="invalid_token", error_description="The access token expired"`
	}
	return c + `, error="invalid_token", error_description="The access token is invalid"`
}

func plain(w http.ResponseWriter, _ *http.Request, err error) {
	if Refused(err) {
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Retry-After", "2")
	http.Error(w, "service unavailable", http.StatusServiceUnavailable)
}
