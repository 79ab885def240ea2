package main

import (
	"fmt"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/account"
	"latchkey/provider/password"
)

// breachService is the one that the configuration names, nil where it names none.
func breachService(cfg *config.Config) (account.Breaches, error) {
	b := cfg.Accounts.NewPassword.Breach
	if b.URL == "" {
		return nil, nil //nolint:nilnil // none is asked
	}
	s, err := password.NewBreaches(b.URL, b.Timeout.D())
	if err != nil {
		return nil, fmt.Errorf("accounts.password.breach.url: %w", err)
	}
	return s, nil
}
