package postgres

import (
	"cmp"
	"time"

	"latchkey/storage"
)

// The functions below name the columns of each record, for reading and for writing.

type file struct {
	account int64
	kind    storage.FileKind
	info    storage.FileInfo
	content []byte
}

func fileColumns(f *file) (c columns) {
	c.text("id", &f.info.ID)
	c.int("account_id", &f.account)
	c.text("kind", (*string)(&f.kind))
	c.text("filename", &f.info.Filename)
	c.text("content_type", &f.info.ContentType)
	c.int("size", &f.info.Size)
	c.time("uploaded_at", &f.info.UploadedAt)
	if f.content == nil {
		f.content = []byte{} // an empty file is not none
	}
	c.bytes("content", &f.content)
	return c
}

func sessionColumns(s *storage.Session) (c columns) {
	c.text("sid", &s.SID)
	c.int("account_id", &s.AccountID)
	c.text("secret_hash", &s.SecretHash)
	c.moment("auth_time", &s.AuthTime)
	c.texts("amr", &s.AMR)
	c.text("acr", &s.ACR)
	c.text("kind", &s.Kind)
	c.text("user_agent", &s.UserAgent)
	c.text("address", &s.Address)
	c.bool("persistent", &s.Persistent)
	c.texts("clients", &s.Clients)
	c.texts("notify", &s.Notify)
	c.time("created_at", &s.CreatedAt)
	c.time("last_seen_at", &s.LastSeenAt)
	c.time("expires_at", &s.ExpiresAt)
	return c
}

// grant is a grant with what callers are told by errors.
type grant struct {
	storage.Grant
	revokedAt time.Time
}

func grantColumns(g *grant) (c columns) {
	c.text("id", &g.ID)
	c.text("client_id", &g.ClientID)
	c.account("account_id", &g.AccountID)
	c.key("sid", &g.SID)
	c.texts("scopes", &g.Scopes)
	c.texts("resources", &g.Resources)
	c.text("nonce", &g.Nonce)
	c.moment("auth_time", &g.AuthTime)
	c.texts("amr", &g.AMR)
	c.text("acr", &g.ACR)
	c.document("claims", &g.Claims)
	c.document("confirmation", &g.Confirmation)
	c.bool("offline", &g.Offline)
	c.bool("front", &g.Front)
	c.time("created_at", &g.CreatedAt)
	c.time("expires_at", &g.ExpiresAt)
	c.moment("revoked_at", &g.revokedAt)
	codeColumns(&c, &g.Code)
	refreshColumns(&c, &g.Refresh)
	return c
}

func codeColumns(c *columns, p **storage.Code) {
	code := cmp.Or(*p, &storage.Code{})
	if *p != nil {
		c.text("code_hash", &code.Hash) // one without a hash is refused by the table
	} else {
		c.key("code_hash", &code.Hash)
	}
	c.bool("code_named", &code.Named)
	c.text("code_redirect_uri", &code.RedirectURI)
	c.bool("code_redirect_sent", &code.RedirectURISent)
	c.text("code_challenge", &code.Challenge)
	c.text("code_method", &code.ChallengeMethod)
	c.moment("code_expires_at", &code.ExpiresAt)
	c.moment("code_redeemed_at", &code.RedeemedAt)
	c.after(func() error {
		if *p = nil; code.Hash != "" {
			*p = code
		}
		return nil
	})
}

func refreshColumns(c *columns, p **storage.Refresh) {
	refresh := cmp.Or(*p, &storage.Refresh{})
	generation := &refresh.Generation
	if *p == nil {
		generation = nil
	}
	c.add("refresh_generation", generation, &generation)
	c.bool("refresh_fixed", &refresh.Fixed)
	c.moment("refresh_rotated_at", &refresh.RotatedAt)
	c.moment("refresh_expires_at", &refresh.ExpiresAt)
	c.after(func() error {
		if *p = nil; generation != nil {
			refresh.Generation, *p = *generation, refresh
		}
		return nil
	})
}

