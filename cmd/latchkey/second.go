package main

import (
	"context"

	"latchkey/storage"
)

// stepUp tells whether somebody can prove a second factor; nil where there are none.
func stepUp(c *core) func(context.Context, storage.Account, storage.Session, bool) (bool, error) {
	if len(c.cfg.Accounts.SecondFactor.Methods) == 0 {
		return nil
	}
	return c.accounts.CanStepUp
}
