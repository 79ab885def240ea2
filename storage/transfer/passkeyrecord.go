package transfer

import "latchkey/storage"

func walkPasskey(c *coder, p *storage.Passkey) {
	c.str("id", &p.ID)
	c.int("account", &p.AccountID)
	c.str("name", &p.Name)
	c.bytes("public_key", &p.PublicKey)
	c.bytes("aaguid", &p.AAGUID)
	c.strs("transports", &p.Transports)
	c.int("sign_count", &p.SignCount)
	c.bool("backup_eligible", &p.BackupEligible)
	c.bool("backed_up", &p.BackedUp)
	c.bool("user_verified", &p.UserVerified)
	c.time("created_at", &p.CreatedAt)
	c.time("last_used_at", &p.LastUsedAt)
}

func walkEvent(c *coder, e *storage.AccountEvent) {
	c.int("account", &e.AccountID)
	c.str("id", &e.ID)
	c.time("at", &e.At)
	c.str("name", &e.Name)
	c.str("detail", &e.Detail)
	c.str("sid", &e.SID)
	c.str("client", &e.ClientID)
	c.str("address", &e.Address)
	c.str("user_agent", &e.UserAgent)
	c.str("request", &e.RequestID)
	c.time("expires_at", &e.ExpiresAt)
}
