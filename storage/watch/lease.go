package watch

import (
	"context"
	"time"
)

func (w *watched) TakeLease(ctx context.Context, name, holder string, until, now time.Time) (r1 bool, err error) {
	ctx, end := w.begin(ctx, "TakeLease")
	defer func() { end(err) }()
	return w.store.TakeLease(ctx, name, holder, until, now)
}

func (w *watched) ReleaseMail(ctx context.Context) (r1 int, err error) {
	ctx, end := w.begin(ctx, "ReleaseMail")
	defer func() { end(err) }()
	return w.store.ReleaseMail(ctx)
}

func (w *watched) ReleaseNotices(ctx context.Context) (r1 int, err error) {
	ctx, end := w.begin(ctx, "ReleaseNotices")
	defer func() { end(err) }()
	return w.store.ReleaseNotices(ctx)
}

func (w *watched) ReleaseLease(ctx context.Context, name, holder string, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "ReleaseLease")
	defer func() { end(err) }()
	return w.store.ReleaseLease(ctx, name, holder, now)
}
