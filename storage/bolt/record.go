package bolt

import (
	"time"

	"latchkey/storage"
)

// The walks name the fields of each record in the order in which they are stored. Append, never reorder or remove.

func walkAccount(c *coder, a *storage.Account) {
	c.int(&a.ID)
	for _, p := range []*string{
		&a.Sub, &a.Username, &a.UsernameKey, &a.Email, &a.EmailKey, &a.FullName, &a.FirstName, &a.LastName, &a.Phone, &a.Locale, &a.PasswordHash,
	} {
		c.str(p)
	}
	c.bool(&a.EmailVerified)
	c.bool(&a.Disabled)
	opt(c, &a.ExperienceYears, (*coder).small)
	c.strs(&a.Skills)
	c.strs(&a.PasswordHistory)
	opt(c, &a.Resume, walkFileInfo)
	opt(c, &a.Picture, walkFileInfo)
	c.time(&a.PasswordSetAt)
	c.time(&a.CreatedAt)
	c.time(&a.UpdatedAt)
	c.int(&a.Version)
	// Schema 2.
	c.bool(&a.PhoneVerified)
	for _, p := range []*string{&a.MiddleName, &a.Nickname, &a.ProfileURL, &a.Website, &a.Gender, &a.Birthdate, &a.Zoneinfo} {
		c.str(p)
	}
	opt(c, &a.Address, walkAddress)
	c.strs(&a.Groups) // schema 3
	// Schema 4.
	opt(c, &a.TOTP, walkTOTP)
	c.str(&a.TermsVersion)
	c.time(&a.TermsAt)
	c.time(&a.DeleteAt)
}

func walkAddress(c *coder, a *storage.Address) {
	for _, p := range []*string{&a.Formatted, &a.StreetAddress, &a.Locality, &a.Region, &a.PostalCode, &a.Country} {
		c.str(p)
	}
}

func walkFileInfo(c *coder, f *storage.FileInfo) {
	c.str(&f.ID)
	c.str(&f.Filename)
	c.str(&f.ContentType)
	c.int(&f.Size)
	c.time(&f.UploadedAt)
}

type file struct {
	account int64
	kind    storage.FileKind
	info    storage.FileInfo
	content []byte
}

func walkFile(c *coder, f *file) {
	c.int(&f.account)
	c.str((*string)(&f.kind))
	block(c, &f.info, walkFileInfo)
	c.bytes(&f.content)
}

func walkSession(c *coder, s *storage.Session) {
	c.str(&s.SID)
	c.str(&s.SecretHash)
	c.int(&s.AccountID)
	c.time(&s.AuthTime)
	c.strs(&s.AMR)
	c.str(&s.ACR)
	c.str(&s.Kind)
	c.str(&s.UserAgent)
	c.str(&s.Address)
	c.time(&s.CreatedAt)
	c.time(&s.LastSeenAt)
	c.time(&s.ExpiresAt)
	c.bool(&s.Persistent)
	c.strs(&s.Clients)
	c.strs(&s.Notify) // schema 2
}

type grant struct {
	storage.Grant
	revoked bool
}

func walkGrant(c *coder, g *grant) {
	c.bool(&g.revoked)
	c.str(&g.ID)
	c.str(&g.ClientID)
	c.int(&g.AccountID)
	c.str(&g.SID)
	c.strs(&g.Scopes)
	c.strs(&g.Resources)
	c.str(&g.Nonce)
	c.time(&g.AuthTime)
	c.strs(&g.AMR)
	c.str(&g.ACR)
	c.bytes(&g.Claims)
	c.bytes(&g.Confirmation)
	c.bool(&g.Offline)
	opt(c, &g.Code, walkCode)
	opt(c, &g.Refresh, walkRefresh)
	c.time(&g.CreatedAt)
	c.time(&g.ExpiresAt)
	c.bool(&g.Front)
}

func walkCode(c *coder, k *storage.Code) {
	c.str(&k.Hash)
	c.str(&k.RedirectURI)
	c.bool(&k.RedirectURISent)
	c.str(&k.Challenge)
	c.str(&k.ChallengeMethod)
	c.time(&k.ExpiresAt)
	c.time(&k.RedeemedAt)
	c.bool(&k.Named)
}

