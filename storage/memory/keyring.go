package memory

import (
	"context"
	"time"

	"latchkey/storage"
)

// Keyring implements [storage.Keyrings].
func (s *Store) Keyring(ctx context.Context) (k storage.Keyring, err error) {
	err = s.read(ctx, "Keyring", func() error {
		k = cloneKeyring(s.keyring)
		return nil
	})
	return k, err
}

// SwapKeyring implements [storage.Keyrings].
func (s *Store) SwapKeyring(ctx context.Context, k storage.Keyring, _ time.Time) (storage.Keyring, error) {
	k = cloneKeyring(k)
	err := s.write(ctx, "SwapKeyring", func(t *tx) error {
		if s.keyring.Revision != k.Revision {
			return storage.ErrConflict
		}
		k.Revision++
		set(t, &s.keyring, k)
		return nil
	})
	if err != nil {
		return storage.Keyring{}, err
	}
	return cloneKeyring(k), nil
}
