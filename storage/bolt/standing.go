package bolt

import (
	"context"
	"time"

	"latchkey/storage"
)

// Standing implements [storage.Standings].
func (s *Store) Standing(ctx context.Context, key storage.StandingKey, now time.Time) (st storage.Standing, err error) {
	err = s.view(ctx, "Standing", func(t *txn) (err error) {
		st = storage.Standing{}
		if key.Grant != (storage.GrantKey{}) {
			if st.Grant, err = t.findGrant(key.Grant, now); err != nil {
				return err
			}
			key.Account, key.SID = storage.AccountKey{ID: st.Grant.AccountID}, st.Grant.SID
		}
		if key.Account != (storage.AccountKey{}) {
			var there bool
			if st.Account, there = t.find(key.Account); !there {
				return nil
			}
		}
		_, st.Live = t.liveSession(key.SID, now)
		st.Denied = t.denied(key.JTI, now)
		return nil
	})
	return st, err
}

func (t *txn) denied(jti string, now time.Time) bool {
	until, ok := load(t, tDenials, []byte(jti), walkTime)
	return ok && until.After(now)
}
