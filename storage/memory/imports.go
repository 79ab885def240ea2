package memory

import (
	"context"
	"time"

	"latchkey/storage"
)

// ImportAccounts implements [storage.Imports].
func (s *Store) ImportAccounts(ctx context.Context, accounts []storage.Account, dry bool, now time.Time) (done []storage.ImportedAccount, err error) {
	err = s.write(ctx, "ImportAccounts", func(t *tx) error {
		fresh, err := storage.NewForImport(accounts, now)
		if err != nil {
			return err
		}
		done = make([]storage.ImportedAccount, len(fresh))
		for i, a := range fresh {
			if have, taken := s.named(a); taken {
				done[i].Account = have
				continue
			}
			if !dry {
				set(t, &s.lastID, s.lastID+1)
				a.ID = s.lastID
				put(t, s.bySub, a.Sub, a.ID)
				if err := s.name(t, storage.Account{}, a); err != nil {
					return err
				}
				put(t, s.accounts, a.ID, cloneAccount(a))
			}
			done[i] = storage.ImportedAccount{Account: cloneAccount(a), Made: true}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// named returns the account that has the sub, the username or the e-mail address of a.
func (s *Store) named(a storage.Account) (storage.Account, bool) {
	for _, key := range []storage.AccountKey{{Sub: a.Sub}, {UsernameKey: a.UsernameKey}, {EmailKey: a.EmailKey}} {
		if key == (storage.AccountKey{}) {
			continue
		}
		if have, taken := s.find(key); taken {
			return have, true
		}
	}
	return storage.Account{}, false
}
