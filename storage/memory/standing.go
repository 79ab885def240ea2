package memory

import (
	"context"
	"time"

	"latchkey/storage"
)

// Standing implements [storage.Standings].
func (s *Store) Standing(ctx context.Context, key storage.StandingKey, now time.Time) (st storage.Standing, err error) {
	err = s.read(ctx, "Standing", func() (err error) {
		if key.Grant != (storage.GrantKey{}) {
			if st.Grant, err = s.findGrant(key.Grant, now); err != nil {
				return err
			}
			key.Account, key.SID = storage.AccountKey{ID: st.Grant.AccountID}, st.Grant.SID
		}
		if key.Account != (storage.AccountKey{}) {
			var there bool
			if st.Account, there = s.find(key.Account); !there {
				return nil
			}
		}
		st.Live = s.liveSession(key.SID, now)
		st.Denied = s.denials[key.JTI].until.After(now)
		return nil
	})
	return st, err
}
