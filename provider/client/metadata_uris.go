package client

import (
	"net/url"
	"slices"
	"strings"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// maxURI bounds every address of a client, in bytes.
const maxURI = 2048

func isWebLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxURI && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// redirects checks where browsers are sent back to.
func (k *checker) redirects() {
	c := k.c
	interactive := k.has("authorization_code") || k.has(implicitGrant)
	k.bad(interactive && len(c.RedirectURIs) == 0, "redirect_uris", "has none, but the authorization_code and implicit grants need one") // RFC 7591 §2
	for _, l := range []struct {
		field string
		uris  []string
	}{{"redirect_uris", c.RedirectURIs}, {"post_logout_redirect_uris", c.PostLogoutRedirectURIs}} {
		k.bad(len(l.uris) > MaxListed, l.field, "has more than %d", MaxListed)
		for _, uri := range l.uris {
			if err := oauth.CheckRedirectURI(uri, k.native()); err != nil {
				k.faults = append(k.faults, Fault{Field: l.field, Value: orEmpty(uri), Problem: err.Error()})
			}
		}
	}
	if !k.has(implicitGrant) || k.native() {
		return
	}
	for _, uri := range c.RedirectURIs { // OpenID Connect Registration §2, application_type
		u, err := url.Parse(uri)
		k.badValue(err == nil && u.Scheme == "http", "redirect_uris", uri, "uses http, which a web client of the implicit grant may not")
		k.badValue(err == nil && u.Scheme == "https" && strings.EqualFold(u.Hostname(), "localhost"), "redirect_uris", uri, "is on localhost, where a web client of the implicit grant may not be")
	}
}

// orEmpty shows an empty value.
func orEmpty(s string) string {
	if s == "" {
		return " "
	}
	return s
}

// addresses checks where the client is told things.
func (k *checker) addresses() {
	c := k.c
	problem := secureURI(c.InitiateLoginURI)
	k.badValue(c.InitiateLoginURI != "" && problem != "", "initiate_login_uri", c.InitiateLoginURI, "%s", problem) // OpenID Connect Registration §2
	problem = k.fetched(c.BackchannelLogoutURI)
	k.badValue(c.BackchannelLogoutURI != "" && problem != "", "backchannel_logout_uri", c.BackchannelLogoutURI, "%s", problem) // Back-Channel Logout §2.2
	problem = k.framed(c.FrontchannelLogoutURI)
	k.badValue(c.FrontchannelLogoutURI != "" && problem != "", "frontchannel_logout_uri", c.FrontchannelLogoutURI, "%s", problem)
	k.bad(len(c.AllowedOrigins) > MaxListed, "allowed_origins", "has more than %d", MaxListed)
	for _, origin := range c.AllowedOrigins {
		k.badValue(!isOrigin(origin), "allowed_origins", orEmpty(origin), "is no origin as browsers send it, such as https://app.example.com; http is for loopback hosts")
	}
}

// framed checks an address that stands in a frame of our page: it must be of the origin of a redirect URI (Front-Channel Logout §2).
func (k *checker) framed(uri string) string {
	if uri == "" {
		return ""
	}
	if err := oauth.CheckRedirectURI(uri, false); err != nil {
		return err.Error()
	}
	u, err := url.Parse(uri)
	if err != nil {
		return "is not a URI"
	}
	if !slices.ContainsFunc(k.c.RedirectURIs, func(r string) bool {
		of, err := url.Parse(r)
		return err == nil && of.Host != "" && storage.Origin(of) == storage.Origin(u)
	}) {
		return "has another scheme, host or port than every one of redirect_uris"
	}
	return ""
}

// fetched checks an address that we connect to.
func (k *checker) fetched(uri string) string {
	form := uri
	if rest, plain := strings.CutPrefix(uri, "http://"); plain && k.s.PlainFetch {
		form = "https://" + rest
	}
	if problem := secureURI(form); problem != "" {
		return problem
	}
	return k.reached(uri)
}

// reached says what keeps an address of good form from being connected to.
func (k *checker) reached(uri string) string {
	if k.s.Fetchable == nil {
		return ""
	}
	if err := k.s.Fetchable(uri); err != nil {
		return err.Error()
	}
	return ""
}

// secureURI says what keeps s from being an absolute https URI without user information and fragment; "" if nothing does.
func secureURI(s string) string {
	if len(s) > maxURI {
		return "is longer than 2048 bytes"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' || r == '"' || r == '<' || r == '>' }) {
		return "has a character that a URI cannot have"
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "is not a URI"
	case u.Scheme != "https" || !strings.HasPrefix(s, "https://"):
		return "does not begin with https://"
	case u.Hostname() == "" || strings.Contains(u.Host, "%"):
		return "has no host"
	case u.User != nil:
		return "has user information"
	case strings.Contains(s, "#"):
		return "has a fragment"
	}
	return ""
}

// isOrigin: as RFC 6454 §6.2 writes it.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxURI || u.Hostname() == "" || strings.ContainsFunc(s, notToken) || strings.Contains(s, "*") || storage.Origin(u) != s {
		return false
	}
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		return u.Scheme == "http" || u.Scheme == "https"
	}
	return u.Scheme == "https"
}

// pairwise checks what pairwise subjects are made for (OpenID Connect Core §8.1).
func (k *checker) pairwise() {
	c := k.c
	k.badValue(c.SubjectType != "" && c.SubjectType != "public" && c.SubjectType != "pairwise", "subject_type", c.SubjectType, "is neither public nor pairwise")
	problem := secureURI(c.SectorIdentifierURI)
	if problem == "" && c.Registered { // of others it is not fetched: the operator answers for it
		problem = k.reached(c.SectorIdentifierURI)
	}
	k.badValue(c.SectorIdentifierURI != "" && problem != "", "sector_identifier_uri", c.SectorIdentifierURI, "%s", problem) // OpenID Connect Registration §5
	k.bad(c.SubjectType == "pairwise" && c.SectorIdentifierURI == "" && c.Sector == "", "sector_identifier_uri",
		"is missing, but subject_type is pairwise and redirect_uris have not one host in common")
	k.bad(c.SubjectType == "pairwise" && c.AccountClaims, "account_claims", "tells what everybody else knows a person by, and subject_type pairwise is there to hide that") // OpenID Connect Core §8.1
	// OpenID Connect Core §8.1: subjects are for those whose the sector is.
	k.bad(c.SubjectType == "pairwise" && c.Registered && k.has(oauth.DeviceGrant), "subject_type",
		"is pairwise, but the device grant gives tokens to whoever registered, and not to redirect_uris")
}

// sector is the host that a client's pairwise subjects are made for: that of sector_identifier_uri, or the one host of all redirect URIs; "" where
// there is none (OpenID Connect Core §8.1).
func sector(c storage.Client) string {
	uris := c.RedirectURIs
	if c.SectorIdentifierURI != "" {
		uris = []string{c.SectorIdentifierURI}
	}
	host := ""
	for _, uri := range uris {
		u, err := url.Parse(uri)
		if err != nil || !owned(u, c.Registered) || host != "" && host != strings.ToLower(u.Hostname()) {
			return ""
		}
		host = strings.ToLower(u.Hostname())
	}
	return host
}

// owned tells whether the host of a redirect URI says whose the client is. Behind a private-use scheme anybody can write any host, and loopback is
// everybody's: a stranger could make itself see the subjects that others see.
func owned(u *url.URL, registered bool) bool {
	return u.Hostname() != "" && (u.Scheme == "https" || u.Scheme == "http" && !registered)
}
