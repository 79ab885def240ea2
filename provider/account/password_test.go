package account

import (
	"context"
	"errors"
	"testing"
	"time"
)

// breachList is a breach service that knows some passwords, or is away.
type breachList struct {
	known map[string]bool
	away  bool
	asked int
}

func (b *breachList) Breached(_ context.Context, password string) (bool, error) {
	b.asked++
	if b.away {
		return false, errors.New("away")
	}
	return b.known[password], nil
}

func TestBreachService(t *testing.T) {
	const good, leaked = "velvet anchor motel", "correct horse battery staple"
	for _, tc := range []struct {
		name         string
		dialect      Dialect
		password     string
		away, closed bool
		want         Kind // "" where it is taken
		asked        int
	}{
		{"not known", Page, good, false, false, "", 1},
		{"known", Page, leaked, false, false, Invalid, 1},
		{"away, open", Page, leaked, true, false, "", 1},
		{"away, closed", Page, good, true, true, Unchecked, 1},
		{"the API has no word for it, so nobody is asked", Platform, leaked, false, true, "", 0},
		{"what is refused anyway is not asked about", Page, "password1234", false, false, Invalid, 0},
	} {
		r := newRig(t, func(c *Config) { c.BreachClosed = tc.closed })
		list := &breachList{known: map[string]bool{leaked: true}, away: tc.away}
		r.Service.breaches = list
		_, err := r.Service.SignUp(t.Context(), SignUp{Dialect: tc.dialect, Username: "somebody", Email: "somebody@example.test", FullName: "Some Body", Password: tc.password})
		ref, refused := errors.AsType[*Refusal](err)
		switch {
		case tc.want == "" && err != nil, tc.want != "" && (!refused || ref.Kind != tc.want):
			t.Errorf("%s: %v", tc.name, err)
		case tc.want == Invalid && tc.asked == 1 && ref.Fields[FieldPassword] != Breached:
			t.Errorf("%s: %v", tc.name, ref.Fields)
		case tc.want == Unchecked && ref.RetryAfter < time.Second:
			t.Errorf("%s: retry after %v", tc.name, ref.RetryAfter)
		}
		if list.asked != tc.asked {
			t.Errorf("%s: asked %d times, want %d", tc.name, list.asked, tc.asked)
		}
	}
}

func TestWeakPasswords(t *testing.T) {
	r := newRig(t, func(*Config) {})
	for _, tc := range []struct {
		password string
		want     Problem
	}{
		{"qwertzuiop12", Weak}, {"24.12.1985", Weak}, {"abababababab", Weak}, {"P@ssw0rd", Common}, {"trustno1", Common}, {"velvet anchor motel", ""}, {"kx7vqpw2", ""},
	} {
		_, refused := r.Service.newPassword(Page, tc.password)
		switch {
		case tc.want == "" && refused != nil, tc.want != "" && (refused == nil || refused.Fields[FieldPassword] != tc.want):
			t.Errorf("%s: %v, want %q", tc.password, refused, tc.want)
		}
		if _, refused := r.Service.newPassword(Platform, tc.password); refused != nil {
			t.Errorf("%s: the API refuses: %v", tc.password, refused)
		}
	}
}
