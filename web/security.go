package web

import (
	"errors"
	"net/http"

	"latchkey/provider/account"
	"latchkey/provider/serve"
)

// orGone sends whoever lost their account or session meanwhile to sign in; every other refusal becomes a page, and faults go up.
func (s *Site) orGone(w http.ResponseWriter, r *http.Request, err error) error {
	ref, refused := errors.AsType[*account.Refusal](err)
	if !refused {
		return err
	}
	serve.RecordOf(r.Context()).Outcome = string(ref.Kind)
	if ref.Kind != account.Gone {
		return s.plainly(w, r, s.begin(r, "", ""), err)
	}
	s.Sessions.Clear(w)
	s.see(w, r, "/login")
	return nil
}
