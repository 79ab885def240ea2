package watch

import (
	"context"
	"time"

	"latchkey/storage"
)

func (w *watched) OneTime(ctx context.Context, key storage.OneTimeKey, now time.Time) (r1 storage.OneTime, err error) {
	ctx, end := w.begin(ctx, "OneTime")
	defer func() { end(err) }()
	return w.store.OneTime(ctx, key, now)
}

func (w *watched) ListOneTimes(ctx context.Context, accountID int64, purpose storage.Purpose, now time.Time) (r1 []storage.OneTime, err error) {
	ctx, end := w.begin(ctx, "ListOneTimes")
	defer func() { end(err) }()
	return w.store.ListOneTimes(ctx, accountID, purpose, now)
}

func (w *watched) ApplyEffects(ctx context.Context, accountID int64, with storage.Effects, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "ApplyEffects")
	defer func() { end(err) }()
	return w.store.ApplyEffects(ctx, accountID, with, now)
}

func (w *watched) QueueMail(ctx context.Context, m []storage.Mail, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "QueueMail")
	defer func() { end(err) }()
	return w.store.QueueMail(ctx, m, now)
}

func (w *watched) LeaseMail(ctx context.Context, limit int, until time.Time, now time.Time) (r1 []storage.Mail, err error) {
	ctx, end := w.begin(ctx, "LeaseMail")
	defer func() { end(err) }()
	return w.store.LeaseMail(ctx, limit, until, now)
}

func (w *watched) FinishMail(ctx context.Context, id string, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "FinishMail")
	defer func() { end(err) }()
	return w.store.FinishMail(ctx, id, now)
}

func (w *watched) RetryMail(ctx context.Context, id string, notBefore time.Time, lastError string, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "RetryMail")
	defer func() { end(err) }()
	return w.store.RetryMail(ctx, id, notBefore, lastError, now)
}

func (w *watched) OutboxState(ctx context.Context, now time.Time) (r1 storage.OutboxState, err error) {
	ctx, end := w.begin(ctx, "OutboxState")
	defer func() { end(err) }()
	return w.store.OutboxState(ctx, now)
}
