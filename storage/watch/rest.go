package watch

import (
	"context"
	"time"

	"latchkey/storage"
)

func (w *watched) Keyring(ctx context.Context) (r1 storage.Keyring, err error) {
	ctx, end := w.begin(ctx, "Keyring")
	defer func() { end(err) }()
	return w.store.Keyring(ctx)
}

func (w *watched) SwapKeyring(ctx context.Context, k storage.Keyring, now time.Time) (r1 storage.Keyring, err error) {
	ctx, end := w.begin(ctx, "SwapKeyring")
	defer func() { end(err) }()
	return w.store.SwapKeyring(ctx, k, now)
}

func (w *watched) CreateClient(ctx context.Context, c storage.Client, now time.Time) (r1 storage.Client, err error) {
	ctx, end := w.begin(ctx, "CreateClient")
	defer func() { end(err) }()
	return w.store.CreateClient(ctx, c, now)
}

func (w *watched) Client(ctx context.Context, id string) (r1 storage.Client, err error) {
	ctx, end := w.begin(ctx, "Client")
	defer func() { end(err) }()
	return w.store.Client(ctx, id)
}

func (w *watched) ReplaceClient(ctx context.Context, c storage.Client, now time.Time) (r1 storage.Client, err error) {
	ctx, end := w.begin(ctx, "ReplaceClient")
	defer func() { end(err) }()
	return w.store.ReplaceClient(ctx, c, now)
}

func (w *watched) DeleteClient(ctx context.Context, id string, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "DeleteClient")
	defer func() { end(err) }()
	return w.store.DeleteClient(ctx, id, now)
}

func (w *watched) ListClients(ctx context.Context, after string, limit int) (r1 []storage.Client, err error) {
	ctx, end := w.begin(ctx, "ListClients")
	defer func() { end(err) }()
	return w.store.ListClients(ctx, after, limit)
}

func (w *watched) TakeAttempts(ctx context.Context, limits []storage.Limit, now time.Time) (r1 storage.Taken, err error) {
	ctx, end := w.begin(ctx, "TakeAttempts")
	defer func() { end(err) }()
	return w.store.TakeAttempts(ctx, limits, now)
}

func (w *watched) ReturnAttempts(ctx context.Context, limits []storage.Limit, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "ReturnAttempts")
	defer func() { end(err) }()
	return w.store.ReturnAttempts(ctx, limits, now)
}

func (w *watched) ClearAttempts(ctx context.Context, keys []string, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "ClearAttempts")
	defer func() { end(err) }()
	return w.store.ClearAttempts(ctx, keys, now)
}

func (w *watched) Ping(ctx context.Context) (err error) {
	ctx, end := w.begin(ctx, "Ping")
	defer func() { end(err) }()
	return w.store.Ping(ctx)
}

func (w *watched) Sweep(ctx context.Context, limit int, now time.Time) (r1 int, err error) {
	ctx, end := w.begin(ctx, "Sweep")
	defer func() { end(err) }()
	return w.store.Sweep(ctx, limit, now)
}

func (w *watched) Stats(ctx context.Context) (r1 map[string]int64, err error) {
	ctx, end := w.begin(ctx, "Stats")
	defer func() { end(err) }()
	return w.store.Stats(ctx)
}
