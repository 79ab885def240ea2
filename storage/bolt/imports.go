package bolt

import (
	"context"
	"time"

	"latchkey/storage"
)

// ImportAccounts implements [storage.Imports].
func (s *Store) ImportAccounts(ctx context.Context, accounts []storage.Account, dry bool, now time.Time) (done []storage.ImportedAccount, err error) {
	const verb = "ImportAccounts"
	fresh, err := storage.NewForImport(accounts, now)
	if err != nil {
		return nil, named(verb, err)
	}
	each := func(t *txn) error {
		done = make([]storage.ImportedAccount, len(fresh))
		for i, a := range fresh {
			if have, taken := t.named(a); taken {
				done[i].Account = have
				continue
			}
			if !dry {
				a.ID = t.nextID()
				t.addAccount(a)
			}
			done[i] = storage.ImportedAccount{Account: own(walkAccount, a), Made: true}
		}
		return nil
	}
	if dry {
		err = s.view(ctx, verb, each)
	} else {
		err = s.updateWeighing(ctx, verb, maxWeight, each)
	}
	if err != nil {
		return nil, err
	}
	return done, nil
}

// named returns the account that has the sub, the username or the e-mail address of a.
func (t *txn) named(a storage.Account) (storage.Account, bool) {
	for _, key := range []storage.AccountKey{{Sub: a.Sub}, {UsernameKey: a.UsernameKey}, {EmailKey: a.EmailKey}} {
		if key == (storage.AccountKey{}) {
			continue
		}
		if have, taken := t.find(key); taken {
			return have, true
		}
	}
	return storage.Account{}, false
}
