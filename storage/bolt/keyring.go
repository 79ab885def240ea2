package bolt

import (
	"context"
	"time"

	"latchkey/storage"
)

// Keyring implements [storage.Keyrings].
func (s *Store) Keyring(ctx context.Context) (k storage.Keyring, err error) {
	err = s.view(ctx, "Keyring", func(t *txn) error {
		k, _ = load(t, tMeta, []byte(keyKeyring), walkKeyring)
		return nil
	})
	return k, err
}

// SwapKeyring implements [storage.Keyrings].
func (s *Store) SwapKeyring(ctx context.Context, in storage.Keyring, _ time.Time) (k storage.Keyring, err error) {
	in = own(walkKeyring, in)
	err = s.update(ctx, "SwapKeyring", func(t *txn) error {
		was, _ := load(t, tMeta, []byte(keyKeyring), walkKeyring)
		if was.Revision != in.Revision {
			return storage.ErrConflict
		}
		k = in
		k.Revision++
		save(t, tMeta, []byte(keyKeyring), walkKeyring, k)
		return nil
	})
	if err != nil {
		return storage.Keyring{}, err
	}
	return k, nil
}
