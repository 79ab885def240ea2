package bolt

import (
	"context"
	"time"

	"latchkey/storage"
)

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

func (t *txn) removeFile(info *storage.FileInfo) {
	if info == nil {
		return
	}
	t.drop(tFiles, []byte(info.ID))
	t.delta[tFiles]--
}

func (t *txn) addFile(f file) {
	save(t, tFiles, []byte(f.info.ID), walkFile, f)
	t.delta[tFiles]++
}

// PutFile implements [storage.Files].
func (s *Store) PutFile(ctx context.Context, accountID int64, kind storage.FileKind, info storage.FileInfo, content []byte, now time.Time) error {
	return s.updateWeighing(ctx, "PutFile", len(content), func(t *txn) error {
		a, ok := t.account(accountID)
		p := slot(&a, kind)
		if !ok || p == nil {
			return storage.ErrNotFound
		}
		_, taken := t.get(tFiles, []byte(info.ID))
		if own := *p != nil && (*p).ID == info.ID; taken && !own || info.ID == "" {
			return storage.ErrExists
		}
		t.removeFile(*p)
		t.addFile(file{account: accountID, kind: kind, info: info, content: content})
		*p = &info
		a.UpdatedAt = now
		a.Version++
		save(t, tAccounts, idKey(accountID), walkAccount, a)
		return nil
	})
}

// File implements [storage.Files].
func (s *Store) File(ctx context.Context, accountID int64, kind storage.FileKind) (info storage.FileInfo, content []byte, err error) {
	err = s.view(ctx, "File", func(t *txn) error {
		a, _ := t.account(accountID)
		p := slot(&a, kind)
		if p == nil || *p == nil {
			return storage.ErrNotFound
		}
		f, ok := load(t, tFiles, []byte((*p).ID), walkFile)
		if !ok || f.account != accountID || f.kind != kind {
			return corrupt(tFiles, "no file where an account has one").err
		}
		info, content = f.info, f.content
		return nil
	})
	return info, content, err
}

// FileByID implements [storage.Files].
func (s *Store) FileByID(ctx context.Context, id string) (info storage.FileInfo, kind storage.FileKind, content []byte, err error) {
	err = s.view(ctx, "FileByID", func(t *txn) error {
		f, ok := load(t, tFiles, []byte(id), walkFile)
		if !ok {
			return storage.ErrNotFound
		}
		info, kind, content = f.info, f.kind, f.content
		return nil
	})
	return info, kind, content, err
}

// DeleteFile implements [storage.Files].
func (s *Store) DeleteFile(ctx context.Context, accountID int64, kind storage.FileKind, now time.Time) error {
	return s.update(ctx, "DeleteFile", func(t *txn) error {
		a, _ := t.account(accountID)
		p := slot(&a, kind)
		if p == nil || *p == nil {
			return storage.ErrNotFound
		}
		t.removeFile(*p)
		*p = nil
		a.UpdatedAt = now
		a.Version++
		save(t, tAccounts, idKey(accountID), walkAccount, a)
		return nil
	})
}
