package postgres

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

// PutFile implements [storage.Files].
func (s *Store) PutFile(ctx context.Context, accountID int64, kind storage.FileKind, info storage.FileInfo, content []byte, now time.Time) error {
	if kind != storage.FileResume && kind != storage.FilePicture {
		return fmt.Errorf("PutFile: %w", storage.ErrNotFound)
	}
	return s.run(ctx, "PutFile", writing,
		holdAccount(accountID),
		step{sql: "DELETE FROM files WHERE account_id = $1 AND kind = $2", args: []any{accountID, string(kind)}},
		s.t.files.add(&file{account: accountID, kind: kind, info: info, content: content}),
		touchAccount(accountID, now),
	)
}

func touchAccount(id int64, now time.Time) step {
	return step{sql: "UPDATE accounts SET updated_at = $2, version = version + 1 WHERE id = $1", args: []any{id, now}}
}

// File implements [storage.Files].
func (s *Store) File(ctx context.Context, accountID int64, kind storage.FileKind) (storage.FileInfo, []byte, error) {
	f, err := s.file(ctx, "File", "account_id = $1 AND kind = $2", accountID, toText(string(kind)))
	return f.info, f.content, err
}

// FileByID implements [storage.Files].
func (s *Store) FileByID(ctx context.Context, id string) (storage.FileInfo, storage.FileKind, []byte, error) {
	f, err := s.file(ctx, "FileByID", "id = $1", toText(id))
	return f.info, f.kind, f.content, err
}

func (s *Store) file(ctx context.Context, verb, where string, args ...any) (file, error) {
	var found []file
	err := s.run(ctx, verb, reading, s.t.files.get(&found, "SELECT "+s.t.files.list+" FROM files WHERE "+where, args...))
	if err != nil {
		return file{}, err
	}
	return only(verb, found)
}

// DeleteFile implements [storage.Files].
func (s *Store) DeleteFile(ctx context.Context, accountID int64, kind storage.FileKind, now time.Time) error {
	return s.run(ctx, "DeleteFile", writing,
		holdAccount(accountID),
		guard(storage.ErrNotFound, "DELETE FROM files WHERE account_id = $1 AND kind = $2 RETURNING 1", accountID, toText(string(kind))),
		touchAccount(accountID, now),
	)
}
