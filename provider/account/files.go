package account

import (
	"context"
	"path"
	"strings"

	"latchkey/provider/audit"
	"latchkey/storage"

	"golang.org/x/text/unicode/norm"
)

// PutResume stores a résumé in place of the earlier one. Its type is told from its bytes. Refusals: Invalid (Missing, TooLarge,
// WrongType), Gone.
func (s *Service) PutResume(ctx context.Context, accountID int64, up Upload, caller Caller) (storage.Account, error) {
	switch {
	case len(up.Content) == 0:
		return storage.Account{}, invalid(FieldResume, Missing)
	case len(up.Content) > s.config.MaxResume:
		return storage.Account{}, invalid(FieldResume, TooLarge)
	}
	kind, ok := documentType(up.Content)
	if !ok {
		return storage.Account{}, invalid(FieldResume, WrongType)
	}
	info := storage.FileInfo{Filename: safeName(up.Filename, "resume", kind.extension), ContentType: kind.contentType}
	return s.putFile(ctx, accountID, storage.FileResume, info, up.Content, caller)
}

// PutPicture stores a picture, decoded and encoded anew: nothing but the pixels of what was sent is kept. Refusals: Invalid (Missing,
// TooLarge, WrongType), Busy, Gone.
func (s *Service) PutPicture(ctx context.Context, accountID int64, up Upload, caller Caller) (storage.Account, error) {
	switch {
	case len(up.Content) == 0:
		return storage.Account{}, invalid(FieldPicture, Missing)
	case len(up.Content) > s.config.MaxPicture:
		return storage.Account{}, invalid(FieldPicture, TooLarge)
	}
	clean, err := s.cleanPicture(ctx, up.Content)
	if err != nil {
		return storage.Account{}, err
	}
	name := strings.TrimSuffix(up.Filename, path.Ext(up.Filename))
	info := storage.FileInfo{Filename: safeName(name, "picture", clean.Extension), ContentType: clean.ContentType}
	return s.putFile(ctx, accountID, storage.FilePicture, info, clean.Content, caller)
}

func (s *Service) putFile(ctx context.Context, accountID int64, kind storage.FileKind, info storage.FileInfo, content []byte, c Caller) (storage.Account, error) {
	if _, err := s.active(ctx, accountID); err != nil {
		return storage.Account{}, err
	}
	id, err := s.secret(24)
	if err != nil {
		return storage.Account{}, err
	}
	now := s.now()
	info.ID, info.Size, info.UploadedAt = id, int64(len(content)), now
	if err := s.store.PutFile(ctx, accountID, kind, info, content, now); err != nil {
		return storage.Account{}, gone("store file", err)
	}
	s.record(ctx, audit.ProfileChanged, c, audit.Event{AccountID: accountID, Detail: string(kind)})
	return s.Account(ctx, accountID)
}

// File returns the account's file of that kind. Refusals: Gone where there is none.
func (s *Service) File(ctx context.Context, accountID int64, kind storage.FileKind) (storage.FileInfo, []byte, error) {
	info, content, err := s.store.File(ctx, accountID, kind)
	if err != nil {
		return storage.FileInfo{}, nil, gone("load file", err)
	}
	return info, content, nil
}

// Picture returns a picture by its unguessable ID. Files of other kinds are not given out this way. Refusals: Gone.
func (s *Service) Picture(ctx context.Context, fileID string) (storage.FileInfo, []byte, error) {
	if fileID == "" || len(fileID) > 64 {
		return storage.FileInfo{}, nil, &Refusal{Kind: Gone}
	}
	info, kind, content, err := s.store.FileByID(ctx, fileID)
	if err != nil {
		return storage.FileInfo{}, nil, gone("load picture", err)
	}
	if kind != storage.FilePicture {
		return storage.FileInfo{}, nil, &Refusal{Kind: Gone}
	}
	return info, content, nil
}

// DeleteFile removes a file. Refusals: Gone where there is none.
func (s *Service) DeleteFile(ctx context.Context, accountID int64, kind storage.FileKind, caller Caller) error {
	if err := s.store.DeleteFile(ctx, accountID, kind, s.now()); err != nil {
		return gone("delete file", err)
	}
	s.record(ctx, audit.ProfileChanged, caller, audit.Event{AccountID: accountID, Detail: string(kind)})
	return nil
}

// safeName is the last element of a path as typed on any system, without characters that hide or break, with the extension of the
// type that the bytes have, at most 255 bytes.
func safeName(name, fallback, extension string) string {
	const most = 255
	name = strings.ToValidUTF8(name, "")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if hidden(r) || strings.ContainsRune(`<>:"|?*`, r) {
			return -1
		}
		return r
	}, norm.NFC.String(name))
	if strings.EqualFold(path.Ext(name), extension) {
		name = name[:len(name)-len(extension)]
	}
	name = strings.TrimRight(cut(strings.TrimLeft(name, " ."), most-len(extension)), " .")
	if name == "" {
		name = fallback
	}
	return name + extension
}

// documentKind is a type of document.
type documentKind struct{ contentType, extension string }