func walkRefresh(c *coder, r *storage.Refresh) {
	c.int(&r.Generation)
	c.time(&r.RotatedAt)
	c.bool(&r.Fixed)
	c.time(&r.ExpiresAt)
}

func walkOneTime(c *coder, o *storage.OneTime) {
	c.str((*string)(&o.Purpose))
	c.str(&o.Hash)
	c.int(&o.AccountID)
	c.bytes(&o.Data)
	c.time(&o.CreatedAt)
	c.time(&o.ExpiresAt)
}

func walkConsent(c *coder, k *storage.Consent) {
	c.int(&k.AccountID)
	c.str(&k.ClientID)
	c.strs(&k.Scopes)
	c.time(&k.GrantedAt)
	c.time(&k.UsedAt) // schema 4
}

func walkTime(c *coder, at *time.Time) { c.time(at) }

func walkMail(c *coder, m *storage.Mail) {
	c.str(&m.ID)
	c.int(&m.AccountID)
	c.str(&m.Kind)
	c.str(&m.Locale)
	c.bytes(&m.Sealed)
	c.time(&m.CreatedAt)
	c.time(&m.NotBefore)
	c.time(&m.ExpiresAt)
	c.small(&m.Attempts)
	c.str(&m.LastError)
	c.time(&m.LeaseUntil)
}

func walkKeyring(c *coder, k *storage.Keyring) {
	c.int(&k.Revision)
	list(c, &k.Keys, walkSigningKey)
	list(c, &k.Secrets, walkSecret)
}

func walkSigningKey(c *coder, k *storage.SigningKey) {
	c.str(&k.KID)
	c.str(&k.Alg)
	c.bytes(&k.PublicJWK)
	c.bytes(&k.Sealed)
	c.str(&k.SealKeyID)
	for _, p := range []*time.Time{&k.PublishedAt, &k.ActivatesAt, &k.RetiresAt, &k.GoneAt, &k.RevokedAt} {
		c.time(p)
	}
	c.dur(&k.LongestToken)
}

func walkSecret(c *coder, s *storage.Secret) {
	c.str(&s.ID)
	c.bytes(&s.Sealed)
	c.str(&s.SealKeyID)
	c.time(&s.CreatedAt)
}

func walkDevice(c *coder, d *storage.Device) {
	c.str(&d.CodeHash)
	c.str(&d.UserCodeHash)
	c.str(&d.ClientID)
	c.strs(&d.Scopes)
	c.strs(&d.Resources)
	block(c, &d.Decision, walkDecision)
	c.time(&d.CreatedAt)
	c.time(&d.ExpiresAt)
}

func walkDecision(c *coder, d *storage.DeviceDecision) {
	c.bool(&d.Allowed)
	c.bool(&d.Denied)
	c.int(&d.AccountID)
	c.str(&d.SID)
	c.time(&d.AuthTime)
	c.strs(&d.AMR)
	c.str(&d.ACR)
	c.time(&d.At)
}

func walkPushed(c *coder, p *storage.PushedRequest) {
	c.str(&p.ID)
	c.str(&p.ClientID)
	c.str(&p.Form)
	c.bool(&p.Signed)
	c.time(&p.CreatedAt)
	c.time(&p.ExpiresAt)
}

func walkNotice(c *coder, n *storage.LogoutNotice) {
	c.str(&n.SID)
	c.str(&n.ClientID)
	c.int(&n.AccountID)
	c.str(&n.Sub)
	c.time(&n.EndedAt)
	c.time(&n.NotBefore)
	c.time(&n.LeaseUntil)
	c.small(&n.Attempts)
	c.str(&n.LastError)
	c.time(&n.DeliveredAt)
	c.time(&n.GivenUpAt)
}

type number [nTables]int64

// walkCounts names the tables by position: tables are only ever appended.
func walkCounts(c *coder, n *number) {
	for i := range n {
		c.int(&n[i])
	}
}
