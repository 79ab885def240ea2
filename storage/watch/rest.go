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
