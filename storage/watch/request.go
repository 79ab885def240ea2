package watch

import (
	"context"
	"time"

	"latchkey/storage"
)

func (w *watched) CreateDevice(ctx context.Context, d storage.Device, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "CreateDevice")
	defer func() { end(err) }()
	return w.store.CreateDevice(ctx, d, now)
}

func (w *watched) Device(ctx context.Context, key storage.DeviceKey, now time.Time) (r1 storage.Device, err error) {
	ctx, end := w.begin(ctx, "Device")
	defer func() { end(err) }()
	return w.store.Device(ctx, key, now)
}

func (w *watched) DecideDevice(ctx context.Context, userCodeHash string, by storage.DeviceDecision, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "DecideDevice")
	defer func() { end(err) }()
	return w.store.DecideDevice(ctx, userCodeHash, by, now)
}

func (w *watched) RedeemDevice(ctx context.Context, codeHash string, g *storage.Grant, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "RedeemDevice")
	defer func() { end(err) }()
	return w.store.RedeemDevice(ctx, codeHash, g, now)
}

func (w *watched) PutPushedRequest(ctx context.Context, p storage.PushedRequest, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "PutPushedRequest")
	defer func() { end(err) }()
	return w.store.PutPushedRequest(ctx, p, now)
}

func (w *watched) PushedRequest(ctx context.Context, id string, now time.Time) (r1 storage.PushedRequest, err error) {
	ctx, end := w.begin(ctx, "PushedRequest")
	defer func() { end(err) }()
	return w.store.PushedRequest(ctx, id, now)
}

func (w *watched) TakePushedRequest(ctx context.Context, id string, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "TakePushedRequest")
	defer func() { end(err) }()
	return w.store.TakePushedRequest(ctx, id, now)
}

func (w *watched) SpendOnce(ctx context.Context, key string, until, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "SpendOnce")
	defer func() { end(err) }()
	return w.store.SpendOnce(ctx, key, until, now)
}

func (w *watched) LeaseNotices(ctx context.Context, limit int, until, now time.Time) (r1 []storage.LogoutNotice, err error) {
	ctx, end := w.begin(ctx, "LeaseNotices")
	defer func() { end(err) }()
	return w.store.LeaseNotices(ctx, limit, until, now)
}

func (w *watched) SettleNotice(ctx context.Context, key storage.NoticeKey, outcome storage.NoticeOutcome, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "SettleNotice")
	defer func() { end(err) }()
	return w.store.SettleNotice(ctx, key, outcome, now)
}

func (w *watched) ListNotices(ctx context.Context, accountID int64, now time.Time) (r1 []storage.LogoutNotice, err error) {
	ctx, end := w.begin(ctx, "ListNotices")
	defer func() { end(err) }()
	return w.store.ListNotices(ctx, accountID, now)
}

func (w *watched) NoticeState(ctx context.Context, now time.Time) (r1 storage.NoticeState, err error) {
	ctx, end := w.begin(ctx, "NoticeState")
	defer func() { end(err) }()
	return w.store.NoticeState(ctx, now)
}
