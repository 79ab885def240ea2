package transfer

import (
	"latchkey/storage"
)

// The walks name the members of each record in the order in which they are written. A new one is appended at the end, so that earlier streams can
// still be read; none is renamed or moved.

func walkSequence(c *coder, s *storage.AccountSequence) { c.int("last", &s.Last) }

// walkAccount leaves Resume and Picture to the files.
func walkAccount(c *coder, a *storage.Account) {
	c.int("id", &a.ID)
	c.str("sub", &a.Sub)
	c.str("username", &a.Username)
	c.str("username_key", &a.UsernameKey)
	c.str("email", &a.Email)
	c.str("email_key", &a.EmailKey)
	c.bool("email_verified", &a.EmailVerified)
	c.str("full_name", &a.FullName)
	c.str("first_name", &a.FirstName)
	c.str("last_name", &a.LastName)
	c.str("middle_name", &a.MiddleName)
	c.str("nickname", &a.Nickname)
	c.str("phone", &a.Phone)
	c.bool("phone_verified", &a.PhoneVerified)
	c.str("profile_url", &a.ProfileURL)
	c.str("website", &a.Website)
	c.str("gender", &a.Gender)
	c.str("birthdate", &a.Birthdate)
	c.str("zoneinfo", &a.Zoneinfo)
	c.str("locale", &a.Locale)
	opt(c, "address", &a.Address, walkAddress)
	opt(c, "experience", &a.ExperienceYears, func(c *coder, years *int) { c.small("years", years) })
	c.strs("skills", &a.Skills)
	c.str("password_hash", &a.PasswordHash)
	c.strs("password_history", &a.PasswordHistory)
	c.time("password_set_at", &a.PasswordSetAt)
	c.strs("groups", &a.Groups)
	c.bool("disabled", &a.Disabled)
	c.time("created_at", &a.CreatedAt)
	c.time("updated_at", &a.UpdatedAt)
	c.int("version", &a.Version)
	opt(c, "totp", &a.TOTP, walkTOTP)
	c.str("terms_version", &a.TermsVersion)
	c.time("terms_at", &a.TermsAt)
	c.time("delete_at", &a.DeleteAt)
}

func walkTOTP(c *coder, t *storage.TOTP) {
	c.bytes("sealed", &t.Sealed)
	c.time("confirmed_at", &t.ConfirmedAt)
}

func walkAddress(c *coder, a *storage.Address) {
	c.str("formatted", &a.Formatted)
	c.str("street_address", &a.StreetAddress)
	c.str("locality", &a.Locality)
	c.str("region", &a.Region)
	c.str("postal_code", &a.PostalCode)
	c.str("country", &a.Country)
}

func walkFile(c *coder, f *storage.StoredFile) {
	c.int("account", &f.AccountID)
	c.str("kind", (*string)(&f.Kind))
	c.str("id", &f.Info.ID)
	c.str("filename", &f.Info.Filename)
	c.str("content_type", &f.Info.ContentType)
	c.int("size", &f.Info.Size)
	c.time("uploaded_at", &f.Info.UploadedAt)
	c.bytes("content", &f.Content)
}

func walkSession(c *coder, s *storage.Session) {
	c.str("sid", &s.SID)
	c.int("account", &s.AccountID)
	c.str("secret_hash", &s.SecretHash)
	c.time("auth_time", &s.AuthTime)
	c.strs("amr", &s.AMR)
	c.str("acr", &s.ACR)
	c.str("kind", &s.Kind)
	c.str("user_agent", &s.UserAgent)
	c.str("address", &s.Address)
	c.bool("persistent", &s.Persistent)
	c.strs("clients", &s.Clients)
	c.strs("notify", &s.Notify)
	c.time("created_at", &s.CreatedAt)
	c.time("last_seen_at", &s.LastSeenAt)
	c.time("expires_at", &s.ExpiresAt)
}

func walkGrant(c *coder, g *storage.StoredGrant) {
	c.str("id", &g.ID)
	c.str("client", &g.ClientID)
	c.int("account", &g.AccountID)
	c.str("sid", &g.SID)
	c.bool("revoked", &g.Revoked)
	c.strs("scopes", &g.Scopes)
	c.strs("resources", &g.Resources)
	c.str("nonce", &g.Nonce)
	c.time("auth_time", &g.AuthTime)
	c.strs("amr", &g.AMR)
	c.str("acr", &g.ACR)
	c.document("claims", &g.Claims)
	c.document("confirmation", &g.Confirmation)
	c.bool("offline", &g.Offline)
	c.bool("front", &g.Front)
	opt(c, "code", &g.Code, walkCode)
	opt(c, "refresh", &g.Refresh, walkRefresh)
	c.time("created_at", &g.CreatedAt)
	c.time("expires_at", &g.ExpiresAt)
}

