package watch

import (
	"context"
	"time"

	"latchkey/storage"
)

func (w *watched) ImportAccounts(ctx context.Context, accounts []storage.Account, dry bool, now time.Time) (r1 []storage.ImportedAccount, err error) {
	ctx, end := w.begin(ctx, "ImportAccounts")
	defer func() { end(err) }()
	return w.store.ImportAccounts(ctx, accounts, dry, now)
}
