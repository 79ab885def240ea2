package config

import (
	"net/url"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// Lifecycle is what of an account's life goes by mail or by a wait.
type Lifecycle struct {
	SignUpDomains, SetupGroups                        []string
	MailSignIn, NewDeviceMail                         bool
	MailSignInTTL, EmailUndo, RecoveryWait, InviteTTL Duration
	TermsVersion, Setup                               string
}

func (c *Config) lifecycleKeys() []key {
	l := &c.Accounts.Lifecycle
	return []key{
		{path: "accounts.signup_domains", to: &l.SignUpDomains, doc: "Domains whose addresses can sign up, such as example.com; subdomains are domains of their own. The page says so. Without any, all can. A domain proves nothing until the address is proven: see accounts.require_verified_email."},
		{path: "accounts.mail_sign_in", to: &l.MailSignIn, def: "true", doc: "Offer to sign in by a mailed link or code. A second factor is asked for all the same."},
		{path: "accounts.mail_sign_in_ttl", to: &l.MailSignInTTL, def: "15m", min: "1m", max: "1h", doc: "Lifetime of such a link and code."},
		{path: "accounts.email_undo", to: &l.EmailUndo, def: "7d", min: "1h", max: "90d", doc: "How long the former address can be brought back after a change, by the link that is mailed to it."},
		{path: "accounts.recovery_wait", to: &l.RecoveryWait, def: "72h", max: "60d", doc: "How long somebody waits who lost every second factor, until signing in goes without; meanwhile every address and session of the account is told and can stop it. 0s turns it off: then only an operator can help."},
		{path: "accounts.invite_ttl", to: &l.InviteTTL, def: "7d", min: "1h", max: "90d", doc: "Lifetime of an invitation (`latchkey users invite`)."},
		{path: "accounts.new_device_mail", to: &l.NewDeviceMail, def: "true", doc: "Tell people by mail of a sign-in from a browser that is not known, but for the first."},
		{path: "accounts.terms.version", to: &l.TermsVersion, doc: "Version of the terms at web.terms_url, such as 2026-11. Who has not accepted it is asked to at the next sign-in on a page. Without it nobody is asked."},
		{path: "accounts.setup", to: &l.Setup, def: "auto", oneOf: []string{"auto", "on", "off"}, doc: "Whether the first account can be made at /setup, with a code that the log shows, while there is none. auto: where accounts.signup is not open."},
		{path: "accounts.setup_groups", to: &l.SetupGroups, doc: "Groups of that first account."},
	}
}

func (c *Config) checkLifecycle(fault func(path, format string, args ...any)) {
	l := c.Accounts.Lifecycle
	for _, d := range l.SignUpDomains {
		if e, ok := account.ParseEmail("a@" + d); !ok || e.Key != "a@"+d {
			fault("accounts.signup_domains", "has %q, which is no domain in lower case (in ASCII) such as example.com", d)
		}
	}
	if l.RecoveryWait > 0 && l.RecoveryWait < Duration(minRecovery) && !c.Dev {
		fault("accounts.recovery_wait", "is %v; where it is not 0s it must be at least 1h, or nobody could stop it in time", l.RecoveryWait)
	}
	for _, g := range l.SetupGroups {
		if err := storage.CheckGroup(g); err != nil {
			fault("accounts.setup_groups", "has %q, a name that %v", g, err)
		}
	}
	if l.TermsVersion != "" {
		if u, err := url.Parse(c.Web.TermsURL); err != nil || u.Host == "" {
			fault("accounts.terms.version", "is set, and web.terms_url is not: people could not read what they accept")
		}
		if len(l.TermsVersion) > maxTermsVersion || strings.ContainsFunc(l.TermsVersion, func(r rune) bool { return r <= 0x20 || r >= 0x7f }) {
			fault("accounts.terms.version", "must be up to 64 printable characters without spaces")
		}
	}
}

// minRecovery is the shortest wait outside of development mode; maxTermsVersion is in bytes.
const (
	minRecovery     = time.Hour
	maxTermsVersion = 64
)

// Rules are the rules in the words of the account service; signUp is accounts.signup.
func (l Lifecycle) Rules(rules account.LifecycleConfig, signUp string) account.LifecycleConfig {
	rules.SignUpDomains, rules.MailSignIn, rules.SignInTTL = l.SignUpDomains, l.MailSignIn, l.MailSignInTTL.D()
	rules.EmailUndo, rules.RecoveryWait, rules.InviteTTL, rules.DeviceMail = l.EmailUndo.D(), l.RecoveryWait.D(), l.InviteTTL.D(), l.NewDeviceMail
	rules.TermsVersion, rules.SetupGroups = l.TermsVersion, l.SetupGroups
	rules.InviteOnly, rules.Setup = signUp == "invite", l.Setup == "on" || l.Setup == "auto" && signUp != "open"
	return rules
}
