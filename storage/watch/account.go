package watch

import (
	"context"
	"time"

	"latchkey/storage"
)

func (w *watched) CreateAccount(ctx context.Context, a storage.Account, with storage.Effects, now time.Time) (r1 storage.Account, err error) {
	ctx, end := w.begin(ctx, "CreateAccount")
	defer func() { end(err) }()
	return w.store.CreateAccount(ctx, a, with, now)
}

func (w *watched) Account(ctx context.Context, key storage.AccountKey) (r1 storage.Account, err error) {
	ctx, end := w.begin(ctx, "Account")
	defer func() { end(err) }()
	return w.store.Account(ctx, key)
}

func (w *watched) ReplaceAccount(ctx context.Context, a storage.Account, with storage.Effects, now time.Time) (r1 storage.Account, err error) {
	ctx, end := w.begin(ctx, "ReplaceAccount")
	defer func() { end(err) }()
	return w.store.ReplaceAccount(ctx, a, with, now)
}

func (w *watched) DeleteAccount(ctx context.Context, id int64, with storage.Effects, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "DeleteAccount")
	defer func() { end(err) }()
	return w.store.DeleteAccount(ctx, id, with, now)
}

func (w *watched) ListAccounts(ctx context.Context, after int64, limit int) (r1 []storage.Account, err error) {
	ctx, end := w.begin(ctx, "ListAccounts")
	defer func() { end(err) }()
	return w.store.ListAccounts(ctx, after, limit)
}

func (w *watched) PutFile(ctx context.Context, accountID int64, kind storage.FileKind, info storage.FileInfo, content []byte, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "PutFile")
	defer func() { end(err) }()
	return w.store.PutFile(ctx, accountID, kind, info, content, now)
}

func (w *watched) File(ctx context.Context, accountID int64, kind storage.FileKind) (r1 storage.FileInfo, r2 []byte, err error) {
	ctx, end := w.begin(ctx, "File")
	defer func() { end(err) }()
	return w.store.File(ctx, accountID, kind)
}

func (w *watched) FileByID(ctx context.Context, id string) (r1 storage.FileInfo, r2 storage.FileKind, r3 []byte, err error) {
	ctx, end := w.begin(ctx, "FileByID")
	defer func() { end(err) }()
	return w.store.FileByID(ctx, id)
}

func (w *watched) DeleteFile(ctx context.Context, accountID int64, kind storage.FileKind, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "DeleteFile")
	defer func() { end(err) }()
	return w.store.DeleteFile(ctx, accountID, kind, now)
}
