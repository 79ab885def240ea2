package main

import (
	"latchkey/provider/passkey"
	"latchkey/web"
)

// passkeyParty asks browsers for passkeys; nil where there are none.
func (c *core) passkeyParty() (*passkey.Party, error) {
	id := c.cfg.PasskeyParty()
	if id == "" {
		return nil, nil //nolint:nilnil // passkeys are off
	}
	return passkey.New(passkey.Config{ID: id, Name: c.cfg.Web.Brand, Origins: c.cfg.PasskeyOrigins()}, c.rings, c.now)
}

// passkeyPages is what the pages know of passkeys; nil where there are none.
func (c *core) passkeyPages() *web.Passkeys {
	id := c.cfg.PasskeyParty()
	if id == "" {
		return nil
	}
	return &web.Passkeys{PasskeyEntry: c.accounts, PasskeyMaker: c.accounts, PasskeyKeeper: c.accounts, Party: id, Origins: c.cfg.PasskeyOrigins()}
}