func consentColumns(k *storage.Consent) (c columns) {
	c.int("account_id", &k.AccountID)
	c.text("client_id", &k.ClientID)
	c.texts("scopes", &k.Scopes)
	c.time("granted_at", &k.GrantedAt)
	c.moment("used_at", &k.UsedAt)
	return c
}

func oneTimeColumns(o *storage.OneTime) (c columns) {
	c.text("purpose", (*string)(&o.Purpose))
	c.text("hash", &o.Hash)
	c.int("account_id", &o.AccountID)
	c.bytes("data", &o.Data)
	c.time("created_at", &o.CreatedAt)
	c.time("expires_at", &o.ExpiresAt)
	return c
}

func denialColumns(d *storage.Denial) (c columns) {
	c.text("jti", &d.JTI)
	c.time("expires_at", &d.Until)
	return c
}

func replayColumns(r *storage.Replay) (c columns) {
	c.text("key", &r.Key)
	c.time("expires_at", &r.Until)
	return c
}

func deviceColumns(d *storage.Device) (c columns) {
	by := &d.Decision
	decision := decisionText(*by)
	c.text("code_hash", &d.CodeHash)
	c.text("user_code_hash", &d.UserCodeHash)
	c.text("client_id", &d.ClientID)
	c.texts("scopes", &d.Scopes)
	c.texts("resources", &d.Resources)
	c.key("decision", &decision)
	c.account("account_id", &by.AccountID)
	c.key("sid", &by.SID)
	c.moment("auth_time", &by.AuthTime)
	c.texts("amr", &by.AMR)
	c.text("acr", &by.ACR)
	c.moment("decided_at", &by.At)
	c.time("created_at", &d.CreatedAt)
	c.time("expires_at", &d.ExpiresAt)
	c.after(func() error {
		by.Allowed, by.Denied = decision == decisionAllowed, decision == decisionDenied
		return nil
	})
	return c
}

const (
	decisionAllowed = "allowed"
	decisionDenied  = "denied"
)

func decisionText(by storage.DeviceDecision) string {
	switch {
	case by.Allowed:
		return decisionAllowed
	case by.Denied:
		return decisionDenied
	}
	return ""
}

func pushedColumns(p *storage.PushedRequest) (c columns) {
	c.text("id", &p.ID)
	c.text("client_id", &p.ClientID)
	c.text("form", &p.Form)
	c.bool("signed", &p.Signed)
	c.time("created_at", &p.CreatedAt)
	c.time("expires_at", &p.ExpiresAt)
	return c
}

func registrationColumns(r *storage.RegistrationToken) (c columns) {
	c.text("id", &r.ID)
	c.text("hash", &r.Hash)
	c.text("name", &r.Name)
	c.small("uses", &r.Uses)
	c.small("max_uses", &r.MaxUses)
	c.bool("pkce_exempt", &r.PKCEExempt)
	c.moment("created_at", &r.CreatedAt)
	c.moment("expires_at", &r.ExpiresAt)
	return c
}

// signingKey and secret have their place in the keyring.
type signingKey struct {
	place int
	storage.SigningKey
}

func signingKeyColumns(k *signingKey) (c columns) {
	c.small("place", &k.place)
	c.text("kid", &k.KID)
	c.text("alg", &k.Alg)
	c.document("public_jwk", &k.PublicJWK)
	c.bytes("sealed", &k.Sealed)
	c.text("seal_key_id", &k.SealKeyID)
	c.moment("published_at", &k.PublishedAt)
	c.moment("activates_at", &k.ActivatesAt)
	c.moment("retires_at", &k.RetiresAt)
	c.moment("gone_at", &k.GoneAt)
	c.moment("revoked_at", &k.RevokedAt)
	c.length("longest_token", &k.LongestToken)
	return c
}

type secret struct {
	place int
	storage.Secret
}

func secretColumns(s *secret) (c columns) {
	c.small("place", &s.place)
	c.text("id", &s.ID)
	c.bytes("sealed", &s.Sealed)
	c.text("seal_key_id", &s.SealKeyID)
	c.moment("created_at", &s.CreatedAt)
	return c
}
