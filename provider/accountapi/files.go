package accountapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// file is a kind of upload: its routes differ in nothing else.
type file struct {
	kind           storage.FileKind
	path, endpoint string
	most           int64
	put            func(account.Verbs, context.Context, int64, account.Upload, account.Caller) (storage.Account, error)
}

// putFile is POST /api/profile/resume and …/picture.
func (a *API) putFile(f file) serve.Handler {
	return a.required(platformWords, func(w http.ResponseWriter, r *http.Request, who storage.Account, _ storage.Session) error {
		up, err := readPart(w, r, string(f.kind), f.most)
		if err != nil {
			return err
		}
		acc, err := f.put(a.Accounts, r.Context(), who.ID, up, caller(r))
		if r, ok := asRefusal(err); ok && r.Fields[string(f.kind)] == account.TooLarge {
			e := refusal(account.Platform, r)
			e.status = http.StatusRequestEntityTooLarge
			return e
		}
		if err != nil {
			return worded(account.Platform, err)
		}
		return a.fileStored(w, f, acc)
	})
}

func (a *API) fileStored(w http.ResponseWriter, f file, acc storage.Account) error {
	if f.kind == storage.FileResume {
		return serve.WriteJSON(w, http.StatusCreated, struct {
			Success bool    `json:"success"`
			Message string  `json:"message"`
			Resume  *resume `json:"resume"`
		}{true, "Resume uploaded successfully", resumeOf(acc.Resume)})
	}
	return serve.WriteJSON(w, http.StatusCreated, struct {
		Success bool    `json:"success"`
		Message string  `json:"message"`
		Picture *string `json:"picture"`
	}{true, "Picture uploaded successfully", a.picture(acc.Picture)})
}

// readPart reads the one part of that name, at most so many bytes. Other parts are passed over.
func readPart(w http.ResponseWriter, r *http.Request, name string, most int64) (account.Upload, error) {
	tooLarge := refuse(http.StatusRequestEntityTooLarge, fileProblem(name, account.TooLarge))
	tooLarge.outcome = "too_large"
	if r.ContentLength > most+multipartFrame {
		return account.Upload{}, tooLarge
	}
	if err := wantType(r, "multipart/form-data"); err != nil {
		return account.Upload{}, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, most+multipartFrame)
	form, err := r.MultipartReader()
	if err != nil {
		return account.Upload{}, refuse(http.StatusBadRequest, msgBadForm)
	}
	for range maxParts {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			missing := fileProblem(name, account.Missing)
			return account.Upload{}, &apiError{status: http.StatusBadRequest, message: missing, fields: map[string]string{name: missing}, outcome: "invalid"}
		}
		if err != nil {
			return account.Upload{}, formError(err, tooLarge)
		}
		if part.FormName() != name {
			continue
		}
		content, err := io.ReadAll(io.LimitReader(part, most+1))
		if err != nil {
			return account.Upload{}, formError(err, tooLarge)
		}
		if int64(len(content)) > most {
			return account.Upload{}, tooLarge
		}
		return account.Upload{Filename: rawFilename(part), Content: content}, nil
	}
	return account.Upload{}, refuse(http.StatusBadRequest, msgBadForm)
}

const (
	maxParts   = 16
	msgBadForm = "Malformed multipart form"
)

func formError(err error, tooLarge *apiError) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge
	}
	if tl, ok := errors.AsType[*serve.TooLarge](err); ok {
		return fmt.Errorf("read form: %w", tl)
	}
	e := refuse(http.StatusBadRequest, msgBadForm)
	e.cause = err
	return e
}

// rawFilename is the name as it was sent; the account service makes it safe.
func rawFilename(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return part.FileName()
	}
	return params["filename"]
}

// getFile is GET of the same: the file as an attachment, which no browser opens as a page.
func (a *API) getFile(f file) serve.Handler {
	return a.required(platformWords, func(w http.ResponseWriter, r *http.Request, who storage.Account, _ storage.Session) error {
		info, content, err := a.Accounts.File(r.Context(), who.ID, f.kind)
		if account.IsKind(err, account.Gone) {
			return &serve.NotFound{}
		}
		if err != nil {
			return err
		}
		w.Header().Set("Content-Disposition", attachment(info.Filename))
		w.Header().Set("Cache-Control", "no-store")
		sendFile(w, info, content)
		return nil
	})
}

// attachment is the value of Content-Disposition (RFC 6266 §4).
func attachment(name string) string {
	if v := mime.FormatMediaType("attachment", map[string]string{"filename": name}); v != "" {
		return v
	}
	return "attachment"
}

func sendFile(w http.ResponseWriter, info storage.FileInfo, content []byte) {
	h := w.Header()
	h.Set("Content-Type", info.ContentType)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(content) // #nosec G705 -- an attachment or a re-encoded image, never a page
}

// deleteFile is DELETE of the same. A file that is not there is as good as deleted.
func (a *API) deleteFile(f file) serve.Handler {
	return a.required(platformWords, func(w http.ResponseWriter, r *http.Request, who storage.Account, _ storage.Session) error {
		err := a.Accounts.DeleteFile(r.Context(), who.ID, f.kind, caller(r))
		if err != nil && !account.IsKind(err, account.Gone) {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}