func walkCode(c *coder, k *storage.Code) {
	c.str("hash", &k.Hash)
	c.bool("named", &k.Named)
	c.str("redirect_uri", &k.RedirectURI)
	c.bool("redirect_uri_sent", &k.RedirectURISent)
	c.str("challenge", &k.Challenge)
	c.str("challenge_method", &k.ChallengeMethod)
	c.time("expires_at", &k.ExpiresAt)
	c.time("redeemed_at", &k.RedeemedAt)
}

func walkRefresh(c *coder, r *storage.Refresh) {
	c.int("generation", &r.Generation)
	c.bool("fixed", &r.Fixed)
	c.time("rotated_at", &r.RotatedAt)
	c.time("expires_at", &r.ExpiresAt)
}

func walkConsent(c *coder, k *storage.Consent) {
	c.int("account", &k.AccountID)
	c.str("client", &k.ClientID)
	c.strs("scopes", &k.Scopes)
	c.time("granted_at", &k.GrantedAt)
	c.time("used_at", &k.UsedAt)
}

func walkOneTime(c *coder, o *storage.OneTime) {
	c.str("purpose", (*string)(&o.Purpose))
	c.str("hash", &o.Hash)
	c.int("account", &o.AccountID)
	c.bytes("data", &o.Data)
	c.time("created_at", &o.CreatedAt)
	c.time("expires_at", &o.ExpiresAt)
}

func walkDenial(c *coder, d *storage.Denial) {
	c.str("jti", &d.JTI)
	c.time("until", &d.Until)
}

func walkReplay(c *coder, r *storage.Replay) {
	c.str("key", &r.Key)
	c.time("until", &r.Until)
}

func walkPushed(c *coder, p *storage.PushedRequest) {
	c.str("id", &p.ID)
	c.str("client", &p.ClientID)
	c.str("form", &p.Form)
	c.bool("signed", &p.Signed)
	c.time("created_at", &p.CreatedAt)
	c.time("expires_at", &p.ExpiresAt)
}

func walkDevice(c *coder, d *storage.Device) {
	c.str("code_hash", &d.CodeHash)
	c.str("user_code_hash", &d.UserCodeHash)
	c.str("client", &d.ClientID)
	c.strs("scopes", &d.Scopes)
	c.strs("resources", &d.Resources)
	by := &d.Decision
	c.bool("allowed", &by.Allowed)
	c.bool("denied", &by.Denied)
	c.int("account", &by.AccountID)
	c.str("sid", &by.SID)
	c.time("auth_time", &by.AuthTime)
	c.strs("amr", &by.AMR)
	c.str("acr", &by.ACR)
	c.time("decided_at", &by.At)
	c.time("created_at", &d.CreatedAt)
	c.time("expires_at", &d.ExpiresAt)
}

func walkRegistration(c *coder, r *storage.RegistrationToken) {
	c.str("id", &r.ID)
	c.str("hash", &r.Hash)
	c.str("name", &r.Name)
	c.small("uses", &r.Uses)
	c.small("max_uses", &r.MaxUses)
	c.bool("pkce_exempt", &r.PKCEExempt)
	c.time("created_at", &r.CreatedAt)
	c.time("expires_at", &r.ExpiresAt)
}

// walkMail leaves out the lease.
func walkMail(c *coder, m *storage.Mail) {
	c.str("id", &m.ID)
	c.int("account", &m.AccountID)
	c.str("kind", &m.Kind)
	c.str("locale", &m.Locale)
	c.bytes("sealed", &m.Sealed)
	c.time("created_at", &m.CreatedAt)
	c.time("not_before", &m.NotBefore)
	c.time("expires_at", &m.ExpiresAt)
	c.small("attempts", &m.Attempts)
	c.str("last_error", &m.LastError)
}

// walkNotice leaves out the lease.
func walkNotice(c *coder, n *storage.LogoutNotice) {
	c.str("sid", &n.SID)
	c.str("client", &n.ClientID)
	c.int("account", &n.AccountID)
	c.str("sub", &n.Sub)
	c.time("ended_at", &n.EndedAt)
	c.time("not_before", &n.NotBefore)
	c.small("attempts", &n.Attempts)
	c.str("last_error", &n.LastError)
	c.time("delivered_at", &n.DeliveredAt)
	c.time("given_up_at", &n.GivenUpAt)
}
