package memory

import (
	"context"
	"slices"
	"time"

	"latchkey/storage"
)

type file struct {
	account int64
	kind    storage.FileKind
	info    storage.FileInfo
	content []byte
}

// slot returns the field of a that describes its file of that kind; nil for kinds there are not.
func slot(a *storage.Account, kind storage.FileKind) **storage.FileInfo {
	switch kind {
	case storage.FileResume:
		return &a.Resume
	case storage.FilePicture:
		return &a.Picture
	}
	return nil
}

// PutFile implements [storage.Files].
func (s *Store) PutFile(ctx context.Context, accountID int64, kind storage.FileKind, info storage.FileInfo, content []byte, now time.Time) error {
	content = slices.Clone(content)
	return s.write(ctx, "PutFile", func(t *tx) error {
		a, ok := s.accounts[accountID]
		p := slot(&a, kind)
		if !ok || p == nil {
			return storage.ErrNotFound
		}
		if *p != nil {
			drop(t, s.files, (*p).ID)
		}
		if _, taken := s.files[info.ID]; taken || info.ID == "" {
			return storage.ErrExists
		}
		put(t, s.files, info.ID, file{account: accountID, kind: kind, info: info, content: content})
		*p = &info
		a.UpdatedAt = now
		a.Version++
		put(t, s.accounts, accountID, a)
		return nil
	})
}

// File implements [storage.Files].
func (s *Store) File(ctx context.Context, accountID int64, kind storage.FileKind) (info storage.FileInfo, content []byte, err error) {
	err = s.read(ctx, "File", func() error {
		a := s.accounts[accountID]
		p := slot(&a, kind)
		if p == nil || *p == nil {
			return storage.ErrNotFound
		}
		f := s.files[(*p).ID]
		info, content = f.info, slices.Clone(f.content)
		return nil
	})
	return info, content, err
}

// FileByID implements [storage.Files].
func (s *Store) FileByID(ctx context.Context, id string) (info storage.FileInfo, kind storage.FileKind, content []byte, err error) {
	err = s.read(ctx, "FileByID", func() error {
		f, ok := s.files[id]
		if !ok {
			return storage.ErrNotFound
		}
		info, kind, content = f.info, f.kind, slices.Clone(f.content)
		return nil
	})
	return info, kind, content, err
}

// DeleteFile implements [storage.Files].
func (s *Store) DeleteFile(ctx context.Context, accountID int64, kind storage.FileKind, now time.Time) error {
	return s.write(ctx, "DeleteFile", func(t *tx) error {
		a := s.accounts[accountID]
		p := slot(&a, kind)
		if p == nil || *p == nil {
			return storage.ErrNotFound
		}
		drop(t, s.files, (*p).ID)
		*p = nil
		a.UpdatedAt = now
		a.Version++
		put(t, s.accounts, accountID, a)
		return nil
	})
}
