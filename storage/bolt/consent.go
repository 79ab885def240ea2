package bolt

import (
	"context"
	"math"
	"slices"
	"time"

	"latchkey/storage"
)

func consentKey(accountID int64, clientID string) []byte { return join(idKey(accountID), clientID) }

func (t *txn) removeConsent(accountID int64, clientID string) {
	t.drop(tConsents, consentKey(accountID, clientID))
	t.drop(tConsentsBy, append(within(clientID), idKey(accountID)...))
	t.delta[tConsents]--
}

// PutConsent implements [storage.Consents].
func (s *Store) PutConsent(ctx context.Context, c storage.Consent, now time.Time) error {
	c.Scopes = slices.Clone(c.Scopes)
	return s.update(ctx, "PutConsent", func(t *txn) error {
		if !t.hasAccount(c.AccountID) {
			return storage.ErrNotFound
		}
		key := consentKey(c.AccountID, c.ClientID)
		merged, known := load(t, tConsents, key, walkConsent)
		for _, scope := range c.Scopes {
			if !slices.Contains(merged.Scopes, scope) {
				merged.Scopes = append(merged.Scopes, scope)
			}
		}
		merged.AccountID, merged.ClientID, merged.GrantedAt = c.AccountID, c.ClientID, c.GrantedAt
		if merged.GrantedAt.IsZero() {
			merged.GrantedAt = now
		}
		if known {
			save(t, tConsents, key, walkConsent, merged)
		} else {
			t.addConsent(merged)
		}
		return nil
	})
}

func (t *txn) addConsent(c storage.Consent) {
	save(t, tConsents, consentKey(c.AccountID, c.ClientID), walkConsent, c)
	t.mark(tConsentsBy, append(within(c.ClientID), idKey(c.AccountID)...))
	t.delta[tConsents]++
}

// Consent implements [storage.Consents].
func (s *Store) Consent(ctx context.Context, accountID int64, clientID string) (c storage.Consent, err error) {
	err = s.view(ctx, "Consent", func(t *txn) error {
		found, ok := load(t, tConsents, consentKey(accountID, clientID), walkConsent)
		if !ok {
			return storage.ErrNotFound
		}
		c = found
		return nil
	})
	return c, err
}

// ListConsents implements [storage.Consents].
func (s *Store) ListConsents(ctx context.Context, accountID int64) (list []storage.Consent, err error) {
	err = s.view(ctx, "ListConsents", func(t *txn) error {
		list = scanRecords(t, tConsents, idKey(accountID), idKey(accountID), math.MaxInt, walkConsent)
		return nil
	})
	return list, err
}

// UseConsent implements [storage.Consents]. Where nothing is to be written it costs no write.
func (s *Store) UseConsent(ctx context.Context, accountID int64, clientID string, now time.Time) error {
	key := consentKey(accountID, clientID)
	due := func(t *txn) (storage.Consent, bool) {
		c, ok := load(t, tConsents, key, walkConsent)
		return c, ok && !now.Before(c.UsedAt.Add(storage.ConsentUseEvery))
	}
	idle := true
	err := s.view(ctx, "UseConsent", func(t *txn) error {
		_, is := due(t)
		idle = !is
		return nil
	})
	if err != nil || idle {
		return err
	}
	return s.update(ctx, "UseConsent", func(t *txn) error {
		if c, is := due(t); is {
			c.UsedAt = now
			save(t, tConsents, key, walkConsent, c)
		}
		return nil
	})
}

// DeleteConsent implements [storage.Consents].
func (s *Store) DeleteConsent(ctx context.Context, accountID int64, clientID string, now time.Time) error {
	return s.update(ctx, "DeleteConsent", func(t *txn) error {
		if _, ok := t.get(tConsents, consentKey(accountID, clientID)); !ok {
			return storage.ErrNotFound
		}
		t.removeConsent(accountID, clientID)
		for _, id := range t.members(tGrantsOf, idKey(accountID)) {
			if g, ok := load(t, tGrants, id, walkGrant); ok && g.ClientID == clientID {
				t.revoke(g.ID, now)
			}
		}
		return nil
	})
}

// DenyToken implements [storage.Denials]. The later of two times stands.
func (s *Store) DenyToken(ctx context.Context, jti string, until, now time.Time) error {
	return s.update(ctx, "DenyToken", func(t *txn) error {
		was, known := load(t, tDenials, []byte(jti), walkTime)
		if !until.After(now) || known && !until.After(was) {
			return nil
		}
		if known {
			t.drop(tExpiry, expiryKey(was, tDenials, []byte(jti)))
			t.delta[tDenials]--
		}
		t.addUntil(tDenials, jti, until)
		return nil
	})
}

// Denied implements [storage.Denials].
func (s *Store) Denied(ctx context.Context, jti string, now time.Time) (denied bool, err error) {
	err = s.view(ctx, "Denied", func(t *txn) error {
		denied = t.denied(jti, now)
		return nil
	})
	return denied, err
}
