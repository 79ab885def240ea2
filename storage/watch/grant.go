package watch

import (
	"context"
	"time"

	"latchkey/storage"
)

func (w *watched) CreateGrant(ctx context.Context, g storage.Grant, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "CreateGrant")
	defer func() { end(err) }()
	return w.store.CreateGrant(ctx, g, now)
}

func (w *watched) Grant(ctx context.Context, key storage.GrantKey, now time.Time) (r1 storage.Grant, err error) {
	ctx, end := w.begin(ctx, "Grant")
	defer func() { end(err) }()
	return w.store.Grant(ctx, key, now)
}

func (w *watched) RedeemCode(ctx context.Context, key storage.GrantKey, refresh *storage.Refresh, now time.Time) (r1 storage.Grant, err error) {
	ctx, end := w.begin(ctx, "RedeemCode")
	defer func() { end(err) }()
	return w.store.RedeemCode(ctx, key, refresh, now)
}

func (w *watched) RotateRefresh(ctx context.Context, grantID string, from int64, expires time.Time, now time.Time) (r1 storage.Grant, err error) {
	ctx, end := w.begin(ctx, "RotateRefresh")
	defer func() { end(err) }()
	return w.store.RotateRefresh(ctx, grantID, from, expires, now)
}

func (w *watched) RevokeGrants(ctx context.Context, scope storage.GrantScope, now time.Time) (r1 int, err error) {
	ctx, end := w.begin(ctx, "RevokeGrants")
	defer func() { end(err) }()
	return w.store.RevokeGrants(ctx, scope, now)
}

func (w *watched) PutConsent(ctx context.Context, c storage.Consent, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "PutConsent")
	defer func() { end(err) }()
	return w.store.PutConsent(ctx, c, now)
}

func (w *watched) Consent(ctx context.Context, accountID int64, clientID string) (r1 storage.Consent, err error) {
	ctx, end := w.begin(ctx, "Consent")
	defer func() { end(err) }()
	return w.store.Consent(ctx, accountID, clientID)
}

func (w *watched) ListConsents(ctx context.Context, accountID int64) (r1 []storage.Consent, err error) {
	ctx, end := w.begin(ctx, "ListConsents")
	defer func() { end(err) }()
	return w.store.ListConsents(ctx, accountID)
}

func (w *watched) UseConsent(ctx context.Context, accountID int64, clientID string, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "UseConsent")
	defer func() { end(err) }()
	return w.store.UseConsent(ctx, accountID, clientID, now)
}

func (w *watched) DeleteConsent(ctx context.Context, accountID int64, clientID string, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "DeleteConsent")
	defer func() { end(err) }()
	return w.store.DeleteConsent(ctx, accountID, clientID, now)
}

func (w *watched) DenyToken(ctx context.Context, jti string, until time.Time, now time.Time) (err error) {
	ctx, end := w.begin(ctx, "DenyToken")
	defer func() { end(err) }()
	return w.store.DenyToken(ctx, jti, until, now)
}

func (w *watched) Denied(ctx context.Context, jti string, now time.Time) (r1 bool, err error) {
	ctx, end := w.begin(ctx, "Denied")
	defer func() { end(err) }()
	return w.store.Denied(ctx, jti, now)
}

func (w *watched) Standing(ctx context.Context, key storage.StandingKey, now time.Time) (r1 storage.Standing, err error) {
	ctx, end := w.begin(ctx, "Standing")
	defer func() { end(err) }()
	return w.store.Standing(ctx, key, now)
}
