package storage

import (
	"context"
	"time"
)

// Grant is what a person (or a client, for itself) allowed: a family. Whatever it bought, codes and tokens, dies with it.
type Grant struct {
	// ID is random and public: it stands in refresh tokens and in the `jti` of access tokens.
	ID       string
	ClientID string
	// AccountID is 0 where a client acts for itself.
	AccountID int64
	// SID is the session that the grant came from; "" if none.
	SID string
	// Scopes and Resources (RFC 8707) that were granted: no token of the family has more.
	Scopes, Resources []string
	// Nonce, AuthTime, AMR, ACR go into ID tokens (OpenID Connect Core §2).
	Nonce    string
	AuthTime time.Time
	AMR      []string
	ACR      string
	// Claims is the `claims` request parameter as JSON, nil if none (OpenID Connect Core §5.5).
	Claims []byte
	// Confirmation is the `cnf` member that tokens of this grant bear, as JSON; nil where they are plain bearer tokens (RFC 7800).
	Confirmation []byte
	// Offline grants (scope offline_access) outlive their session.
	Offline bool

	// Code is the authorization code that buys the first tokens; nil for grants that come about without one.
	Code *Code
	// Front: an access token left the authorization endpoint, maybe beside the code (OpenID Connect Core §3.2, §3.3).
	Front bool
	// Refresh is nil until a refresh token was issued.
	Refresh *Refresh

	CreatedAt time.Time
	// ExpiresAt is when nothing of the family can live any longer; it is swept after that. See [Grant.SweptAt].
	ExpiresAt time.Time
}

// SweptAt is when the record can go: with its code where nobody has redeemed it, for then it bought nothing that could be replayed,
// unless a token left beside the code. Whoever is signed in can ask for codes without end, and they must not be kept as long as refresh
// tokens are.
func (g Grant) SweptAt() time.Time {
	if !g.Front && g.Code != nil && g.Code.RedeemedAt.IsZero() && g.Code.ExpiresAt.Before(g.ExpiresAt) {
		return g.Code.ExpiresAt
	}
	return g.ExpiresAt
}

// Code is an authorization code (RFC 6749 §4.1.2) with what it is bound to.
type Code struct {
	// Hash of the code: unique.
	Hash string
	// Named: the code says of which grant it is, so that a store need not find it by its hash alone; see [GrantKey].
	Named bool
	// RedirectURI as it was sent to the authorization endpoint. RedirectURISent: it was sent, so the token request must repeat it.
	RedirectURI     string
	RedirectURISent bool
	// Challenge and ChallengeMethod of PKCE (RFC 7636); "" where the client is exempt.
	Challenge, ChallengeMethod string
	ExpiresAt                  time.Time
	// RedeemedAt is zero until the code is used.
	RedeemedAt time.Time
}

// Refresh is the state of a family's refresh token. The token itself is computed from grant and generation, never stored.
type Refresh struct {
	// Generation counts up from 0 with every rotation. Only the token of this generation is good.
	Generation int64
	// RotatedAt is when Generation was last raised; zero before the first rotation.
	RotatedAt time.Time
	// Fixed refresh tokens never rotate (the session dialect of the account API).
	Fixed bool
	// ExpiresAt: the refresh token is dead from then on.
	ExpiresAt time.Time
}

// Grants keeps families. A revoked grant is kept, as revoked, until ExpiresAt, so that a replay is recognised.
type Grants interface {
	// CreateGrant stores g. Errors: ErrExists (ID or Code.Hash), ErrNotFound (g.SID names no live session of g.AccountID, or the account is gone).
	CreateGrant(ctx context.Context, g Grant, now time.Time) error
	// Grant returns a grant that is neither revoked nor expired.
	// Errors: ErrNotFound; ErrSpent where it was revoked (the grant is returned with it).
	Grant(ctx context.Context, key GrantKey, now time.Time) (Grant, error)
	// RedeemCode marks the code that key names by its hash redeemed and sets Grant.Refresh to refresh (nil: no refresh token), and returns the grant.
	// Errors: ErrNotFound (unknown or expired code), ErrSpent (redeemed before, or grant revoked; the grant is returned with it).
	// ErrSpent goes before expiry of the code: a late replay is still a replay, until Grant.ExpiresAt.
	RedeemCode(ctx context.Context, key GrantKey, refresh *Refresh, now time.Time) (Grant, error)
	// RotateRefresh raises the generation by one if it equals from, sets RotatedAt to now and Refresh.ExpiresAt to expires,
	// and returns the grant. Errors: ErrNotFound (no such grant, no refresh token, expired), ErrConflict (another generation is
	// in force; the grant is returned with it), ErrSpent (revoked).
	RotateRefresh(ctx context.Context, grantID string, from int64, expires time.Time, now time.Time) (Grant, error)
	// RevokeGrants revokes the grants in scope and says how many it revoked. None is no error.
	RevokeGrants(ctx context.Context, scope GrantScope, now time.Time) (int, error)
}

// GrantKey names one grant: by its ID, by the hash of its code, or by both, of which both must be the grant's. By the hash alone a store finds those at
// least whose code is not Named.
type GrantKey struct{ ID, CodeHash string }

// GrantScope says which grants are meant: the one with ID, or all of an account, narrowed to one client where ClientID is set.
type GrantScope struct {
	ID        string
	AccountID int64
	ClientID  string
}

// Consent is what a person allowed a client, remembered.
type Consent struct {
	AccountID int64
	ClientID  string
	Scopes    []string
	GrantedAt time.Time
	// UsedAt is when the client last got tokens by it, to within [ConsentUseEvery]; zero where it never did.
	UsedAt time.Time
}

// ConsentUseEvery is how exactly [Consent].UsedAt is kept.
const ConsentUseEvery = time.Hour

// Consents remembers consent.
type Consents interface {
	// PutConsent adds c.Scopes to what is remembered, whose UsedAt stays whatever c says. Errors: ErrNotFound (account).
	PutConsent(ctx context.Context, c Consent, now time.Time) error
	// Consent returns what is remembered. Errors: ErrNotFound.
	Consent(ctx context.Context, accountID int64, clientID string) (Consent, error)
	// ListConsents returns all of an account's, in order of ClientID.
	ListConsents(ctx context.Context, accountID int64) ([]Consent, error)
	// UseConsent sets UsedAt to now unless it is later, or less than [ConsentUseEvery] ago, or nothing is remembered: none of these is an error, and then nothing is written.
	UseConsent(ctx context.Context, accountID int64, clientID string, now time.Time) error
	// DeleteConsent forgets it and revokes every grant of the account for that client. Errors: ErrNotFound.
	DeleteConsent(ctx context.Context, accountID int64, clientID string, now time.Time) error
}

// Denials remembers single tokens that were revoked before they expired.
type Denials interface {
	// DenyToken makes Denied true for this `jti` until the given time, or until a later one given before.
	DenyToken(ctx context.Context, jti string, until time.Time, now time.Time) error
	// Denied says whether the token was revoked.
	Denied(ctx context.Context, jti string, now time.Time) (bool, error)
}
