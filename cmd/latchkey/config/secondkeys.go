package config

import (
	"latchkey/provider/account"
	"latchkey/storage"
)

// SecondFactor is who needs two factors, and which there are.
type SecondFactor struct {
	Required        string
	Groups, Methods []string
	Remember        Duration
}

func (c *Config) secondKeys() []key {
	s := &c.Accounts.SecondFactor
	return []key{
		{path: "accounts.second_factor.required", to: &s.Required, def: "none", oneOf: []string{"none", "all"}, doc: "Who needs a second factor to sign in: `all`, or nobody but those of accounts.second_factor.groups. Whoever needs one and has none sets it up at their next sign-in. The account API then gives tokens only with one."},
		{path: "accounts.second_factor.groups", to: &s.Groups, doc: "Groups whose members need a second factor."},
		{path: "accounts.second_factor.methods", to: &s.Methods, def: "[totp, passkey]", oneOf: []string{string(account.MethodTOTP), string(account.MethodPasskey)}, doc: "What can be set up as a second factor. Without any, pages do not offer one; what is set up already goes on being asked for."},
		{path: "accounts.second_factor.remember", to: &s.Remember, def: "30d", max: "365d", doc: "How long a browser stands in for the second factor, where its owner says so. 0s never lets it."},
		{path: "accounts.step_up_age", to: &c.Accounts.StepUpAge, def: "10m", min: "1m", max: "1d", doc: "How long after signing in what is dangerous (such as turning two-step sign-in off) can be done without proving again who one is."},
	}
}

func (c *Config) checkSecond(fault func(path, format string, args ...any)) {
	s := c.Accounts.SecondFactor
	for _, g := range s.Groups {
		if err := storage.CheckGroup(g); err != nil {
			fault("accounts.second_factor.groups", "has %q, a name that %v", g, err)
		}
	}
	if len(s.Methods) == 0 && (s.Required == "all" || len(s.Groups) > 0) {
		fault("accounts.second_factor.methods", "is empty, and accounts.second_factor asks for a second factor: nobody could set one up")
	}
}

// Rules are the rules of second factors in the words of the account service; brand is what authenticator apps show.
func (s SecondFactor) Rules(rules account.SecondConfig, brand string, stepUpAge Duration) account.SecondConfig {
	rules.Required, rules.Groups, rules.Remember, rules.StepUpAge, rules.Issuer = s.Required == "all", s.Groups, s.Remember.D(), stepUpAge.D(), brand
	rules.Methods = nil
	for _, m := range s.Methods {
		rules.Methods = append(rules.Methods, account.Method(m))
	}
	return rules
}
