package watch

import (
	"context"
	"time"

	"latchkey/storage"
)

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

func (w *watched) TouchClient(ctx context.Context, id string, expiresAt, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "TouchClient")
	defer func() { end(err) }()
	return w.store.TouchClient(ctx, id, expiresAt, now)
}

func (w *watched) HasClientOrigin(ctx context.Context, origin string) (r1 bool, err error) {
	ctx, end := w.begin(ctx, "HasClientOrigin")
	defer func() { end(err) }()
	return w.store.HasClientOrigin(ctx, origin)
}

func (w *watched) CreateRegistrationToken(ctx context.Context, t storage.RegistrationToken, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "CreateRegistrationToken")
	defer func() { end(err) }()
	return w.store.CreateRegistrationToken(ctx, t, now)
}

func (w *watched) RegistrationToken(ctx context.Context, hash string, now time.Time) (r1 storage.RegistrationToken, err error) {
	ctx, end := w.begin(ctx, "RegistrationToken")
	defer func() { end(err) }()
	return w.store.RegistrationToken(ctx, hash, now)
}

func (w *watched) ListRegistrationTokens(ctx context.Context, now time.Time) (r1 []storage.RegistrationToken, err error) {
	ctx, end := w.begin(ctx, "ListRegistrationTokens")
	defer func() { end(err) }()
	return w.store.ListRegistrationTokens(ctx, now)
}

func (w *watched) DeleteRegistrationToken(ctx context.Context, id string, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "DeleteRegistrationToken")
	defer func() { end(err) }()
	return w.store.DeleteRegistrationToken(ctx, id, now)
}

func (w *watched) RegisterClient(ctx context.Context, c storage.Client, tokenHash string, quota int, now time.Time) (r1 storage.Client, err error) {
	ctx, end := w.begin(ctx, "RegisterClient")
	defer func() { end(err) }()
	return w.store.RegisterClient(ctx, c, tokenHash, quota, now)
}
