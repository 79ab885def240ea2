package bolt

import (
	"context"
	"time"

	"latchkey/storage"
)

// CreateDevice implements [storage.Devices].
func (s *Store) CreateDevice(ctx context.Context, d storage.Device, now time.Time) error {
	return s.update(ctx, "CreateDevice", func(t *txn) error {
		holder := t.deviceOf(d.UserCodeHash)
		_, held := t.liveDevice(d.CodeHash, now)
		_, heldByUser := t.liveDevice(holder, now)
		if held || heldByUser || d.CodeHash == "" || d.UserCodeHash == "" {
			return storage.ErrExists
		}
		t.removeDevice(d.CodeHash)
		t.removeDevice(holder)
		t.addDevice(d)
		return nil
	})
}

func (t *txn) addDevice(d storage.Device) {
	save(t, tDevices, []byte(d.CodeHash), walkDevice, d)
	t.point(tUserCodes, []byte(d.UserCodeHash), []byte(d.CodeHash))
	t.mark(tExpiry, expiryKey(d.ExpiresAt, tDevices, []byte(d.CodeHash)))
	t.delta[tDevices]++
}

// deviceOf returns the code hash of the request with that user code, "" for none.
func (t *txn) deviceOf(userCodeHash string) string {
	hash, _ := t.get(tUserCodes, []byte(userCodeHash))
	return string(hash)
}

func (t *txn) liveDevice(codeHash string, now time.Time) (storage.Device, bool) {
	d, ok := load(t, tDevices, []byte(codeHash), walkDevice)
	if !ok || !d.ExpiresAt.After(now) {
		return storage.Device{}, false
	}
	return d, true
}

func (t *txn) removeDevice(codeHash string) {
	d, ok := load(t, tDevices, []byte(codeHash), walkDevice)
	if !ok {
		return
	}
	t.drop(tDevices, []byte(codeHash))
	t.drop(tUserCodes, []byte(d.UserCodeHash))
	t.drop(tExpiry, expiryKey(d.ExpiresAt, tDevices, []byte(codeHash)))
	t.delta[tDevices]--
}

// findDevice returns a live request, and refuses one to which the user code leads and should not.
func (t *txn) findDevice(key storage.DeviceKey, now time.Time) (storage.Device, error) {
	hash := key.CodeHash
	if hash == "" {
		hash = t.deviceOf(key.UserCodeHash)
	}
	d, live := t.liveDevice(hash, now)
	switch {
	case !live:
		return storage.Device{}, storage.ErrNotFound
	case key.CodeHash == "" && d.UserCodeHash != key.UserCodeHash:
		return storage.Device{}, corrupt(tUserCodes, "an entry that leads elsewhere").err
	}
	return d, nil
}

// Device implements [storage.Devices].
func (s *Store) Device(ctx context.Context, key storage.DeviceKey, now time.Time) (d storage.Device, err error) {
	err = s.view(ctx, "Device", func(t *txn) (err error) {
		d, err = t.findDevice(key, now)
		return err
	})
	return d, err
}

// DecideDevice implements [storage.Devices].
func (s *Store) DecideDevice(ctx context.Context, userCodeHash string, by storage.DeviceDecision, now time.Time) error {
	return s.update(ctx, "DecideDevice", func(t *txn) error {
		d, err := t.findDevice(storage.DeviceKey{UserCodeHash: userCodeHash}, now)
		if err != nil {
			return err
		}
		if d.Decision.Made() {
			return storage.ErrSpent
		}
		if session, live := t.liveSession(by.SID, now); !live || session.AccountID != by.AccountID {
			return storage.ErrNotFound
		}
		d.Decision = by
		save(t, tDevices, []byte(d.CodeHash), walkDevice, d)
		return nil
	})
}

// RedeemDevice implements [storage.Devices].
func (s *Store) RedeemDevice(ctx context.Context, codeHash string, g *storage.Grant, now time.Time) error {
	return s.update(ctx, "RedeemDevice", func(t *txn) error {
		d, live := t.liveDevice(codeHash, now)
		if !live || !d.Decision.Made() || d.Decision.Allowed != (g != nil) {
			return storage.ErrNotFound
		}
		if g != nil {
			// First what can fail, while nothing is written.
			if err := t.createGrant(*g, now); err != nil {
				return err
			}
		}
		t.removeDevice(codeHash)
		return nil
	})
}
