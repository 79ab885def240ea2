package config

// Activity is the record that people can read of their own account.
type Activity struct{ Keep Duration }

func (c *Config) activityKeys() []key {
	return []key{
		{path: "accounts.activity.keep", to: &c.Accounts.Activity.Keep, def: "180d", min: "1d", max: "3650d", doc: "How long people can see what happened to their account: sign-ins, failed ones, changes, what applications got access. Older entries are removed."},
	}
}
