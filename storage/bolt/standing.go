package bolt

import (
	"context"
	"time"

	"latchkey/storage"
)

// Standing implements [storage.Standings]. What tokens stand on that are shown again is in memory; see [standings].
func (s *Store) Standing(ctx context.Context, key storage.StandingKey, now time.Time) (st storage.Standing, err error) {
	if key.JTI != "" { // else a code or a refresh token: neither is shown again
		if st, ok := s.standings.find(key, now); ok {
			return st, ctx.Err()
		}
	}
	k := stood{key: key, of: s.standings.over.Load()} // before the transaction begins
	var read reading
	err = s.view(ctx, "Standing", func(t *txn) (err error) {
		t.read = &read
		st, err = t.standing(key, now, &k)
		return err
	})
	if err == nil && k.lasting && key.JTI != "" && !read.wide && s.standings.again(key.JTI) {
		kept := st
		k.as, k.rows, k.n, k.size = &kept, read.rows, read.n, read.size+standingsOverhead
		s.standings.keep(k)
	}
	return st, err
}

// standing reads what the key names, and tells k until when it lasts.
func (t *txn) standing(key storage.StandingKey, now time.Time, k *stood) (st storage.Standing, err error) {
	if key.Grant != (storage.GrantKey{}) {
		if st.Grant, err = t.findGrant(key.Grant, now); err != nil {
			return st, err
		}
		key.Account, key.SID = storage.AccountKey{ID: st.Grant.AccountID}, st.Grant.SID
		k.until = st.Grant.ExpiresAt
	}
	if key.Account != (storage.AccountKey{}) {
		var there bool
		if st.Account, there = t.find(key.Account); !there {
			return st, nil
		}
	}
	session, live := t.liveSession(key.SID, now)
	if st.Live = live; live && (k.until.IsZero() || session.ExpiresAt.Before(k.until)) {
		k.until = session.ExpiresAt
	}
	until, noted := load(t, tDenials, []byte(key.JTI), walkTime)
	st.Denied = noted && until.After(now)
	k.lasting = !noted && (live || key.SID == "") // what is not there now may come by the clock alone
	return st, nil
}

func (t *txn) denied(jti string, now time.Time) bool {
	until, ok := load(t, tDenials, []byte(jti), walkTime)
	return ok && until.After(now)
}
