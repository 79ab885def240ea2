package grant

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/token"
	"latchkey/storage"
)

var (
	errDisk = errors.New("the commit failed")
	errKey  = errors.New("nothing can be signed")
)

// ask serves one request of p, and returns what was answered, and how much was told of it.
func ask(p *proved) (answer string, events int, err error) {
	e := &Endpoint{Clients: p, Exchangers: []Exchanger{p}, Issuer: p, Now: func() time.Time { return now },
		Audit: audit.SinkFunc(func(context.Context, audit.Event) { events++ })}
	r := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader("grant_type=proved"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	err = e.Serve(w, r)
	return w.Body.String(), events, err
}

func provedClient() token.Authorization {
	return token.Authorization{Client: &storage.Client{ID: "c", GrantTypes: []string{"proved"}}}
}

// No token leaves unless what it was bought with was taken, though it is signed meanwhile.
func TestNothingIsAnsweredThatWasNotTaken(t *testing.T) {
	fine := func() error { return nil }
	for _, row := range []struct {
		name         string
		take, signed func() error
		want         error
		panics       bool
	}{
		{"taken", fine, fine, nil, false},
		{"the commit failed", func() error { return errDisk }, fine, errDisk, false},
		{"somebody was faster", func() error { return errCode() }, fine, errCode(), false},
		{"taken, but nothing could be signed", fine, func() error { return errKey }, errKey, false},
		{"neither", func() error { return errDisk }, func() error { return errKey }, errDisk, false},
		{"signing panics", fine, func() error { panic("no such key") }, nil, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			signed := make(chan struct{})
			p := &proved{a: provedClient(), issued: func() error { defer close(signed); return row.signed() }}
			p.take = func(context.Context) error {
				<-signed // the tokens are there already
				return row.take()
			}
			answer, events, err := ask(p)
			ok := row.want == nil && !row.panics
			if (err == nil) != ok || row.want != nil && !errors.Is(err, row.want) && err.Error() != row.want.Error() {
				t.Errorf("error %v, want %v", err, row.want)
			}
			if (answer != "") != ok || events > 0 != ok {
				t.Errorf("answer %q, %d events", answer, events)
			}
		})
	}
}

// Signing does not wait for the store, nor the answer for less than both.
func TestTokensAreSignedWhileTheStoreTakes(t *testing.T) {
	began, signed := make(chan struct{}), make(chan struct{})
	p := &proved{a: provedClient(), issued: func() error { <-began; close(signed); return nil }}
	p.take = func(context.Context) error { close(began); <-signed; return nil }
	if answer, events, err := ask(p); err != nil || answer == "" || events != 1 {
		t.Errorf("%q, %d events, %v", answer, events, err)
	}
}
