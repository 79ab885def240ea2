package register

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// accountScope is what no client gets that registered itself.
const accountScope = token.AccountScope

// fill puts what a request asks for into c, which has its ID, and checks all of it. secret is one that was made now, "" if none was. Errors:
// *oauth.Error of RFC 7591 §3.2.2, or a fault.
func (e *Endpoint) fill(ctx context.Context, c *storage.Client, m client.Metadata, now time.Time) (secret string, err error) {
	if statement, has := m["software_statement"]; has && statement != nil {
		return "", errStatement(statement)
	}
	former := c.Name
	faults := client.ReadMetadata(c, m, client.Registrant, true)
	if e.Policy.excuses(c.Name) != e.Policy.excuses(former) { // what a token or an operator gave stays
		c.PKCEExempt = e.Policy.excuses(c.Name)
	}
	asked := c.Scopes != nil
	client.Complete(c)
	if e.Policy.scopes(c, asked); asked && len(c.Scopes) == 0 {
		faults = append(faults, client.Fault{Field: "scope", Problem: "has nothing that may be registered here"})
	}
	if c.AuthMethod == client.NoneMethod {
		c.PKCEExempt = false // RFC 9700 §2.1.1: whatever its initial access token says
	}
	if secret, err = client.FitSecrets(e.Vault, c, now); err != nil {
		return "", err
	}
	faults = append(faults, client.Check(*c, e.Policy.narrow(e.Served()))...)
	faults = append(faults, e.Policy.hosts(e.Issuer, *c)...)
	if len(faults) > 0 {
		return "", errMetadata(faults)
	}
	return secret, e.sector(ctx, *c)
}

// errMetadata says what is wrong, member by member, and echoes nothing (RFC 7591 §3.2.2).
func errMetadata(faults []client.Fault) error {
	const most = 5
	code, words := oauth.InvalidRedirectURI, []string{}
	for _, f := range faults {
		field, _, _ := strings.Cut(f.Field, "#")
		if field != "redirect_uris" {
			code = oauth.InvalidClientMetadata
		}
		if text := field + " " + f.Public(); len(words) < most && !slices.Contains(words, text) {
			words = append(words, text)
		}
	}
	return oauth.E(code, strings.Join(words, "; "))
}

// errStatement: no issuer of software statements is trusted here (RFC 7591 §2.3, §3.2.2).
func errStatement(statement any) error {
	s, ok := statement.(string)
	if !ok || strings.Count(s, ".") != 2 {
		return oauth.E(oauth.InvalidStatement, "software_statement is no signed JWT")
	}
	return oauth.E(oauth.UnapprovedStatement, "software_statement is of an issuer that is not trusted here: none is")
}

// sector checks that the document at sector_identifier_uri lists every redirect URI (OpenID Connect Registration §5). What came of the fetch is not
// told: the address is the registrant's, and may be anybody's.
func (e *Endpoint) sector(ctx context.Context, c storage.Client) error {
	if c.SectorIdentifierURI == "" {
		return nil
	}
	if len(c.RedirectURIs) == 0 { // any document at all would have every one of none, and the host's subjects would be told to a stranger
		return oauth.E(oauth.InvalidClientMetadata, "sector_identifier_uri needs redirect_uris, which show whose it is")
	}
	refused := oauth.E(oauth.InvalidClientMetadata, "sector_identifier_uri gives no JSON array that has every one of redirect_uris")
	if e.Fetch == nil {
		return refused.Because(errors.New("nothing is fetched"))
	}
	raw, err := e.Fetch(ctx, c.SectorIdentifierURI)
	if err != nil {
		return refused.Because(err)
	}
	v, err := client.StrictJSON(raw)
	if err != nil {
		return refused.Because(err)
	}
	list, ok := v.([]any)
	if !ok {
		return refused.Because(errors.New("not an array"))
	}
	for _, uri := range c.RedirectURIs {
		if !slices.Contains(list, any(uri)) {
			return refused.Because(errors.New("a redirect URI is missing"))
		}
	}
	return nil
}
