package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
)

const (
	dataPage   = "/account/data"
	deletePage = "/account/data/delete"
	keepPage   = "/account/deletion/keep"
)

// dataView is somebody's data as a whole: a download, and its end.
type dataView struct {
	*frame
	// Ready: the person proved lately who they are. Confirm is where they do.
	Ready   bool
	Confirm string
	// CanDelete: people can delete their account. Grace is how long they can take it back, "" for not at all.
	CanDelete bool
	Grace     string
	// Word is what is to be typed.
	Word field
}

func (s *Site) data(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, dataPage)
	if !ok {
		return err
	}
	return s.draw(w, r, http.StatusOK, "portal", "data", s.dataView(f, s.Second.Recent(a, sess)))
}

func (s *Site) dataView(f *frame, ready bool) *dataView {
	f.Title = f.T("data.title")
	v := &dataView{frame: f, Ready: ready, Confirm: with(reauthPage, "return", dataPage)}
	var grace time.Duration
	if grace, v.CanDelete = s.Portal.Deletions.DeletionGrace(); grace > 0 {
		v.Grace = f.lasting(grace)
	}
	return v
}

// dataExport sends somebody their data. What fails half-way breaks the connection off: half an archive must not look whole.
func (s *Site) dataExport(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, dataPage)
	if !ok {
		return err
	}
	if !s.recent(w, r, a, sess, dataPage) {
		return nil
	}
	write, err := s.Portal.Records.Export(r.Context(), a.ID, sess, s.caller(r, f.Lang))
	if err != nil {
		status, ok := f.refuse(w, r, err, nil)
		if !ok {
			return s.orGone(w, r, err)
		}
		return s.draw(w, r, status, "portal", "data", s.dataView(f, true))
	}
	setHeaders(w.Header(), policy{secure: s.secure, upload: true})
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="account-`+s.now(r).UTC().Format("2006-01-02")+`.zip"`)
	if err := write(r.Context(), w); err != nil {
		serve.RecordOf(r.Context()).Err = err
		return fmt.Errorf("%w: %w", http.ErrAbortHandler, err)
	}
	return nil
}

// deletion says what goes and what stays, and asks for a word.
func (s *Site) deletion(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, dataPage)
	if !ok {
		return err
	}
	if _, open := s.Portal.Deletions.DeletionGrace(); !open {
		s.see(w, r, dataPage)
		return nil
	}
	if !s.recent(w, r, a, sess, deletePage) {
		return nil
	}
	return s.draw(w, r, http.StatusOK, "portal", "delete", s.deletionView(f, ""))
}

func (s *Site) deletionView(f *frame, typed string) *dataView {
	v := s.dataView(f, true)
	f.Title, f.Back = f.T("delete.title"), deletePage
	v.Word = f.wordField(typed)
	return v
}

func (f *frame) wordField(typed string) field {
	return f.put(field{Name: "word", Label: f.T("delete.word.label", "word", f.T("delete.word")), Value: typed, Autocomplete: "off", Capitalize: "none", Raw: true, Enter: "go",
		Required: true, Max: 32})
}

func (s *Site) deletionPost(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, dataPage)
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok || !s.recent(w, r, a, sess, deletePage) {
		return nil
	}
	if typed := strings.TrimSpace(form.Get("word")); !strings.EqualFold(typed, f.T("delete.word")) {
		f.Errors = []fieldError{{"word", f.T("delete.word.wrong", "word", f.T("delete.word"))}}
		return s.draw(w, r, http.StatusUnprocessableEntity, "portal", "delete", s.deletionView(f, typed))
	}
	left, err := s.Portal.Deletions.PlanDeletion(r.Context(), sess, s.caller(r, f.Lang))
	if err != nil {
		return s.orGone(w, r, err)
	}
	return s.leaveAll(w, r, left)
}

// keepView asks somebody whose account is about to be deleted whether to keep it.
type keepView struct {
	*frame
	Flow, Return, LoginName, Date string
}

func (s *Site) keepView(f *frame, a storage.Account, flow, ret string) *keepView {
	f.Title, f.Person = f.T("keep.title"), called(a)
	f.in(a.Zoneinfo)
	return &keepView{frame: f, Flow: flow, Return: ret, LoginName: login(a), Date: f.Moment(a.DeleteAt)}
}

func (s *Site) keep(w http.ResponseWriter, r *http.Request) error {
	in, ok, err := s.stepAt(w, r, r.URL.Query(), account.NeedDeletion)
	if !ok {
		return err
	}
	return s.draw(w, r, http.StatusOK, "bow", "keep", s.keepView(s.begun(r, in, "keep.title"), in.about.Account, in.fl.Sealed, in.ret))
}

func (s *Site) keepPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	in, ok, err := s.stepAt(w, r, form, account.NeedDeletion)
	if !ok {
		return err
	}
	got, err := s.Portal.Deletions.KeepAccount(r.Context(), in.ticket, s.caller(r, s.begun(r, in, "keep.title").Lang))
	switch {
	case s.step(w, r, err, in.fl.Sealed, in.ret):
		return nil
	case account.IsKind(err, account.StepGone), account.IsKind(err, account.WrongCredentials), isGone(err):
		s.stepGone(w, r, in)
		return nil
	case err != nil:
		return err
	}
	ret := in.ret
	if ret == "" {
		ret = "/account?notice=kept"
	}
	s.welcome(w, r, got, in.fl.Sealed, ret)
	return nil
}

// keepDecline leaves the account as it is: nobody is signed in, and an application that waits is told so.
func (s *Site) keepDecline(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	s.setCookie(w, "step", "", "/", -1)
	if flow := form.Get("flow"); flow != "" {
		return s.Flows.Deny(w, r, flow)
	}
	s.see(w, r, "/login?notice=signed_out")
	return nil
}
