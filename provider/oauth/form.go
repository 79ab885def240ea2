package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a parameter list: more is refused before anything is read. MaxParams counts values, so that it bounds repetition too.
const (
	MaxParams     = 64
	MaxParamBytes = 16 << 10
)

// Form is a request's parameters, each of which was sent at most once (RFC 6749 §3.1, §3.2), except those that may repeat.
type Form struct {
	values url.Values
	bad    error
}

// mayRepeat are the parameters that are lists by repetition.
var mayRepeat = map[string]bool{"resource": true} // RFC 8707 §2

// known are the parameter names that an error may name; others are never echoed.
var known = func() map[string]bool {
	m := map[string]bool{}
	for n := range strings.FieldsSeq(`acr_values claims claims_locales client_assertion client_assertion_type client_id client_secret code
		code_challenge code_challenge_method code_verifier display grant_type id_token_hint login_hint logout_hint max_age nonce
		post_logout_redirect_uri prompt redirect_uri refresh_token registration request request_uri resource response_mode
		response_type scope state token token_type_hint ui_locales username password`) {
		m[n] = true
	}
	return m
}()

// Known tells whether a parameter is one that some endpoint reads.
func Known(name string) bool { return known[name] }

// NewForm checks values and wraps them. Errors: *Error with InvalidRequest; the form that is returned with it serves only to find out
// where the error may be sent.
func NewForm(values url.Values) (Form, error) {
	f := Form{values: values}
	f.bad = f.check()
	return f, f.bad
}

// Check returns what NewForm found wrong.
func (f Form) Check() error { return f.bad }

func (f Form) check() error {
	if f.good() {
		return nil
	}
	names, total := make([]string, 0, len(f.values)), 0
	for name, vs := range f.values {
		names, total = append(names, name), total+len(vs)
	}
	if total > MaxParams {
		return E(InvalidRequest, "too many parameters")
	}
	slices.Sort(names) // the same form always gets the same answer
	for _, name := range names {
		if f.Repeated(name) { // RFC 6749 §3.1
			if known[name] {
				return E(InvalidRequest, "parameter "+name+" is repeated")
			}
			return E(InvalidRequest, "a parameter is repeated")
		}
		for _, v := range f.values[name] {
			if len(v) > MaxParamBytes || strings.ContainsRune(v, 0) {
				return E(InvalidRequest, "a parameter is too long or holds a NUL character")
			}
			if !utf8.ValidString(v) { // RFC 6749 appendix B
				return E(InvalidRequest, "a parameter is not UTF-8")
			}
		}
	}
	return nil
}

// good tells whether check finds nothing, without the order that it needs for its answers.
func (f Form) good() bool {
	total := 0
	for name, vs := range f.values {
		if total += len(vs); len(vs) > 1 && f.Repeated(name) {
			return false
		}
		for _, v := range vs {
			if len(v) > MaxParamBytes || strings.IndexByte(v, 0) >= 0 || !utf8.ValidString(v) {
				return false
			}
		}
	}
	return total <= MaxParams
}

// Repeated tells whether a parameter that must stand alone was sent more than once.
func (f Form) Repeated(name string) bool { return len(f.values[name]) > 1 && !mayRepeat[name] }

// QueryForm reads the parameters of a query string.
func QueryForm(rawQuery string) (Form, error) {
	v, err := parse(rawQuery)
	if err != nil {
		return Form{}, E(InvalidRequest, "the query is malformed").Because(err)
	}
	return NewForm(v)
}

// PostForm reads the parameters of a form body; the query takes no part. The body must have been capped before.
func PostForm(r *http.Request) (Form, error) {
	ct, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(ct), FormType) {
		return Form{}, E(InvalidRequest, "the body must be application/x-www-form-urlencoded") // RFC 6749 §3.2, appendix B
	}
	if r.URL.RawQuery != "" && hasSecretParam(r.URL.RawQuery) {
		return Form{}, E(InvalidRequest, "parameters belong in the body, not in the query") // RFC 6749 §2.3.1
	}
	if err := parseBody(r); err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return Form{}, tooLarge
		}
		return Form{}, E(InvalidRequest, "the body is malformed").Because(err)
	}
	return NewForm(r.PostForm)
}

// hasSecretParam tells whether a query carries what must never stand in an address.
func hasSecretParam(rawQuery string) bool {
	v, err := url.ParseQuery(rawQuery)
	if err != nil {
		return true
	}
	for _, n := range []string{"client_secret", "code", "refresh_token", "code_verifier", "token", "access_token", "password", "client_assertion"} {
		if v.Has(n) {
			return true
		}
	}
	return false
}

// Get returns the parameter, "" if it is absent. An empty parameter counts as absent (RFC 6749 §3.1).
func (f Form) Get(name string) string { return f.values.Get(name) }

// All returns every value of a parameter that may repeat, each once; empty ones are left out.
func (f Form) All(name string) []string {
	var out []string
	for _, v := range f.values[name] {
		if v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// Values is a copy of the parameters, for making another form.
func (f Form) Values() url.Values {
	out := make(url.Values, len(f.values))
	for name, vs := range f.values {
		out[name] = slices.Clone(vs)
	}
	return out
}

// Encode gives the parameters as a query string, for keeping a request.
func (f Form) Encode() string { return f.values.Encode() }
