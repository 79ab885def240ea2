package main

import (
	"context"
	"log/slog"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/client"
)

// logOpenUsernames tells of applications behind a proxy that know people by usernames which whoever signs up may choose.
func (c *core) logOpenUsernames(d config.Declared) {
	if c.cfg.UsernamesAreGiven() {
		return
	}
	for _, one := range d.Clients {
		if one.Forward == nil {
			continue
		}
		if f, err := client.ParseForward(one.Forward); err == nil && f.User == client.UserByName {
			c.log.LogAttrs(context.Background(), slog.LevelWarn, "application knows people by usernames, which whoever signs up chooses: set forward_auth.user to sub or email, or accounts.signup to closed", slog.String("client_id", one.ID))
		}
	}
}
