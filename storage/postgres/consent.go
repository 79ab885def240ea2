package postgres

import (
	"context"
	"slices"
	"time"

	"latchkey/storage"
)

// PutConsent implements [storage.Consents].
func (s *Store) PutConsent(ctx context.Context, c storage.Consent, now time.Time) error {
	if c.GrantedAt.IsZero() {
		c.GrantedAt = now
	}
	var scopes []string // each once
	for _, scope := range c.Scopes {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	c.Scopes, c.UsedAt = scopes, time.Time{}
	put := s.t.consents.add(&c)
	put.sql += ` ON CONFLICT (account_id, client_id) DO UPDATE SET granted_at = excluded.granted_at, scopes = consents.scopes || ARRAY(
		SELECT scope FROM unnest(excluded.scopes) WITH ORDINALITY AS asked (scope, place) WHERE scope <> ALL (consents.scopes) ORDER BY place)`
	return s.run(ctx, "PutConsent", repeating, put)
}

// Consent implements [storage.Consents].
func (s *Store) Consent(ctx context.Context, accountID int64, clientID string) (storage.Consent, error) {
	var found []storage.Consent
	err := s.run(ctx, "Consent", reading, s.t.consents.get(&found,
		"SELECT "+s.t.consents.list+" FROM consents WHERE account_id = $1 AND client_id = $2", accountID, toText(clientID)))
	if err != nil {
		return storage.Consent{}, err
	}
	return only("Consent", found)
}

// ListConsents implements [storage.Consents].
func (s *Store) ListConsents(ctx context.Context, accountID int64) (list []storage.Consent, err error) {
	err = s.run(ctx, "ListConsents", reading, s.t.consents.get(&list,
		"SELECT "+s.t.consents.list+" FROM consents WHERE account_id = $1 ORDER BY client_id", accountID))
	return list, err
}

// UseConsent implements [storage.Consents].
func (s *Store) UseConsent(ctx context.Context, accountID int64, clientID string, now time.Time) error {
	return s.run(ctx, "UseConsent", repeating, step{
		sql:  "UPDATE consents SET used_at = $3 WHERE account_id = $1 AND client_id = $2 AND (used_at IS NULL OR used_at <= $4)",
		args: []any{accountID, toText(clientID), now, now.Add(-storage.ConsentUseEvery)},
	})
}

// DeleteConsent implements [storage.Consents]. It holds the grants before the consent, as whoever removes accounts does.
func (s *Store) DeleteConsent(ctx context.Context, accountID int64, clientID string, now time.Time) error {
	return s.run(ctx, "DeleteConsent", writing,
		step{sql: "SELECT 1 FROM grants WHERE account_id = $1 AND client_id = $2 AND revoked_at IS NULL AND expires_at > $3 ORDER BY id FOR UPDATE",
			args: []any{accountID, toText(clientID), now}},
		guard(storage.ErrNotFound, "DELETE FROM consents WHERE account_id = $1 AND client_id = $2 RETURNING 1", accountID, toText(clientID)),
		revokeScope(storage.GrantScope{AccountID: accountID, ClientID: clientID}, now, nil),
	)
}

// DenyToken implements [storage.Denials].
func (s *Store) DenyToken(ctx context.Context, jti string, until, now time.Time) error {
	deny := step{
		sql: `INSERT INTO denials (jti, expires_at) SELECT $1, $2::timestamptz WHERE $2::timestamptz > $3
			ON CONFLICT (jti) DO UPDATE SET expires_at = greatest(denials.expires_at, excluded.expires_at)`,
		args: []any{toText(jti), until, now},
	}
	return s.run(ctx, "DenyToken", repeating, deny)
}

// Denied implements [storage.Denials].
func (s *Store) Denied(ctx context.Context, jti string, now time.Time) (denied bool, err error) {
	err = s.run(ctx, "Denied", reading, step{
		sql:  "SELECT EXISTS (SELECT 1 FROM denials WHERE jti = $1 AND expires_at > $2)",
		args: []any{toText(jti), now}, scan: oneRow(&denied),
	})
	return denied, err
}
