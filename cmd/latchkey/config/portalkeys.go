package config

import "latchkey/provider/account"

// Deletion is how people end their accounts.
type Deletion struct {
	Allowed bool
	Grace   Duration
}

func (c *Config) portalKeys() []key {
	d := &c.Accounts.Deletion
	return []key{
		{path: "accounts.deletion.allowed", to: &d.Allowed, def: "true", doc: "People can delete their account themselves. Where they cannot, operators do it for them (`latchkey users delete`)."},
		{path: "accounts.deletion.grace", to: &d.Grace, def: "7d", max: "90d", doc: "How long an account whose owner asked to delete it is only shut, and can be kept by signing in, or by `latchkey users keep`. 0s deletes at once."},
	}
}

// Rules are the rules of accounts.
func (d Deletion) Rules() account.DeletionConfig {
	return account.DeletionConfig{Closed: !d.Allowed, Grace: d.Grace.D()}
}
