package config

// NewPassword is what a password must be that somebody sets on a page, beside long enough.
type NewPassword struct {
	MinBits int
	Breach  struct {
		URL, WhenAway string
		Timeout       Duration
	}
}

func (c *Config) passwordKeys() []key {
	p := &c.Accounts.NewPassword
	return []key{
		{path: "accounts.password.min_bits", to: &p.MinBits, def: "20", min: "0", max: "60", doc: "What a password that is set on a page must be worth: 20 means a million guesses by somebody who knows words, names, keyboards and dates. The hundred thousand most common passwords are refused in any case."},
		{path: "accounts.password.breach.url", to: &p.Breach.URL, doc: "Address of a breach service to look new passwords up with: it must answer `GET <address>/range/<first five characters of the SHA-1>` with lines of the rest and a count, as Have I Been Pwned does. Nothing else of the password leaves. Without it nobody is asked."},
		{path: "accounts.password.breach.timeout", to: &p.Breach.Timeout, def: "1s", min: "100ms", max: "30s", doc: "How long its answer may take."},
		{path: "accounts.password.breach.when_away", to: &p.Breach.WhenAway, def: "open", oneOf: []string{"open", "closed"}, doc: "Where it does not answer: `open` takes the password, `closed` refuses until it answers again. Either is counted (account.breach_unchecked)."},
	}
}
