package bolt

import "latchkey/storage"

func walkTOTP(c *coder, t *storage.TOTP) {
	c.bytes(&t.Sealed)
	c.time(&t.ConfirmedAt)
}

func walkPasskey(c *coder, p *storage.Passkey) {
	c.str(&p.ID)
	c.int(&p.AccountID)
	c.str(&p.Name)
	c.bytes(&p.PublicKey)
	c.bytes(&p.AAGUID)
	c.strs(&p.Transports)
	c.int(&p.SignCount)
	c.bool(&p.BackupEligible)
	c.bool(&p.BackedUp)
	c.bool(&p.UserVerified)
	c.time(&p.CreatedAt)
	c.time(&p.LastUsedAt)
}

func walkEvent(c *coder, e *storage.AccountEvent) {
	for _, p := range []*string{&e.ID, &e.Name, &e.Detail, &e.SID, &e.ClientID, &e.Address, &e.UserAgent, &e.RequestID} {
		c.str(p)
	}
	c.int(&e.AccountID)
	c.time(&e.At)
	c.time(&e.ExpiresAt)
}
