package main

import (
	"context"
	"log/slog"
)

// setupSecret is what the code of the first account is made of: the same at every replica, and after every start.
func (c *core) setupSecret() []byte {
	sum := c.rings.Stable("setup", []byte(c.cfg.Issuer))
	return sum[:]
}

// showSetup puts the code of the first account into the log, while there is none: whoever reads the log runs the issuer.
func (s *server) showSetup(ctx context.Context) {
	code, err := s.core.accounts.SetupCode(ctx)
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "whether there is an account cannot be told", slog.String("error", err.Error()))
	}
	if code != "" {
		s.log.LogAttrs(ctx, slog.LevelWarn, "there is no account yet: make the first one", slog.String("page", s.cfg.Issuer+"/setup"), slog.String("setup_code", code))
	}
}
