package watch

import (
	"context"
	"time"

	"latchkey/storage"
)

func (w *watched) CreateSession(ctx context.Context, s storage.Session, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "CreateSession")
	defer func() { end(err) }()
	return w.store.CreateSession(ctx, s, now)
}

func (w *watched) Session(ctx context.Context, sid string, now time.Time) (r1 storage.Session, err error) {
	ctx, end := w.begin(ctx, "Session")
	defer func() { end(err) }()
	return w.store.Session(ctx, sid, now)
}

func (w *watched) TouchSession(ctx context.Context, sid string, change storage.SessionChange, now time.Time) (r1 storage.Session, err error) {
	ctx, end := w.begin(ctx, "TouchSession")
	defer func() { end(err) }()
	return w.store.TouchSession(ctx, sid, change, now)
}

func (w *watched) EndSessions(ctx context.Context, scope storage.EndScope, now time.Time) (r1 []storage.Session, err error) {
	ctx, end := w.begin(ctx, "EndSessions")
	defer func() { end(err) }()
	return w.store.EndSessions(ctx, scope, now)
}

func (w *watched) ListSessions(ctx context.Context, accountID int64, now time.Time) (r1 []storage.Session, err error) {
	ctx, end := w.begin(ctx, "ListSessions")
	defer func() { end(err) }()
	return w.store.ListSessions(ctx, accountID, now)
}
