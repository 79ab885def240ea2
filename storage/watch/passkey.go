package watch

import (
	"context"
	"time"

	"latchkey/storage"
)

func (w *watched) CreatePasskey(ctx context.Context, p storage.Passkey, with storage.Effects, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "CreatePasskey")
	defer func() { end(err) }()
	return w.store.CreatePasskey(ctx, p, with, now)
}

func (w *watched) Passkey(ctx context.Context, id string) (r1 storage.Passkey, err error) {
	ctx, end := w.begin(ctx, "Passkey")
	defer func() { end(err) }()
	return w.store.Passkey(ctx, id)
}

func (w *watched) ListPasskeys(ctx context.Context, accountID int64) (r1 []storage.Passkey, err error) {
	ctx, end := w.begin(ctx, "ListPasskeys")
	defer func() { end(err) }()
	return w.store.ListPasskeys(ctx, accountID)
}

func (w *watched) TouchPasskey(ctx context.Context, accountID int64, id string, change storage.PasskeyChange, now time.Time) (r1 storage.Passkey, err error) {
	ctx, end := w.begin(ctx, "TouchPasskey")
	defer func() { end(err) }()
	return w.store.TouchPasskey(ctx, accountID, id, change, now)
}

func (w *watched) DeletePasskey(ctx context.Context, accountID int64, id string, with storage.Effects, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "DeletePasskey")
	defer func() { end(err) }()
	return w.store.DeletePasskey(ctx, accountID, id, with, now)
}

func (w *watched) AppendEvents(ctx context.Context, events []storage.AccountEvent, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "AppendEvents")
	defer func() { end(err) }()
	return w.store.AppendEvents(ctx, events, now)
}

func (w *watched) ListEvents(ctx context.Context, q storage.EventQuery, now time.Time) (r1 []storage.AccountEvent, err error) {
	ctx, end := w.begin(ctx, "ListEvents")
	defer func() { end(err) }()
	return w.store.ListEvents(ctx, q, now)
}
