package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/serve"
)

// maxForm bounds the body of a form without files, in bytes.
const maxForm = 64 << 10

// form reads a posted form of at most maxForm bytes. ok is false where it answered already.
func (s *Site) form(w http.ResponseWriter, r *http.Request) (v url.Values, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.badForm(w, r, err)
		return nil, false
	}
	return r.PostForm, true
}

func (s *Site) badForm(w http.ResponseWriter, r *http.Request, err error) {
	p := serve.Problem{Status: http.StatusBadRequest, Kind: "request", Back: s.path(s.rel(r))}
	if _, big := errors.AsType[*http.MaxBytesError](err); big {
		p.Status, p.Kind = http.StatusRequestEntityTooLarge, "too_large"
	}
	s.fail(w, r, p)
}

// fail shows an error page and tells the request's record.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, p serve.Problem) {
	rec := serve.RecordOf(r.Context())
	p.Reference, rec.Outcome = rec.ID, p.Kind
	s.Problem(w, r, p)
}

// refuse puts a refusal into the frame and returns the status of the page that shows it. own are the messages of the kinds that only
// this page knows. ok is false for a refusal it has no words for, and for a fault.
func (f *frame) refuse(w http.ResponseWriter, r *http.Request, err error, own map[account.Kind]fieldError) (status int, ok bool) {
	ref, ok := errors.AsType[*account.Refusal](err)
	if !ok {
		return 0, false
	}
	serve.RecordOf(r.Context()).Outcome = string(ref.Kind)
	if e, ok := own[ref.Kind]; ok {
		f.Errors = []fieldError{e}
		return http.StatusUnprocessableEntity, true
	}
	switch ref.Kind {
	case account.Invalid:
		for _, name := range order(ref) {
			f.Errors = append(f.Errors, fieldError{fieldID(name), f.problem(name, ref)})
		}
		return http.StatusUnprocessableEntity, true
	case account.PasswordReused:
		f.Errors = []fieldError{{"password", f.T("password.reused")}}
		return http.StatusUnprocessableEntity, true
	case account.UsernameTaken:
		f.Errors = []fieldError{{"username", f.T("username.taken")}}
		return http.StatusUnprocessableEntity, true
	case account.Throttled:
		retryAfter(w, ref.RetryAfter)
		f.Errors = []fieldError{{"", f.T("throttled", "wait", f.wait(ref.RetryAfter))}}
		return http.StatusTooManyRequests, true
	case account.Unchecked:
		retryAfter(w, ref.RetryAfter)
		f.Errors = []fieldError{{"password", f.T("password.unchecked")}}
		return http.StatusServiceUnavailable, true
	case account.Busy:
		retryAfter(w, ref.RetryAfter)
		f.Errors = []fieldError{{"", f.T("busy")}}
		return http.StatusServiceUnavailable, true
	}
	return 0, false
}

// order lists the refused fields: as the refusal orders them, and none forgotten.
func order(ref *account.Refusal) []string {
	var names []string
	seen := map[string]bool{}
	for _, n := range append(append([]string(nil), ref.Order...), account.FieldFullName, account.FieldFirstName, account.FieldLastName, account.FieldUsername,
		account.FieldEmail, account.FieldPhone, account.FieldExperience, account.FieldSkills, account.FieldLocale, account.FieldPicture,
		account.FieldResume, account.FieldPassword) {
		if _, bad := ref.Fields[n]; bad && !seen[n] {
			names, seen[n] = append(names, n), true
		}
	}
	return names
}

// problem is the message for a refused field.
func (f *frame) problem(name string, ref *account.Refusal) string {
	key := name + "." + string(ref.Fields[name])
	if !f.c.Has(key) {
		key = "field." + string(ref.Fields[name])
	}
	n := ref.Minimum
	if n == 0 {
		n = f.s.PasswordMin
	}
	return f.T(key, "n", n, "size", f.largest(name), "field", f.T("field."+name))
}

// largest is the size that an upload may have, in words; "" for what is no upload.
func (f *frame) largest(name string) string {
	switch name {
	case account.FieldResume:
		return f.size(f.s.ResumeMax)
	case account.FieldPicture:
		return f.size(f.s.PictureMax)
	}
	return ""
}

// fieldID is the id of the input of a field of the account package.
func fieldID(name string) string { return strings.ReplaceAll(name, "_", "-") }

func retryAfter(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(max(1, (d+time.Second-1)/time.Second)))) // RFC 9110 §10.2.3
}
