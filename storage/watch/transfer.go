package watch

import (
	"context"

	"latchkey/storage"
)

func (w *watched) Dump(ctx context.Context, yield func(storage.Item) error) (err error) {
	ctx, end := w.begin(ctx, "Dump")
	defer func() { end(err) }()
	return w.store.Dump(ctx, yield)
}

func (w *watched) Fill(ctx context.Context, items []storage.Item, from, to []byte) (err error) {
	ctx, end := w.begin(ctx, "Fill")
	defer func() { end(err) }()
	return w.store.Fill(ctx, items, from, to)
}

func (w *watched) FillProgress(ctx context.Context) (r1 []byte, err error) {
	ctx, end := w.begin(ctx, "FillProgress")
	defer func() { end(err) }()
	return w.store.FillProgress(ctx)
}

func (w *watched) FinishFill(ctx context.Context, from []byte) (err error) {
	ctx, end := w.begin(ctx, "FinishFill")
	defer func() { end(err) }()
	return w.store.FinishFill(ctx, from)
}
