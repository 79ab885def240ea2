package memory

import (
	"context"
	"time"

	"latchkey/storage"
)

// CreateDevice implements [storage.Devices].
func (s *Store) CreateDevice(ctx context.Context, d storage.Device, now time.Time) error {
	return s.write(ctx, "CreateDevice", func(t *tx) error {
		holder := s.userCodes[d.UserCodeHash]
		if s.liveDevice(d.CodeHash, now) || s.liveDevice(holder, now) || d.CodeHash == "" || d.UserCodeHash == "" {
			return storage.ErrExists
		}
		s.removeDevice(t, d.CodeHash)
		s.removeDevice(t, holder)
		put(t, s.devices, d.CodeHash, cloneDevice(d))
		put(t, s.userCodes, d.UserCodeHash, d.CodeHash)
		s.expires(d.ExpiresAt, expiring{kind: aDevice, id: d.CodeHash})
		return nil
	})
}

func (s *Store) liveDevice(codeHash string, now time.Time) bool {
	return s.devices[codeHash].ExpiresAt.After(now)
}

func (s *Store) removeDevice(t *tx, codeHash string) {
	if d, ok := s.devices[codeHash]; ok {
		drop(t, s.userCodes, d.UserCodeHash)
		drop(t, s.devices, codeHash)
	}
}

// Device implements [storage.Devices].
func (s *Store) Device(ctx context.Context, key storage.DeviceKey, now time.Time) (d storage.Device, err error) {
	err = s.read(ctx, "Device", func() error {
		hash := key.CodeHash
		if hash == "" {
			hash = s.userCodes[key.UserCodeHash]
		}
		if !s.liveDevice(hash, now) {
			return storage.ErrNotFound
		}
		d = cloneDevice(s.devices[hash])
		return nil
	})
	return d, err
}

// DecideDevice implements [storage.Devices].
func (s *Store) DecideDevice(ctx context.Context, userCodeHash string, by storage.DeviceDecision, now time.Time) error {
	return s.write(ctx, "DecideDevice", func(t *tx) error {
		hash := s.userCodes[userCodeHash]
		if !s.liveDevice(hash, now) {
			return storage.ErrNotFound
		}
		d := cloneDevice(s.devices[hash])
		if d.Decision.Made() {
			return storage.ErrSpent
		}
		if !s.liveSession(by.SID, now) || s.sessions[by.SID].AccountID != by.AccountID {
			return storage.ErrNotFound
		}
		d.Decision = by
		put(t, s.devices, hash, cloneDevice(d))
		return nil
	})
}

// RedeemDevice implements [storage.Devices].
func (s *Store) RedeemDevice(ctx context.Context, codeHash string, g *storage.Grant, now time.Time) error {
	return s.write(ctx, "RedeemDevice", func(t *tx) error {
		decision := s.devices[codeHash].Decision
		if !s.liveDevice(codeHash, now) || !decision.Made() || decision.Allowed != (g != nil) {
			return storage.ErrNotFound
		}
		s.removeDevice(t, codeHash)
		if g == nil {
			return nil
		}
		return s.createGrant(t, *g, now)
	})
}
