package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/storage"
)

// standing is what one statement reads: a grant with its person, or a person.
type standing struct {
	grant grant
	storage.Standing
}

const (
	liveSession = "EXISTS (SELECT 1 FROM sessions WHERE sid = %s AND expires_at > $2) AS live"
	deniedToken = "EXISTS (SELECT 1 FROM denials WHERE jti = $3 AND expires_at > $2) AS denied"
)

// standingColumns are those of a grant, as g, and of its person.
func standingColumns(s *standing) (c columns) {
	c = grantColumns(&s.grant)
	for i := range c {
		c[i].name = "g." + c[i].name
	}
	c = append(c, personColumns(&s.Account)...)
	c.bool(fmt.Sprintf(liveSession, "g.sid"), &s.Live)
	c.bool(deniedToken, &s.Denied)
	return c
}

// presentColumns are those of a person, and of what stands beside.
func presentColumns(s *standing) (c columns) {
	c = personColumns(&s.Account)
	c.bool(fmt.Sprintf(liveSession, "$4"), &s.Live)
	c.bool(deniedToken, &s.Denied)
	return c
}

// Standing implements [storage.Standings]. One statement finds the grant of a person; why there is none is asked apart.
func (s *Store) Standing(ctx context.Context, key storage.StandingKey, now time.Time) (storage.Standing, error) {
	const verb = "Standing"
	if key.Grant == (storage.GrantKey{}) {
		return s.present(ctx, verb, key, now)
	}
	where, name := grantIs(key.Grant)
	var found []standing
	err := s.run(ctx, verb, reading, s.t.standings.get(&found, "SELECT "+s.t.standings.list+people+"JOIN grants g ON g.account_id = a.id WHERE g."+where+" = $1 AND g.expires_at > $2", toText(name), now, toText(key.JTI)))
	if err != nil {
		return storage.Standing{}, err
	}
	if len(found) == 0 || !names(key.Grant, found[0].grant.Grant) {
		return s.ownGrant(ctx, verb, key, now)
	}
	st := found[0].Standing
	st.Grant = found[0].grant.Grant
	if !found[0].grant.revokedAt.IsZero() {
		return storage.Standing{Grant: st.Grant}, fmt.Errorf("%s: %w", verb, storage.ErrSpent)
	}
	return st, nil
}

// ownGrant reads a grant that is nobody's but its client's, or says that there is none.
func (s *Store) ownGrant(ctx context.Context, verb string, key storage.StandingKey, now time.Time) (storage.Standing, error) {
	g, err := s.findGrant(ctx, verb, key.Grant, now)
	if err != nil {
		return storage.Standing{Grant: g}, err
	}
	st, err := s.present(ctx, verb, storage.StandingKey{SID: g.SID, JTI: key.JTI}, now)
	st.Grant = g
	return st, err
}

// present reads what stands without a grant.
func (s *Store) present(ctx context.Context, verb string, key storage.StandingKey, now time.Time) (st storage.Standing, err error) {
	if key.Account == (storage.AccountKey{}) {
		err = s.run(ctx, verb, reading, step{
			sql: "SELECT " + fmt.Sprintf(liveSession, "$1") + ", " + deniedToken, args: []any{toText(key.SID), now, toText(key.JTI)}, scan: oneRow(&st.Live, &st.Denied),
		})
		return st, err
	}
	var found []standing
	where, name := accountIs(key.Account)
	err = s.run(ctx, verb, reading, s.t.present.get(&found, "SELECT "+s.t.present.list+people+"WHERE "+where, name, now, toText(key.JTI), toText(key.SID)))
	if err != nil {
		return storage.Standing{}, err
	}
	one, err := only(verb, found)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Standing{}, nil
	}
	return one.Standing, err
}
