package token

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Config of an [Issuer]. Lifetimes are defaults that a client may override.
type Config struct {
	// Issuer is the issuer identifier: `iss` of everything.
	Issuer string
	// AccessAlg signs access tokens of clients that chose nothing.
	AccessAlg string
	// DefaultAudience is `aud` of access tokens for which no resource was asked and whose client has none of its own. "" means Issuer.
	DefaultAudience string
	AccessTTL       time.Duration
	IDTTL           time.Duration
	RefreshTTL      time.Duration
	CodeTTL         time.Duration
	// MaxTTL is the longest lifetime of anything signed, whatever a client has; 0 for no bound.
	MaxTTL time.Duration
	// HMACSecrets are the live secrets of a client in plain, the newest first, for HS256; nil where that is not on.
	HMACSecrets func(c storage.Client) ([][]byte, error)
	// ClientOf finds a client. Errors: storage.ErrNotFound, or a fault. It may be nil where HMACSecrets is.
	ClientOf func(ctx context.Context, id string) (storage.Client, error)
	// GroupsOf are the groups of a person, sorted, each once; nil: nobody is in any.
	GroupsOf func(a storage.Account) []string
	// Scopes are the claims of each scope that the operator declared, all of them of [ScopeClaims]; nil for none. It is asked for every token.
	Scopes func() map[string][]string
	// PictureURL turns a picture's FileInfo.ID into its address; nil where none is served.
	PictureURL func(id string) string
	Now        func() time.Time
}

// Issuer makes tokens.
type Issuer struct {
	cfg  Config
	keys Keys
	// verified are access tokens that were checked before.
	verified verified
}

// NewIssuer makes an Issuer.
func NewIssuer(cfg Config, keys Keys) *Issuer {
	if cfg.DefaultAudience == "" {
		cfg.DefaultAudience = cfg.Issuer
	}
	return &Issuer{cfg: cfg, keys: keys}
}

// Authorization is what a grant proves: who, for which client, how far. A grant never signs.
type Authorization struct {
	// Client is shared with the request that it is for, and changed by nobody.
	Client *storage.Client
	// Grant is the stored family; its ID is "" for client_credentials, which stores nothing.
	Grant storage.Grant
	// Account is the person; its ID is 0 where the client acts for itself.
	Account storage.Account
	// Scopes and Resources of the tokens to be issued: within the grant's.
	Scopes    oauth.Scopes
	Resources []string
	// Refresh is the refresh token to hand out, "" for none.
	Refresh string
	// IDToken: an ID token goes with it.
	IDToken bool
	// NoAccess: no access token is issued now (response types without "token"); Refresh is "" then.
	NoAccess bool
	// Code is the authorization code that leaves beside the ID token, for c_hash (OpenID Connect Core §3.3.2.11); "" if none.
	Code string
	// UserClaims: the ID token bears the claims of the scopes, because no access token is ever issued that could fetch them
	// (OpenID Connect Core §5.4: response_type=id_token).
	UserClaims bool
}

// Answer is a token response (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3). Without an access token it has the ID token alone.
type Answer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
}

// Issue makes the tokens of an authorization.
func (i *Issuer) Issue(ctx context.Context, a *Authorization) (*Answer, error) {
	now := i.cfg.Now()
	ans := &Answer{}
	var err error
	if !a.NoAccess {
		ttl := i.AccessTTL(*a.Client)
		*ans = Answer{TokenType: "Bearer", ExpiresIn: int64(ttl / time.Second), RefreshToken: a.Refresh, Scope: a.Scopes.String()}
		if ans.AccessToken, err = i.access(ctx, a, now, now.Add(ttl)); err != nil {
			return nil, err
		}
	}
	if a.IDToken {
		if ans.IDToken, err = i.idToken(ctx, a, ans.AccessToken, now); err != nil {
			return nil, err
		}
	}
	return ans, nil
}

// AccessTTL is the lifetime of a client's access tokens.
func (i *Issuer) AccessTTL(c storage.Client) time.Duration {
	return i.signed(or(c.AccessTokenTTL, i.cfg.AccessTTL))
}

// IDTTL is the lifetime of a client's ID tokens.
func (i *Issuer) IDTTL(c storage.Client) time.Duration {
	return i.signed(or(c.IDTokenTTL, i.cfg.IDTTL))
}

// RefreshTTL is the lifetime of a client's refresh tokens, from the authorization that they come from.
func (i *Issuer) RefreshTTL(c storage.Client) time.Duration {
	return or(c.RefreshTokenTTL, i.cfg.RefreshTTL)
}

// CodeTTL is the lifetime of authorization codes.
func (i *Issuer) CodeTTL() time.Duration { return i.cfg.CodeTTL }

// signed holds a lifetime to what the keys that sign stay published for.
func (i *Issuer) signed(d time.Duration) time.Duration {
	if i.cfg.MaxTTL > 0 {
		return min(d, i.cfg.MaxTTL)
	}
	return d
}

func or(a, b time.Duration) time.Duration {
	if a != 0 {
		return a
	}
	return b
}

// Random returns n random bytes in base64url.
func Random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// NewGrantID makes the identifier of a grant: the milliseconds of now, of which 48 bits are kept, and 80 random bits, in base64url. Grants of one time lie
// together in a store, which so writes few pages where many are made or expire. It is no secret: what is presented for a grant has 256 random bits, or a MAC.
func NewGrantID(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMilli())<<16) // #nosec G115 -- bits are what is wanted
	rand.Read(b[6:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// CodePrefix begins every authorization code, so that leaked ones are found by scanners.
const CodePrefix = "lkc_"

// NewCode makes an authorization code: the identifier of its grant, by which a store finds it where others of its time lie, and 256 random bits.
func NewCode(grantID string) string { return CodePrefix + grantID + "." + Random(32) }

// CodeKey is what the store knows of a code. Those of earlier versions do not name their grant.
func CodeKey(code string) storage.GrantKey {
	sum := sha256.Sum256([]byte("authorization code:" + code))
	key := storage.GrantKey{CodeHash: hex.EncodeToString(sum[:])}
	if id, _, named := strings.Cut(strings.TrimPrefix(code, CodePrefix), "."); named {
		key.ID = id
	}
	return key
}
