package memory

import (
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

type consentKey struct {
	account int64
	client  string
}

// PutConsent implements [storage.Consents].
func (s *Store) PutConsent(ctx context.Context, c storage.Consent, now time.Time) error {
	return s.write(ctx, "PutConsent", func(t *tx) error {
		if _, ok := s.accounts[c.AccountID]; !ok {
			return storage.ErrNotFound
		}
		key := consentKey{c.AccountID, c.ClientID}
		scopes := slices.Clone(s.consents[key].Scopes)
		for _, scope := range c.Scopes {
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
		c.Scopes, c.UsedAt = scopes, s.consents[key].UsedAt
		if c.GrantedAt.IsZero() {
			c.GrantedAt = now
		}
		put(t, s.consents, key, c)
		return nil
	})
}

// Consent implements [storage.Consents].
func (s *Store) Consent(ctx context.Context, accountID int64, clientID string) (c storage.Consent, err error) {
	err = s.read(ctx, "Consent", func() error {
		found, ok := s.consents[consentKey{accountID, clientID}]
		if !ok {
			return storage.ErrNotFound
		}
		c = cloneConsent(found)
		return nil
	})
	return c, err
}

// ListConsents implements [storage.Consents].
func (s *Store) ListConsents(ctx context.Context, accountID int64) (list []storage.Consent, err error) {
	err = s.read(ctx, "ListConsents", func() error {
		for k, c := range s.consents {
			if k.account == accountID {
				list = append(list, cloneConsent(c))
			}
		}
		storage.Sort(list, func(a, b storage.Consent) int { return strings.Compare(a.ClientID, b.ClientID) })
		return nil
	})
	return list, err
}

// UseConsent implements [storage.Consents].
func (s *Store) UseConsent(ctx context.Context, accountID int64, clientID string, now time.Time) error {
	return s.write(ctx, "UseConsent", func(t *tx) error {
		key := consentKey{accountID, clientID}
		if c, ok := s.consents[key]; ok && !now.Before(c.UsedAt.Add(storage.ConsentUseEvery)) {
			c.UsedAt = now
			put(t, s.consents, key, c)
		}
		return nil
	})
}

// DeleteConsent implements [storage.Consents].
func (s *Store) DeleteConsent(ctx context.Context, accountID int64, clientID string, now time.Time) error {
	return s.write(ctx, "DeleteConsent", func(t *tx) error {
		key := consentKey{accountID, clientID}
		if _, ok := s.consents[key]; !ok {
			return storage.ErrNotFound
		}
		drop(t, s.consents, key)
		s.revokeScope(t, storage.GrantScope{AccountID: accountID, ClientID: clientID}, now)
		return nil
	})
}

type denial struct{ until time.Time }

// DenyToken implements [storage.Denials]. The later of two times stands.
func (s *Store) DenyToken(ctx context.Context, jti string, until, now time.Time) error {
	return s.write(ctx, "DenyToken", func(t *tx) error {
		if !until.After(now) || !until.After(s.denials[jti].until) {
			return nil
		}
		put(t, s.denials, jti, denial{until})
		s.expires(until, expiring{kind: aDenial, id: jti})
		return nil
	})
}

// Denied implements [storage.Denials].
func (s *Store) Denied(ctx context.Context, jti string, now time.Time) (denied bool, err error) {
	err = s.read(ctx, "Denied", func() error {
		denied = s.denials[jti].until.After(now)
		return nil
	})
	return denied, err
}
