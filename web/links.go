package web

import (
	"net/url"
	"strings"

	"latchkey/provider/account"
)

// Links makes the addresses in mails, all under the issuer.
func Links(issuer string) account.Links { return links(strings.TrimSuffix(issuer, "/")) }

type links string

func (l links) Verify(token, flow string) string {
	return string(l) + with("/verify?token="+url.QueryEscape(token), "flow", flow)
}

func (l links) Reset(token string) string {
	return string(l) + "/reset?token=" + url.QueryEscape(token)
}

// Revoke leads to /not-me: /revoke is the protocol's own (RFC 7009).
func (l links) Revoke(token string) string {
	return string(l) + "/not-me?token=" + url.QueryEscape(token)
}

// mailedPages are the pages of what mails link to.
func mailedPages() map[string]string {
	return map[string]string{
		account.LinkEmail: "/email/confirm", account.LinkEmailUndo: "/email/undo", account.LinkSignIn: "/login/mail/link",
		account.LinkRecovery: "/recovery/finish", account.LinkRecoveryStop: "/recovery/stop", account.LinkInvite: "/invite",
	}
}

func (l links) Mailed(link, token string) string {
	return string(l) + mailedPages()[link] + "?token=" + url.QueryEscape(token)
}
