package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// Largest uploads unless [Deps] says otherwise, and what the form around them may add, in bytes.
const (
	maxResume  = 5 << 20
	maxPicture = 2 << 20
	formSlack  = 64 << 10
)

func (s *Site) resumePost(w http.ResponseWriter, r *http.Request) error {
	return s.upload(w, r, storage.FileResume, s.ResumeMax)
}

func (s *Site) picturePost(w http.ResponseWriter, r *http.Request) error {
	return s.upload(w, r, storage.FilePicture, s.PictureMax)
}

// upload takes a file. Its size is refused beside the field, not on a page of its own, wherever the body can still be read.
func (s *Site) upload(w http.ResponseWriter, r *http.Request, kind storage.FileKind, limit int64) error {
	f, a, _, ok, err := s.portal(w, r, profilePage)
	if !ok {
		return err
	}
	refuse := func(p account.Problem) error {
		ref := &account.Refusal{Kind: account.Invalid, Fields: map[string]account.Problem{string(kind): p}, Order: []string{string(kind)}}
		status, _ := f.refuse(w, r, ref, nil)
		if p == account.TooLarge {
			status = http.StatusRequestEntityTooLarge
		}
		return s.drawProfile(w, r, status, f, a, typedOf(a))
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit+formSlack)
	up, err := readPart(r, string(kind), limit)
	if _, big := errors.AsType[*http.MaxBytesError](err); big || errors.Is(err, errTooLarge) {
		return refuse(account.TooLarge)
	}
	if errors.Is(err, errNoFile) {
		return refuse(account.Missing)
	}
	if err != nil {
		s.badForm(w, r, err)
		return nil
	}
	put := s.Account.PutResume
	if kind == storage.FilePicture {
		put = s.Account.PutPicture
	}
	if _, err := put(r.Context(), a.ID, up, s.caller(r, f.Lang)); err != nil {
		status, ok := f.refuse(w, r, err, nil)
		if !ok {
			return s.orGone(w, r, err)
		}
		return s.drawProfile(w, r, status, f, a, typedOf(a))
	}
	s.see(w, r, profilePage+"?notice="+string(kind)+"_saved")
	return nil
}

var (
	errNoFile   = errors.New("no file was chosen")
	errTooLarge = errors.New("the file is too large")
)

// readPart reads the file of a multipart form without ever touching the disk.
func readPart(r *http.Request, name string, limit int64) (account.Upload, error) {
	mr, err := r.MultipartReader()
	if err != nil {
		return account.Upload{}, fmt.Errorf("read form: %w", err)
	}
	for {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return account.Upload{}, errNoFile
		}
		if err != nil {
			return account.Upload{}, fmt.Errorf("read form: %w", err)
		}
		if part.FormName() != name {
			continue
		}
		content, err := io.ReadAll(io.LimitReader(part, limit+1))
		if err != nil {
			return account.Upload{}, fmt.Errorf("read file: %w", err)
		}
		switch {
		case int64(len(content)) > limit:
			return account.Upload{}, errTooLarge
		case len(content) == 0:
			return account.Upload{}, errNoFile
		}
		return account.Upload{Filename: part.FileName(), Content: content}, nil
	}
}

func (s *Site) resumeDelete(w http.ResponseWriter, r *http.Request) error {
	return s.remove(w, r, storage.FileResume)
}

func (s *Site) pictureDelete(w http.ResponseWriter, r *http.Request) error {
	return s.remove(w, r, storage.FilePicture)
}

func (s *Site) remove(w http.ResponseWriter, r *http.Request, kind storage.FileKind) error {
	f, a, _, ok, err := s.portal(w, r, profilePage)
	if !ok {
		return err
	}
	if a.Resume == nil && kind == storage.FileResume || a.Picture == nil && kind == storage.FilePicture {
		s.see(w, r, profilePage) // twice pressed
		return nil
	}
	// Gone is as good as removed; if it is the account that is gone, the page it leads to finds out.
	if err := s.Account.DeleteFile(r.Context(), a.ID, kind, s.caller(r, f.Lang)); err != nil && !isGone(err) {
		return fmt.Errorf("remove file: %w", err)
	}
	s.see(w, r, profilePage+"?notice="+string(kind)+"_removed")
	return nil
}

// resumeFile sends the person their file. It is an attachment in a sandbox: whatever it holds, it does not run here.
func (s *Site) resumeFile(w http.ResponseWriter, r *http.Request) error {
	_, a, _, ok, err := s.portal(w, r, profilePage)
	if !ok {
		return err
	}
	info, content, err := s.Account.File(r.Context(), a.ID, storage.FileResume)
	if isGone(err) {
		s.fail(w, r, serve.Problem{Status: http.StatusNotFound, Kind: "not_found", Back: s.path(profilePage)})
		return nil
	}
	if err != nil {
		return fmt.Errorf("load file: %w", err)
	}
	setHeaders(w.Header(), policy{secure: s.secure, upload: true})
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": info.Filename}))
	if w.Header().Get("Content-Disposition") == "" {
		w.Header().Set("Content-Disposition", "attachment")
	}
	s.sendFile(w, r, info, content)
	return nil
}

// media serves a picture by its unguessable name: it is also the `picture` claim.
func (s *Site) media(w http.ResponseWriter, r *http.Request) error {
	id := strings.TrimPrefix(s.rel(r), "/media/")
	info, content, err := s.Account.Picture(r.Context(), id)
	if err != nil && !isGone(err) {
		return fmt.Errorf("load picture: %w", err)
	}
	if err != nil || !strings.HasPrefix(info.ContentType, "image/") {
		s.fail(w, r, serve.Problem{Status: http.StatusNotFound, Kind: "not_found"})
		return nil
	}
	setHeaders(w.Header(), policy{secure: s.secure, upload: true})
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // applications show it
	s.sendFile(w, r, info, content)
	return nil
}

// isGone tells that what was asked for does not exist.
func isGone(err error) bool {
	ref, refused := errors.AsType[*account.Refusal](err)
	return errors.Is(err, storage.ErrNotFound) || refused && (ref.Kind == account.Gone || ref.Kind == account.BadToken)
}

func (s *Site) sendFile(w http.ResponseWriter, r *http.Request, info storage.FileInfo, content []byte) {
	w.Header().Set("Content-Type", info.ContentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) //nolint:gosec // a picture we encoded or an attachment, with nosniff; nobody is left to tell if it fails
	}
}
