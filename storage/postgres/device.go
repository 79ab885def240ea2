package postgres

import (
	"context"
	"fmt"
	"time"

	"latchkey/storage"
)

// CreateDevice implements [storage.Devices].
func (s *Store) CreateDevice(ctx context.Context, d storage.Device, now time.Time) error {
	return s.run(ctx, "CreateDevice", writing,
		step{
			sql:  "DELETE FROM devices WHERE (code_hash = $1 OR user_code_hash = $2) AND expires_at <= $3",
			args: []any{toText(d.CodeHash), toText(d.UserCodeHash), now}, clears: true,
		},
		s.t.devices.add(&d))
}

// Device implements [storage.Devices].
func (s *Store) Device(ctx context.Context, key storage.DeviceKey, now time.Time) (storage.Device, error) {
	return s.device(ctx, "Device", key, now)
}

func (s *Store) device(ctx context.Context, verb string, key storage.DeviceKey, now time.Time) (storage.Device, error) {
	where, hash := "code_hash", key.CodeHash
	if hash == "" {
		where, hash = "user_code_hash", key.UserCodeHash
	}
	var found []storage.Device
	err := s.run(ctx, verb, reading, s.t.devices.get(&found,
		"SELECT "+s.t.devices.list+" FROM devices WHERE "+where+" = $1 AND expires_at > $2", toText(hash), now))
	if err != nil {
		return storage.Device{}, err
	}
	return only(verb, found)
}

// DecideDevice implements [storage.Devices]. One statement decides; only who loses asks why.
func (s *Store) DecideDevice(ctx context.Context, userCodeHash string, by storage.DeviceDecision, now time.Time) error {
	const verb = "DecideDevice"
	var n int64
	err := s.run(ctx, verb, writing, step{
		sql: `UPDATE devices SET decision = $3, account_id = $4, sid = $5, auth_time = $6, amr = $7, acr = $8, decided_at = $9
			WHERE user_code_hash = $1 AND expires_at > $2 AND decision IS NULL
			AND EXISTS (SELECT 1 FROM sessions WHERE sessions.sid = $5 AND sessions.account_id = $4 AND sessions.expires_at > $2)`,
		args: []any{
			toText(userCodeHash), now, decisionText(by), by.AccountID, toText(by.SID), moment(by.AuthTime), toTexts(by.AMR), toText(by.ACR), moment(by.At),
		},
		affected: &n,
	})
	if err != nil || n == 1 {
		return err
	}
	d, err := s.device(ctx, verb, storage.DeviceKey{UserCodeHash: userCodeHash}, now)
	switch {
	case err != nil:
		return err
	case d.Decision.Made():
		return fmt.Errorf("%s: %w", verb, storage.ErrSpent)
	}
	return fmt.Errorf("%s: %w", verb, storage.ErrNotFound)
}

// RedeemDevice implements [storage.Devices].
func (s *Store) RedeemDevice(ctx context.Context, codeHash string, g *storage.Grant, now time.Time) error {
	decision, create := decisionDenied, []step(nil)
	if g != nil {
		decision, create = decisionAllowed, s.createGrant(*g, now)
	}
	take := guard(storage.ErrNotFound, "DELETE FROM devices WHERE code_hash = $1 AND decision = $2 AND expires_at > $3 RETURNING 1",
		toText(codeHash), decision, now)
	return s.run(ctx, "RedeemDevice", writing, append([]step{take}, create...)...)
}
